/** `node test/client/generate.ts`: writes what the client knows of the schema, as a frontend's build would. */
import { readFileSync, writeFileSync } from 'node:fs'
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal'
import { buildSchema, introspectionFromSchema } from 'graphql'

const FILE = new URL('introspection.d.ts', import.meta.url)

/** The types of `schema.graphql` for gql.tada. */
export function printedIntrospection(): string {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'))
  const introspection = minifyIntrospection(introspectionFromSchema(schema, { descriptions: false }) as never)
  return outputIntrospectionFile(introspection, { fileType: '.d.ts', shouldPreprocess: true })
}

if (import.meta.main) writeFileSync(FILE, printedIntrospection())
