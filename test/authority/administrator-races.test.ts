/** Whatever any two administrators do to each other and to themselves at the same time, one remains who can't lapse. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { createRandom, type Random } from '../read/random.ts'
import { type Answer, type Client, startApp } from '../support/app.ts'
import { change, changeDocument } from '../support/change.ts'
import { isPostgres } from '../support/database.ts'
import { inDays } from '../support/look.ts'
import { query } from '../support/rows.ts'
import { createApiKey } from '../support/seed.ts'
import { OTHER_PASSWORD, PASSWORD, signIn } from '../support/sessions.ts'
import { wordOf } from '../support/word.ts'

const app = startApp()

const ROUNDS = 50
const ROUND_MS = 2000
const SEEDS = Array.from({ length: process.env.CHATELAINE_LONG ? 20 : 1 }, (_, index) => index + 1)

interface Admin {
  id: string
  username: string
  /** With the key for good, or the session of who has none. */
  client: Client
  /** With a key that ends in ten days, which is no way in for good. */
  passing: Client
  /** The key for good, or else the passing one. */
  keyId: string
}

/** Some changes one after the other, as long as they succeed. */
type Attack = (attacker: Admin, victim: Admin) => [name: string, input: object, client?: Client][]

const ADMINISTRATION = { role: 'ADMINISTRATOR', everywhere: true }
const demotion = ({ username }: Admin) => ({ user: username, roles: [ADMINISTRATION] })
const named = ({ username }: Admin, rest: object = {}) => ({ user: username, ...rest })

const ATTACKS: Record<string, Attack> = {
  demote: (_by, of) => [['revokeRoles', demotion(of)]],
  'set to nothing': (_by, of) => [['setRoles', named(of, { everywhere: true, roles: [] })]],
  disable: (_by, of) => [['disableUser', named(of)]],
  'disable for a time': (_by, of) => [['disableUser', named(of, { expiresAt: inDays(1) })]],
  'disable and enable': (_by, of) => [
    ['disableUser', named(of)],
    ['enableUser', named(of)],
  ],
  delete: (_by, of) => [['deleteUser', named(of)]],
  'demote and delete': (_by, of) => [
    ['revokeRoles', demotion(of)],
    ['deleteUser', named(of)],
  ],
  'demote, delete and restore': (_by, of) => [
    ['revokeRoles', demotion(of)],
    ['deleteUser', named(of)],
    ['restoreUser', { id: of.id }],
    ['enableUser', named(of)],
  ],
  'let administer for a time': (_by, of) => [
    ['revokeRoles', demotion(of)],
    ['grantRoles', { user: of.username, roles: [{ ...ADMINISTRATION, expiresAt: inDays(1) }] }],
  ],
  'revoke a key': (_by, of) => [['revokeApiKey', { apiKey: of.keyId }]],
  'revoke their own key for one that ends': (by) => [
    ['createApiKey', { label: 'short', expiresAt: inDays(1) }],
    ['revokeApiKey', { apiKey: by.keyId }],
  ],
  'rotate a key to one that ends': (by, of) => [['rotateApiKey', { apiKey: of.keyId }, by.passing]],
  'rotate a key, with an overlap, to one that ends': (by, of) => [
    ['rotateApiKey', { apiKey: of.keyId, overlapUntil: inDays(1) }, by.passing],
  ],
  'rotate a key': (_by, of) => [['rotateApiKey', { apiKey: of.keyId, overlapUntil: inDays(1) }]],
  'end keys by a password': (_by, of) => [
    ['setUserPassword', named(of, { password: OTHER_PASSWORD, endApiKeys: true })],
  ],
  'change their own password, ending keys': (by) => [
    ['changePassword', { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD, endApiKeys: true }],
    ['revokeApiKey', { apiKey: by.keyId }],
  ],
}
const NAMES = Object.keys(ATTACKS)

/** How an administrator can get in for good. */
const WAYS_IN = [
  ...Array(4).fill({ withApiKey: true }),
  { withApiKey: true, password: PASSWORD, mustChangePassword: false },
  { withApiKey: false, password: PASSWORD, mustChangePassword: false },
]

async function makeAdmin(username: string, random: Random, administration: object = ADMINISTRATION): Promise<Admin> {
  const input = { username, roles: [administration], ...random.pick(WAYS_IN) }
  const made = await change(app.root, 'createUser', input, 'secret user { id } apiKey { id }')
  const passing = await createApiKey(app.root, { user: username, expiresAt: inDays(10) })
  const client = made.secret ? app.as(made.secret) : (await signIn(app, username)).client
  return { id: made.user.id, username, client, passing: app.as(passing.key), keyId: made.apiKey?.id ?? passing.id }
}

