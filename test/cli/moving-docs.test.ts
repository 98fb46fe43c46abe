/** The pages about moving from other systems, followed: their files, their commands and what these print. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { createFolder, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'

const app = startApp()
const PAGES = globSync('docs/moving-from-*.md').sort()

interface Block {
  kind: string
  /** The name of the file that a block shows. */
  file: string
  text: string
}

function blocksOf(page: string): Block[] {
  const found = readFileSync(page, 'utf8').matchAll(/^```(\w+) ?(\S*)\n(.*?)^```$/gms)
  return [...found].map(([, kind = '', file = '', text = '']) => ({ kind, file, text }))
}

/** The words of a command line, of which some are in quotes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

test.each(PAGES)('%s can be followed', async (page) => {
  const folder = createFolder()
  const files: string[] = []
  let said = ''
  for (const { kind, file, text } of blocksOf(page)) {
    if (kind === 'json') {
      writeFileSync(join(folder, file), text)
      files.push(file)
    }
    if (kind === 'text') expect(said).toBe(text)
    // What is asked of the other system is not there.
    const commands = kind === 'sh' ? text.split('\n').filter((line) => line.startsWith('chatelaine ')) : []
    for (const command of commands) {
      const words = wordsOf(command).slice(1)
      const args = words.map((word) => (files.includes(word) ? join(folder, word) : word))
      const { code, stdout, stderr } = await runCommand(['--url', app.url, ...args], { CHATELAINE_API_KEY: ROOT_KEY })
      expect({ command, code, stderr }).toEqual({ command, code: 0, stderr: '' })
      said = stdout
    }
  }
  expect(files.length).toBeGreaterThan(0)
})

test('there is a page for each of the four systems', () => {
  expect(PAGES.map((page) => page.replace(/^docs\/moving-from-|\.md$/g, ''))).toEqual([
    'a-documentation-host',
    'atscale',
    'list-the-docs',
    'user-api',
  ])
})
