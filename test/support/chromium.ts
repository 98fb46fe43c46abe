import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The Chromium of this machine; null where none is installed. */
export function findChromium(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return files.find((file) => existsSync(file)) ?? null
}

/** What to say where none is: the part of the tests that was left out, and why. */
export const WITHOUT_CHROMIUM =
  'Left out: GraphiQL in a browser, for no Chromium is installed here (Debian: apt-get install chromium).'
