/** The configurations of deploy/, with the addresses and folders of this run in place of those of the example. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What stands in an example, and what takes its place. */
export type Replacements = Record<string, string>

/** @throws where something to replace is not in the example */
export function fillExample(name: string, replacements: Replacements): string {
  const path = fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url))
  return Object.entries(replacements).reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`deploy/${name} has no "${from}".`)
      return text.replaceAll(from, to)
    },
    readFileSync(path, 'utf8'),
  )
}
