/** The examples for operators name only what there is. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const FILES = ['Dockerfile', ...globSync('deploy/**/*.{yaml,service,conf}'), 'deploy/Caddyfile']
const DOCUMENTED = readFileSync('docs/configuration.md', 'utf8')
/** Variables that belong to others. */
const FOREIGN = ['NODE_ENV', 'POSTGRES_USER', 'POSTGRES_PASSWORD', 'SIGTERM', 'AF_INET6', 'AF_INET', 'AF_UNIX', 'CMD']

describe.each(FILES)('%s', (file) => {
  const text = readFileSync(file, 'utf8')

  test('sets only variables that the server reads', () => {
    const lines = text.split('\n').filter((line) => !line.trim().startsWith('#'))
    const named = lines.join('\n').match(/\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b/g) ?? []
    const unknown = named.filter((name) => !FOREIGN.includes(name) && !DOCUMENTED.includes(`\`${name}\``))

    expect([...new Set(unknown)]).toEqual([])
  })

  test('asks for the checks of health at their paths', () => {
    const paths = text.match(/\/health[\w/]*/g) ?? []

    expect(paths.filter((path) => !['/health/live', '/health/ready'].includes(path))).toEqual([])
  })
})

test('the image has every file that the program needs', () => {
  const copied = [...readFileSync('Dockerfile', 'utf8').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, names = '']) => names.split(' '),
  )

  expect(copied.filter((name) => !existsSync(name))).toEqual([])
  expect(copied.sort()).toEqual([
    'drizzle',
    'package-lock.json',
    'package.json',
    'src',
    'tsconfig.build.json',
    'tsconfig.json',
  ])
})