/** The two administrators for good, and one for a time, whom nobody need leave. */
async function makeTeam(round: number, random: Random): Promise<[Admin, Admin, Admin]> {
  await query(
    app,
    sql`update role_grants set ended_at = clock_timestamp()
    where ended_at is null and user_id <> (select id from users where username = 'root')`,
  )
  await setRootKeyRevoked(sql`null`)
  const team: [Admin, Admin, Admin] = [
    await makeAdmin(`one-${round}`, random),
    await makeAdmin(`two-${round}`, random),
    await makeAdmin(`three-${round}`, random, { ...ADMINISTRATION, expiresAt: inDays(30) }),
  ]
  await setRootKeyRevoked(sql`clock_timestamp()`)
  return team
}

/** root administers too; without the key nobody gets in as root. */
const setRootKeyRevoked = (at: ReturnType<typeof sql>) =>
  query(app, sql`update api_keys set revoked_at = ${at} where user_id = (select id from users where username = 'root')`)

async function run(name: string, attacker: Admin, victim: Admin): Promise<string> {
  const words: string[] = []
  for (const [mutation, input, client] of ATTACKS[name]?.(attacker, victim) ?? []) {
    const answer: Answer = await (client ?? attacker.client).send(changeDocument(mutation), { input })
    words.push(wordOf(answer))
    if (words.at(-1) !== 'done') break
  }
  return words.at(-1) ?? ''
}

/** Administrators for good with a way in for good, by the tables alone. */
async function administrators(): Promise<string[]> {
  const rows = await query<{ username: string }>(
    app,
    sql`select u.username from users u
      where u.deleted_at is null
        and exists (select from role_grants g join roles r on r.id = g.role_id where g.user_id = u.id
          and r.name = 'ADMINISTRATOR' and g.organization_id is null and g.ended_at is null and g.expires_at is null)
        and not exists (select from user_suspensions s where s.user_id = u.id and s.ended_at is null)
        and (exists (select from passwords p where p.user_id = u.id)
          or exists (select from api_keys k where k.user_id = u.id and k.revoked_at is null and k.expires_at is null
            and not k.limited and not k.read_only))
      order by u.username`,
  )
  return rows.map(({ username }) => username)
}

/** What else an attack can come to: it would leave nobody, the other one was faster, or it is done by nobody, or not by them. */
const REFUSALS = [
  'LastAdministratorError',
  'FORBIDDEN',
  'NotFoundError',
  'UNAUTHENTICATED',
  'ConflictError',
  'InvalidInputError',
  'MissingAuthorityError',
]

// The embedded database has one session: its transactions queue.
describe.runIf(isPostgres())('after any two attacks at once', () => {
  test.each(SEEDS)(
    `an administrator remains who can’t lapse: ${ROUNDS} rounds, seed %i`,
    {
      timeout: ROUNDS * ROUND_MS,
    },
    async (seed) => {
      const random = createRandom(seed)
      const told: { attacks: string; words: string[]; before: string[]; after: string[] }[] = []

      for (let round = 0; round < ROUNDS; round++) {
        const team = await makeTeam(round, random)
        const before = await administrators()
        const [left = '', right = ''] = random.some(NAMES, 2, 2)
        const victims = random.chance(0.8) ? [team[0], team[1]] : [team[0], team[0]]
        // Who acts on themselves, or is neither of the two, waits for nobody.
        const attackers = victims.map((victim) => random.pick([victim, victim, team[2], ...team]))
        const jobs = [left, right].map((name, index) => run(name, attackers[index] as Admin, victims[index] as Admin))
        const words = await Promise.all(jobs)
        const sides = [left, right].map((name, at) => `${attackers[at]?.username} ${name} ${victims[at]?.username}`)
        told.push({ attacks: sides.join(', '), words, before, after: await administrators() })
      }

      expect(told.filter(({ before }) => before.length !== 2)).toEqual([])
      expect(told.filter(({ after }) => after.length === 0)).toEqual([])
      expect(told.filter(({ words }) => words.some((word) => word !== 'done' && !REFUSALS.includes(word)))).toEqual([])
      expect(new Set(told.flatMap(({ words }) => words))).toContain('LastAdministratorError')
    },
  )
})
