/** Another organization's role is to a delegate what a missing one is, to the byte: the seventh of `advisories.test.ts`. */
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { CHECK, check, EVERYWHERE, may } from '../support/check.ts'
import { createDelegate, createOthers, DELEGATES, type Delegate } from '../support/delegates.ts'
import { type RawAnswer, rawAnswer } from '../support/raw.ts'
import { withoutWriting } from '../support/rows.ts'
import { createApiKey, createOrganization, createProject, createRole, createUser } from '../support/seed.ts'

const app = startApp()

/** The hidden one, one that is not there, and one that is seen. Names of one length, as an answer tells its length. */
const [HIDDEN, MISSING, SEEN] = ['globex-role', 'absent-role', 'acmeco-role']
const MISSING_ID = 'role_01a201b6-260a-78b5-870d-b8567cbdacdf'

interface World {
  delegate: Delegate
  /** Of each role. */
  ids: Record<string, string>
}

/** globex with its role; gil, who holds it, and the delegate's eve, who holds it too; an acme role beside it. */
async function createWorld(way: (typeof DELEGATES)[number][1]): Promise<World> {
  const place = { organization: 'acme' }
  const delegate = await createDelegate(app, way, place)
  await createOthers(app, place, ['eve'])
  await createOrganization(app, 'globex')
  await createProject(app, 'globex-project', 'globex')
  const seen = await createRole(app, SEEN, ['doc.read'], 'acme')
  return { delegate, ids: { [SEEN]: seen, [MISSING]: MISSING_ID } }
}

/** Makes the hidden role, and lets it be held. */
async function hideRole({ ids }: World) {
  ids[HIDDEN] = await createRole(app, HIDDEN, ['secret.launch'], 'globex')
  const roles = [
    { role: HIDDEN, organization: 'globex' },
    { role: HIDDEN, project: 'globex-project' },
  ]
  const gil = await createUser(app, 'gil', { organization: 'globex', roles })
  await createApiKey(gil.client, { limits: roles })
  await change(app.root, 'grantRoles', { user: 'eve', roles })
}

const ROLE =
  'id name title isBuiltIn organization { name } permissions { name } createdAt holders { totalCount nodes { username } }'
const roles = (role: string, place: object = { organization: 'acme' }) => [{ role, ...place }]

/** What names a role: a document with its variables. */
const QUESTIONS: [string, string, (name: string, ids: World['ids']) => object][] = [
  ['role', `query ($name: String!) { role(name: $name) { ${ROLE} } }`, (name) => ({ name })],
  [
    'node',
    `query ($id: ID!) { node(id: $id) { __typename ... on Role { ${ROLE} } } }`,
    (name, ids) => ({ id: ids[name] }),
  ],
  [
    'nodes',
    'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }',
    (name, ids) => ({ ids: [ids[name], ids[SEEN]] }),
  ],
  ...['equals', 'in', 'startsWith'].map((operator): (typeof QUESTIONS)[number] => {
    const operand = (name: string) => (operator === 'in' ? [name] : name)
    const document = `query ($filter: RoleFilter!) { roles(filter: $filter) { totalCount nodes { ${ROLE} } pageInfo { hasNextPage } }
      organization(name: "acme") { roles(filter: $filter) { totalCount } } }`
    return [`roles ${operator}`, document, (name) => ({ filter: { name: { [operator]: operand(name) } } })]
  }),
  ...(['grantRoles', 'revokeRoles'] as const).flatMap((name) =>
    [{ organization: 'acme' }, { organization: 'globex' }, { project: 'globex-project' }, { project: 'apollo' }].map(
      (place): (typeof QUESTIONS)[number] => [
        `${name} ${Object.values(place)}`,
        changeDocument(name),
        (role) => ({ input: { user: 'eve', roles: roles(role, place) } }),
      ],
    ),
  ),
  [
    'grantRoles beside a seen one',
    changeDocument('grantRoles'),
    (role) => ({ input: { user: 'eve', roles: [...roles(SEEN), ...roles(role)] } }),
  ],
  [
    'grantRoles without asking for the error',
    'mutation ($input: GrantRolesInput!) { grantRoles(input: $input) { ... on GrantRolesPayload { changed } } }',
    (role) => ({ input: { user: 'eve', roles: roles(role) } }),
  ],
  [
    'grantRoles in a dry run',
    changeDocument('grantRoles'),
    (role) => ({ input: { user: 'eve', roles: roles(role) }, dryRun: true }),
  ],
  [
    'createUser',
    changeDocument('createUser'),
    (role) => ({ input: { username: 'new', organization: 'acme', withApiKey: false, roles: roles(role) } }),
  ],
  [
    'createServiceUser',
    changeDocument('createServiceUser'),
    (role) => ({ input: { username: 'ci', email: 'ci@example.test', organization: 'acme', roles: roles(role) } }),
  ],
  ['createApiKey', changeDocument('createApiKey'), (role) => ({ input: { label: 'mine', limits: roles(role) } })],
  ['updateRole', changeDocument('updateRole'), (role) => ({ input: { role, title: 'Mine' } })],
  [
    'updateRole with a word one lacks',
    changeDocument('updateRole'),
    (role) => ({ input: { role, addPermissions: ['doc.publish'] } }),
  ],
  ['deleteRole', changeDocument('deleteRole'), (role) => ({ input: { role } })],
]

