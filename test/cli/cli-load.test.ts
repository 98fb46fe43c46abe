/** What a command line loads before it knows what to do: help, completion and commands over HTTP wait for nothing else. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readApi } from '../../src/cli/api.ts'
import { type CommandSpec, deriveCommands } from '../../src/cli/commands.ts'
import { documentOf } from '../../src/cli/document.ts'
import { schema } from '../../src/graphql/schema.ts'

/** The files and packages that a file loads at once, with those that these load. */
function loadedBy(path: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(path)) return loaded
  loaded.add(path)
  if (!path.endsWith('.ts')) return loaded
  for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/^(?:import|export) (?!type ).*? from '([^']+)'/gms))
    loadedBy(name.startsWith('.') ? join(path, '..', name) : name, loaded)
  return loaded
}

/** What is loaded at once, and what a command loads that is sent to a server. */
const OVER_HTTP = [
  ...['main', 'report', 'output', 'secrets', 'run-command', 'login', 'completion'],
  ...['access/question', 'access/check', 'access/who-can'],
]

test('the command line loads none of the server’s code, and few packages', () => {
  const all = new Set<string>()
  for (const name of OVER_HTTP) loadedBy(`src/cli/${name}.ts`, all)
  const loaded = [...all].sort()

  expect(loaded.filter((path) => path.startsWith('src/') && !path.startsWith('src/cli/'))).toEqual(['src/version.ts'])
  expect(loaded.filter((path) => !path.startsWith('src/') && !path.startsWith('node:'))).toEqual([
    'commander',
    'graphql',
  ])
})

/** All that is known of a command, and what it sends. */
function told(spec: CommandSpec) {
  const typed = (parameter: CommandSpec['positional']) => parameter && { ...parameter, type: String(parameter.type) }
  return {
    ...spec,
    field: spec.field.name,
    positional: typed(spec.positional),
    parameters: spec.parameters.map(typed),
    documents: [documentOf(spec, {}), documentOf(spec, { dryRun: true })],
  }
}

test('every command is the same by the printed schema as by the declared one', () => {
  expect(deriveCommands(readApi()).map(told)).toEqual(deriveCommands(schema).map(told))
})
