/** What the test schema is built with: its builder, enums, and who sees what. */

import SchemaBuilder, { type InterfaceRef, type SchemaTypes } from '@pothos/core'
import { type SQL, sql } from 'drizzle-orm'
import type { Builder, TypeOption } from '../../src/read/declarations.ts'
import { createFilters } from '../../src/read/filters.ts'
import { createReads } from '../../src/read/reads.ts'
import type { Reading } from '../../src/read/run.ts'
import type { CallerFlag, CallerScope } from '../../src/read/spec.ts'
import type { Caller } from './callers.ts'
import { relations } from './tables.ts'

export interface Context {
  reading: Reading
}

export const builder = new SchemaBuilder({} as never) as unknown as PothosSchemaTypes.SchemaBuilder<SchemaTypes>
const plain = builder as unknown as Builder
builder.queryType({})

export const DateTime = builder.scalarType(
  'DateTime' as never,
  {
    serialize: (value: unknown) => value,
    parseValue: (value: unknown) => new Date(String(value)),
  } as never,
) as unknown as TypeOption

export const Kind = enumOf('Kind', ['HUMAN', 'SERVICE'])
export const Role = enumOf('Role', ['OWNER', 'WRITER', 'READER'])
export const State = enumOf('State', ['OPEN', 'DONE', 'LOST'])
export const Style = enumOf('Style', ['SHORT', 'LONG'])

/** An enum whose values are kept in lower case. */
function enumOf(name: string, values: string[]): TypeOption {
  return builder.enumType(name, {
    values: Object.fromEntries(values.map((value) => [value, { value: value.toLowerCase() }])),
  }) as unknown as TypeOption
}

export const node = builder.interfaceRef<{ $type: string }>('Node').implement({
  resolveType: ((value: { $type: string }) => value.$type) as never,
  fields: (t) => ({ id: t.id({ nullable: false } as never) }),
}) as unknown as InterfaceRef<SchemaTypes, unknown>

export const reads = createReads(plain, relations, {
  readingOf: (ctx: Context) => ctx.reading,
  dateTime: DateTime,
  node,
})
export const filters = createFilters(plain, DateTime)

export function hasFlag(name: string): CallerFlag {
  return { name, of: (caller: Caller) => caller.flags.includes(name) }
}

export function isAdmin(c: CallerScope): boolean {
  return c.flag(hasFlag('admin'))
}

export function isMe(c: CallerScope, id: unknown): SQL {
  return sql`${id} = ${c.param({ name: 'userId', sqlType: 'uuid', of: (caller: Caller) => caller.userId })}`
}

/** A private team is for its members. */
export function teamVisible(c: CallerScope, id: unknown, isPrivate: unknown): SQL | undefined {
  if (isAdmin(c)) return undefined
  const isMember = sql`v.team_id = ${id} and not v.is_revoked and ${isMe(c, sql`v.person_id`)}`
  return sql`(not ${isPrivate} or exists (select from members v where ${isMember}))`
}

/** What only those who see its team may see. */
export function throughTeam(c: CallerScope, teamId: unknown): SQL | undefined {
  const visible = teamVisible(c, sql`w.id`, sql`w.is_private`)
  return visible && sql`exists (select from teams w where w.id = ${teamId} and ${visible})`
}