describe.each(DELEGATES.filter(([, , place]) => place.organization))('to a delegate with %s', (_title, way) => {
  let world: World
  app.world(async () => {
    world = await createWorld(way)
  })

  /** The answer about a role, with its name and id taken out. */
  async function answerAbout(name: string, [, document, variablesOf]: (typeof QUESTIONS)[number]) {
    const { headers } = world.delegate
    const answer = await rawAnswer(app, headers, document, variablesOf(name, world.ids))
    const body = answer.body.replaceAll(name, 'NAME').replaceAll(world.ids[name] ?? '', 'ID')
    return { ...answer, body }
  }

  test('a hidden role answers as a missing role in every document that names it', async () => {
    await hideRole(world)

    for (const question of QUESTIONS) {
      const [missing, hidden] = await withoutWriting(app, async () => [
        await answerAbout(MISSING, question),
        await answerAbout(HIDDEN, question),
      ])
      expect([question[0], hidden]).toEqual([question[0], missing])
    }
    for (const question of QUESTIONS.slice(0, 6)) {
      const [seen, missing] = [await answerAbout(SEEN, question), await answerAbout(MISSING, question)]
      expect([question[0], seen]).not.toEqual([question[0], missing])
    }
  })

  test('no answer without a role name changes because of a hidden role', async () => {
    const { headers } = world.delegate
    const USER = `username roles { totalCount edges { node { name } } } effectiveAccess { totalCount nodes { permission } }`
    const read = () =>
      Promise.all([
        rawAnswer(
          app,
          headers,
          `{ roles(first: 100) { totalCount nodes { ${ROLE} } } permissions(first: 100) { totalCount nodes { name } } }`,
          {},
        ),
        rawAnswer(
          app,
          headers,
          '{ roles(first: 6) { edges { cursor node { name } } pageInfo { hasNextPage endCursor } } }',
          {},
        ),
        rawAnswer(
          app,
          headers,
          `{ users(first: 100) { totalCount nodes { ${USER} } } user(username: "eve") { ${USER} } }`,
          {},
        ),
        rawAnswer(
          app,
          headers,
          '{ organization(name: "acme") { roles { totalCount nodes { name } } } organizations { totalCount nodes { roles { totalCount } } } }',
          {},
        ),
      ])
    const before: RawAnswer[] = await read()

    await hideRole(world)

    expect(await read()).toEqual(before)
    expect(before.map(({ body }) => JSON.parse(body).errors)).toEqual(Array(4).fill(undefined))
  })
})

test('checkAccess answers the same for a word of a hidden role and for a word of no role', async () => {
  const world = await createWorld('a key')
  await hideRole(world)
  const checker = { role: 'AUDITOR', organization: 'acme' }
  await change(app.root, 'grantRoles', { user: 'dan', roles: [checker] })
  const { headers, client } = world.delegate
  const ask = (permission: string, place: Parameters<typeof may>[1]) =>
    rawAnswer(app, headers, CHECK, { input: { user: 'eve', questions: [may(permission, place)] } })
  const PLACES = [{ organization: 'acme' }, { organization: 'globex' }, { project: 'globex-project' }, EVERYWHERE]

  for (const place of PLACES) expect(await ask('secret.launch', place)).toEqual(await ask('absent.launch', place))

  const code = async (word: string) =>
    (await check(client, { user: 'eve' }, [may(word, { organization: 'acme' })]))?.[0]
  expect([await code('secret.launch'), await code('doc.read')]).toEqual(['NOT_HELD', 'ALLOWED'])
})
