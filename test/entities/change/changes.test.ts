/** Which changes programs can follow, in which order, and who sees them. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { placeChanges } from '../../../src/entities/change/operations.ts'
import { CHANGE_TYPES } from '../../../src/entities/change/types.ts'
import { schema } from '../../../src/graphql/schema.ts'
import { type Client, startApp } from '../../support/app.ts'
import { change, changeDocument, failChange } from '../../support/change.ts'
import { query } from '../../support/rows.ts'
import { createOrganization, createProject, createUser } from '../../support/seed.ts'

const app = startApp()

const CHANGES = `query ($after: String, $first: Int, $types: [String!]) { changes(after: $after, first: $first, types: $types) {
  totalCount pageInfo { endCursor hasNextPage } edges { cursor type node { action targetName } } } }`

interface Page {
  endCursor: string | null
  /** What happened, like `project.created p1`. */
  told: string[]
}

async function read(client: Client, variables: object = {}): Promise<Page> {
  await placeChanges(app.database)
  const { changes } = await client.ok(CHANGES, variables)
  const told = changes.edges.map(
    ({ type, node }: { type: string; node: { targetName: string | null } }) => `${type} ${node.targetName ?? '-'}`,
  )
  return { endCursor: changes.pageInfo.endCursor, told }
}

/** The cursor after everything that was done up to now. */
async function now(): Promise<string> {
  await placeChanges(app.database)
  const { changes } = await app.root.ok('{ changes(last: 1) { pageInfo { endCursor } } }')
  return changes.pageInfo.endCursor
}

describe('the list of changes', () => {
  test('contains what was committed, in its order, and neither refusals nor dry runs', async () => {
    const after = await now()

    await createOrganization(app, 'acme')
    await createProject(app, 'p1', 'acme')
    await failChange(app.root, 'ConflictError', 'createProject', { code: 'p1', organization: 'acme' })
    await app.root.ok(changeDocument('createProject'), { input: { code: 'p2' }, dryRun: true })
    await change(app.root, 'updateProject', { project: 'p1', code: 'p3' })
    await change(app.root, 'deleteProject', { project: 'p3' })

    expect((await read(app.root, { after })).told).toEqual([
      'organization.created acme',
      'project.created p1',
      'project.updated p1',
      'project.deleted p3',
    ])
  })

  test('goes on after each cursor with the next change, once', async () => {
    const after = await now()
    for (const code of ['p1', 'p2', 'p3']) await createProject(app, code)

    const first = await read(app.root, { after, first: 2 })
    await createProject(app, 'p4')
    const second = await read(app.root, { after: first.endCursor, first: 2 })
    const third = await read(app.root, { after: second.endCursor, first: 2 })

    expect([first.told, second.told, third.told]).toEqual([
      ['project.created p1', 'project.created p2'],
      ['project.created p3', 'project.created p4'],
      [],
    ])
  })

  test('is limited to the types that are asked for', async () => {
    const after = await now()
    await createProject(app, 'p1')
    await createOrganization(app, 'acme')
    await change(app.root, 'deleteProject', { project: 'p1' })

    const { told } = await read(app.root, { after, types: ['project.deleted', 'organization.created'] })

    expect(told).toEqual(['organization.created acme', 'project.deleted p1'])
  })

  test('refuses types that do not exist, none at all, and a cursor of another list', async () => {
    const { auditEvents } = await app.root.ok('{ auditEvents(first: 1) { pageInfo { endCursor } } }')

    const errors = await Promise.all(
      [
        { types: ['project.creatd'] },
        { types: [] },
        { types: Array.from({ length: 101 }, () => 'user.created') },
        { after: auditEvents.pageInfo.endCursor },
        { after: Buffer.from('["POSITION asc","12345678901234567890"]').toString('base64url') },
      ].map((variables) => app.root.refused('BAD_USER_INPUT', CHANGES, variables)),
    )

    expect(errors.map(({ message }) => message)).toEqual([
      '"types" holds a text that is no type of a change: see the description of `ChangeEdge.type`.',
      '"types" must be 1 to 100 types, not 0; leave it out for all.',
      '"types" must be 1 to 100 types, not 101; leave it out for all.',
      '"after" is a cursor of another ordering of this list.',
      '"after" is not a cursor of this list: use one that the list itself gave.',
    ])
  })

  test('shows an auditor of an organization its changes alone, in pages and counts', async () => {
    await createOrganization(app, 'acme')
    await createOrganization(app, 'globex')
    const { client } = await createUser(app, 'aud', { roles: [{ role: 'AUDITOR', organization: 'acme' }] })
    await createProject(app, 'theirs', 'globex')
    await createProject(app, 'ours', 'acme')

    const { told } = await read(client)
    const { changes } = await client.ok('{ changes { totalCount } }')

    expect(told).toEqual(['organization.created acme', 'project.created ours'])
    expect(changes.totalCount).toBe(2)
  })

  test('is refused to a user who audits nothing', async () => {
    const { client } = await createUser(app, 'bob')

    const error = await client.refused('FORBIDDEN', '{ changes { nodes { id } } }')

    expect(error.extensions.missing?.[0]?.allOf[0]?.text).toBe('audit.read somewhere')
  })
})

