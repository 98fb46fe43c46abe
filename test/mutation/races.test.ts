import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { readRows } from '../../src/db/database.ts'
import { type Answer, type Client, startApp } from '../support/app.ts'
import { changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

// On the embedded database there is one session: its transactions queue, and a handful of rounds says so.
const ROUNDS = process.env.CHATELAINE_LONG ? 1000 : isPostgres() ? 17 : 3
const ROUND_MS = 2000

interface Admin {
  username: string
  keyId: string
  client: Client
}

type Attack = (attacker: Admin, victim: Admin) => Promise<Answer>

const demote: Attack = ({ client }, { username }) =>
  client.send(changeDocument('revokeRoles'), {
    input: { user: username, roles: [{ role: 'ADMINISTRATOR', everywhere: true }] },
  })
const disable: Attack = ({ client }, { username }) =>
  client.send(changeDocument('disableUser'), { input: { user: username } })
const suspend: Attack = ({ client }, { username }) =>
  client.send(changeDocument('disableUser'), { input: { user: username, expiresAt: '2100-01-01T00:00:00Z' } })
const revokeKey: Attack = ({ client }, { keyId }) =>
  client.send(changeDocument('revokeApiKey'), { input: { apiKey: keyId } })
const demoteSelf: Attack = (attacker) => demote(attacker, attacker)
const disableSelf: Attack = (attacker) => disable(attacker, attacker)
const revokeOwnKey: Attack = (attacker) => revokeKey(attacker, attacker)
/** A new key with an end in the old one's place: a way in that lapses. */
const limitSelf: Attack = async (attacker) => {
  const input = { label: 'short', expiresAt: '2100-01-01T00:00:00Z' }
  await attacker.client.send(changeDocument('createApiKey'), { input })
  return revokeKey(attacker, attacker)
}

/** Who takes away the other's authority may leave them unknown, without the right, or unable to see anybody. */
const LOSSES_TO_OTHERS = ['LastAdministratorError', 'FORBIDDEN', 'UNAUTHENTICATED', 'NotFoundError']
const LOSSES_TO_ONESELF = ['LastAdministratorError']

const RACES: [string, Attack, Attack, string[]][] = [
  ['demote each other', demote, demote, LOSSES_TO_OTHERS],
  ['disable each other', disable, disable, LOSSES_TO_OTHERS],
  ['suspend each other for a time', suspend, suspend, LOSSES_TO_OTHERS],
  ['revoke each other’s keys', revokeKey, revokeKey, LOSSES_TO_OTHERS],
  ['demote themselves', demoteSelf, demoteSelf, LOSSES_TO_ONESELF],
  ['disable themselves', disableSelf, disableSelf, LOSSES_TO_ONESELF],
  ['revoke their own keys', revokeOwnKey, revokeOwnKey, LOSSES_TO_ONESELF],
  ['keep only a key that ends', limitSelf, limitSelf, LOSSES_TO_ONESELF],
  ['demote and disable each other', demote, disable, LOSSES_TO_OTHERS],
  ['disable themselves and revoke their own key', disableSelf, revokeOwnKey, LOSSES_TO_ONESELF],
]

test.each(RACES)(
  'of two last administrators who %s at once, exactly one succeeds',
  {
    timeout: ROUNDS * ROUND_MS,
  },
  async (_title, left, right, losses) => {
    const words: string[] = []
    let keeper = await makeFirstAdmin()

    for (let round = 0; round < ROUNDS; round++) {
      const rival = await makeAdmin(keeper.client, `rival-${round}`)
      expect(await countAdministrators()).toBe(2)
      const pair = round % 2 === 0 ? ([keeper, rival] as const) : ([rival, keeper] as const)
      const answers = await Promise.all([left(pair[0], pair[1]), right(pair[1], pair[0])])
      words.push(answers.map(wordOf).sort().join(' '))
      expect(await countAdministrators(), words.at(-1)).toBe(1)
      keeper = await readSurvivor(pair)
    }

    const allowed = losses.map((loss) => [loss, 'done'].sort().join(' '))
    expect(words.filter((word) => !allowed.includes(word))).toEqual([])
    expect(words).toHaveLength(ROUNDS)
  },
)

test('the only administrator keeps one of two keys when both are revoked at the same time', {
  timeout: ROUNDS * ROUND_MS,
}, async () => {
  let { client, keyId } = await makeFirstAdmin()
  for (let round = 0; round < ROUNDS; round++) {
    const second = await client.ok(changeDocument('createApiKey', 'secret apiKey { id }'), {
      input: { label: 'second' },
    })
    const other = { client: app.as(second.createApiKey.secret), keyId: second.createApiKey.apiKey.id }

    const answers = await Promise.all([
      client.send(changeDocument('revokeApiKey'), { input: { apiKey: keyId } }),
      other.client.send(changeDocument('revokeApiKey'), { input: { apiKey: other.keyId } }),
    ])

    const words = answers.map(wordOf)
    expect([...words].sort()).toEqual(['LastAdministratorError', 'done'])
    expect(await countAdministrators()).toBe(1)
    if (words[0] === 'done') ({ client, keyId } = other)
  }
})

/** The only administrator with a way in: root's key is taken away, so that root counts no more. */
async function makeFirstAdmin(): Promise<Admin> {
  const admin = await makeAdmin(app.root, 'first')
  const { viewer } = await app.root.ok('{ viewer { apiKey { id } } }')
  await admin.client.ok(changeDocument('revokeApiKey'), { input: { apiKey: viewer.apiKey.id } })
  expect(await countAdministrators()).toBe(1)
  return admin
}

async function makeAdmin(client: Client, username: string): Promise<Admin> {
  const { createUser } = await client.ok(changeDocument('createUser', 'secret apiKey { id }'), {
    input: { username, isAdmin: true },
  })
  return { username, keyId: createUser.apiKey.id, client: app.as(createUser.secret) }
}

/** Administrators for good with a key for good, counted by the tables alone. */
async function countAdministrators(): Promise<number> {
  return (await administrators()).length
}

async function administrators(): Promise<string[]> {
  const rows = await readRows<{ username: string }>(
    app.database.db,
    sql`
    select u.username from users u
    where u.deleted_at is null
      and exists (select from role_grants g join roles r on r.id = g.role_id where g.user_id = u.id
        and r.name = 'ADMINISTRATOR' and g.organization_id is null and g.ended_at is null and g.expires_at is null)
      and not exists (select from user_suspensions s where s.user_id = u.id and s.ended_at is null)
      and exists (select from api_keys k where k.user_id = u.id and k.revoked_at is null and k.expires_at is null
        and not k.limited and not k.read_only)`,
  )
  return rows.map((row) => row.username)
}

async function readSurvivor(pair: readonly Admin[]): Promise<Admin> {
  const [username] = await administrators()
  const survivor = pair.find((admin) => admin.username === username)
  if (!survivor) throw new Error(`${username} is none of the two`)
  await survivor.client.ok('{ viewer { user { username } } }')
  return survivor
}
