// Runs on both databases.
import { execute, parse, validate } from 'graphql'
import { afterAll, expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { admin, alice } from './callers.ts'
import { contextOf, openFilledDatabase } from './database.ts'
import { declaredFields, everyFieldDocuments } from './every-field.ts'
import { schema } from './schema.ts'

const database = await openFilledDatabase(openTestDatabase)
afterAll(() => database.close())

test('every declared field can be read', async () => {
  const documents = everyFieldDocuments(schema)

  for (const { field, source } of documents) {
    const document = parse(source)
    expect(validate(schema, document), source).toEqual([])
    for (const caller of [admin, alice]) {
      const { errors = [] } = await execute({ schema, document, contextValue: contextOf(database, caller) })
      const unexpected = errors.filter(({ extensions }) => extensions.code !== 'FORBIDDEN')
      expect(
        unexpected.map(({ message }) => message),
        `${field}, as ${caller.name}: ${source}`,
      ).toEqual([])
    }
  }
  expect(documents.map(({ field }) => field).sort()).toEqual(declaredFields(schema).sort())
})