describe('a position', () => {
  const positions = () =>
    query<{ position: string; action: string }>(
      app,
      sql`select c.position::text as position, e.action from changes as c join audit_events as e on e.id = c.audit_event_id order by c.position`,
    )

  test('is given to what was written without the API too', async () => {
    await placeChanges(app.database)
    await query(
      app,
      sql`insert into audit_events (id, action, actor_kind) values (gen_random_uuid(), 'withdrawSigningKey', 'OPERATOR')`,
    )

    await placeChanges(app.database)

    expect((await positions()).at(-1)?.action).toBe('withdrawSigningKey')
  })

  test('is not given again where the audit no longer keeps its change', async () => {
    await createProject(app, 'p1')
    await placeChanges(app.database)
    const before = (await positions()).at(-1)?.position
    await query(app, sql`delete from audit_events`)

    await createProject(app, 'p2')
    await placeChanges(app.database)

    expect((await positions()).map(({ position }) => BigInt(position) - BigInt(before ?? 0))).toEqual([1n])
  })

  test('is given once, in the order of the changes of a thing, whoever gives it', async () => {
    await createProject(app, 'p0')
    const renamed = Array.from({ length: 8 }, async (_, from) => {
      for (const step of [1, 2, 3]) await change(app.root, 'updateProject', { project: 'p0', title: `${from} ${step}` })
    })
    let isDone = false
    const placing = [1, 2].map(async () => {
      while (!isDone) await placeChanges(app.database)
    })
    await Promise.all(renamed)
    isDone = true
    await Promise.all(placing)
    await placeChanges(app.database)

    const rows = await query<{ position: string; before: object; after: object }>(
      app,
      sql`select c.position::text as position, e.before -> 'title' as before, e.after -> 'title' as after
        from changes as c join audit_events as e on e.id = c.audit_event_id where c.type = 'project.updated' order by c.position`,
    )

    expect(rows).toHaveLength(24)
    // Each change begins with what the one before it left.
    expect(rows.slice(1).map(({ before }) => before)).toEqual(rows.slice(0, -1).map(({ after }) => after))
    expect(await query(app, sql`select * from outbox`)).toEqual([])
  })
})

test('every mutation has the type of its changes', () => {
  const mutations = Object.keys(schema.getMutationType()?.getFields() ?? {})

  expect(mutations.filter((name) => !(name in CHANGE_TYPES))).toEqual([])
  expect(Object.values(CHANGE_TYPES).filter((type) => !/^[a-z_]+\.[a-z_]+$/.test(type))).toEqual([])
})
