/** How much a user may have of what anybody can make any number of. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { type Client, startApp } from '../support/app.ts'
import { change, changeDocument, failChange } from '../support/change.ts'
import { statusOf } from '../support/look.ts'
import { query, uuidOf, withoutWriting } from '../support/rows.ts'
import { createUser } from '../support/seed.ts'
import { createPerson, signIn } from '../support/sessions.ts'
import { ed25519Line, fingerprintOf } from '../support/ssh-wire.ts'

const app = startApp()

describe('of ssh keys a user has at most fifty', () => {
  const add = (client: Client, key: string) => change(client, 'addSshKey', { key })

  test('another key is a conflict, until one is removed', async () => {
    const bob = await createUser(app, 'bob')
    const carol = await createUser(app, 'carol')
    const lines = Array.from({ length: 50 }, (_, index) => ed25519Line(`key ${index}`))
    for (const line of lines) await add(bob.client, line)
    const refusals: [Client, string?][] = [[bob.client], [app.root, 'bob']]

    for (const [client, user] of refusals) {
      const input = { key: ed25519Line(), user }
      const { message } = await withoutWriting(app, () => failChange(client, 'ConflictError', 'addSshKey', input))
      expect(message).toBe('A user has at most 50 ssh keys: remove one first.')
    }
    await add(carol.client, ed25519Line())
    const next = ed25519Line('one more')
    await change(bob.client, 'removeSshKey', { fingerprint: fingerprintOf(lines[7] ?? '') })
    await add(bob.client, next)
    await withoutWriting(app, () => failChange(bob.client, 'ConflictError', 'addSshKey', { key: ed25519Line() }))

    const { user } = await app.root.ok('{ user(username: "bob") { sshKeys(first: 100) { nodes { publicKey } } } }')
    const kept = user.sshKeys.nodes.map(({ publicKey }: { publicKey: string }) => publicKey)
    expect(kept).toEqual([...lines.toSpliced(7, 1), next])
  })

  test('the bound holds when many keys are added at once', async () => {
    const bob = await createUser(app, 'bob')
    const document = changeDocument('addSshKey')

    const answers = await Promise.all(
      Array.from({ length: 60 }, () => bob.client.ok(document, { input: { key: ed25519Line() } })),
    )

    const names = answers.map(({ addSshKey }) => addSshKey.__typename)
    expect(names.filter((name) => name === 'AddSshKeyPayload')).toHaveLength(50)
    expect(names.filter((name) => name === 'ConflictError')).toHaveLength(10)
  })
})

describe('of open sessions a user has at most a hundred', () => {
  async function signInTimes(username: string, times: number): Promise<Client[]> {
    const clients = []
    for (let made = 0; made < times; made++) clients.push((await signIn(app, username)).client)
    return clients
  }

  /** Which sessions of a user are open, the oldest first. */
  async function openOf(id: string): Promise<boolean[]> {
    const rows = await query<{ open: boolean }>(
      app,
      sql`select ended_at is null and expires_at > now() as open from sessions where user_id = ${uuidOf(id)} order by id`,
    )
    return rows.map(({ open }) => open)
  }

  const statuses = (clients: (Client | undefined)[]) => Promise.all(clients.map((client) => client && statusOf(client)))

  test('another sign-in ends the oldest session', async () => {
    const bob = await createPerson(app, 'bob')
    await createPerson(app, 'carol')
    const [hers] = await signInTimes('carol', 1)
    const clients = await signInTimes('bob', 100)
    expect(await statuses(clients)).toEqual(Array(100).fill(200))

    clients.push(...(await signInTimes('bob', 2)))

    expect(await statuses(clients)).toEqual([401, 401, ...Array(100).fill(200)])
    expect(await openOf(bob.id)).toEqual([false, false, ...Array(100).fill(true)])
    expect(await statuses([hers])).toEqual([200])
  })

  test('ended and expired sessions do not count', async () => {
    const bob = await createPerson(app, 'bob')
    const [first, second, third, ...others] = await signInTimes('bob', 100)
    await second?.ok('mutation { signOut { __typename } }')
    await query(
      app,
      sql`update sessions set created_at = created_at - interval '2 days', expires_at = expires_at - interval '2 days'
        where id = (select id from sessions order by id offset 2 limit 1)`,
    )

    const later = await signInTimes('bob', 2)

    expect(await statuses([first, second, third])).toEqual([200, 401, 401])
    expect(await statuses([...others, ...later])).toEqual(Array(99).fill(200))
    expect((await openOf(bob.id)).filter(Boolean)).toHaveLength(100)
  })

  test('the bound holds when the user signs in many times at once', async () => {
    const bob = await createPerson(app, 'bob')
    await signInTimes('bob', 95)

    await Promise.all(Array.from({ length: 20 }, () => signIn(app, 'bob')))

    expect((await openOf(bob.id)).filter(Boolean)).toHaveLength(100)
  })
})
