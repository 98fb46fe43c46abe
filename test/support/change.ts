/** Mutations as tests send them: one document per mutation that selects everything of every error. */

import { expect } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'
import type { Answer, Client } from './app.ts'
import { MISSING } from './missing.ts'

const ERROR = `... on MutationError { code message
  ... on InvalidInputError { issues { path message } } ... on NotFoundError { path } ... on MissingAuthorityError { ${MISSING} } }`

/** The document of a mutation, with the arguments it takes: `input`, and `dryRun` where it has one. */
export function changeDocument(name: string, payload = '__typename'): string {
  const taken = argumentsOf(name)
  const declared = taken.map((arg) => `$${arg}: ${arg === 'input' ? `${typeOf(name)}Input!` : 'Boolean! = false'}`)
  const head = taken.length > 0 ? `mutation (${declared.join(', ')})` : 'mutation'
  const given = taken.length > 0 ? `(${taken.map((arg) => `${arg}: $${arg}`).join(', ')})` : ''
  return `${head} { ${name}${given} { __typename ... on ${typeOf(name)}Payload { ${payload} } ${ERROR} } }`
}

/** Which of `input` and `dryRun` a mutation takes. */
export function argumentsOf(name: string): string[] {
  const field = schema.getMutationType()?.getFields()[name]
  if (!field) throw new Error(`There is no mutation ${name}.`)
  return field.args.map((arg) => arg.name).sort((a, b) => b.localeCompare(a))
}

/** Sends a mutation that must succeed; gives its payload. */
export async function change(client: Client, name: string, input: object, payload?: string): Promise<Answer['data']> {
  return client.failed(`${typeOf(name)}Payload`, changeDocument(name, payload), { input })
}

/** Sends a mutation that must answer with this error; gives that. */
export async function failChange(
  client: Client,
  typeName: string,
  name: string,
  input: object,
): Promise<Answer['data']> {
  return client.failed(typeName, changeDocument(name), { input })
}

/** Sends a mutation that must answer with InvalidInputError for exactly these paths. */
export async function failInput(client: Client, paths: string[], name: string, input: object) {
  const { issues } = await failChange(client, 'InvalidInputError', name, input)
  expect(issues.map((issue: { path: string[] }) => issue.path.join('.'))).toEqual(paths)
}

function typeOf(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
