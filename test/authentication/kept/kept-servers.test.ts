/** What is taken away through one server is gone for the next request to another one, which has kept the caller. */
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../../src/http/server.ts'
import { type Client, createClient, startApp } from '../../support/app.ts'
import { change, changeDocument } from '../../support/change.ts'
import { createApiKey, createUser, grantRoles } from '../../support/seed.ts'
import { VIEWER } from '../../support/sessions.ts'
import { openServer } from './keeper.ts'

const app = startApp()

const TRIALS = process.env.CHATELAINE_LONG ? 1000 : 40

/** The users that the caller reads, and what they hold. */
const REACH = '{ users { totalCount } viewer { permissions { name } } }'

/** A second server on the same database; clients of it by their keys. */
async function openSecond(): Promise<(key: string) => Client> {
  const services = await openServer(app)
  const listening = await listen(services)
  onTestFinished(() => listening.close())
  return (key) => createClient(() => listening.url, { 'api-key': key })
}

test('a key', async () => {
  const there = await openSecond()
  await createUser(app, 'alice')
  for (let trial = 0; trial < TRIALS; trial++) {
    const { id, key } = await createApiKey(app.root, { user: 'alice', label: `key ${trial}` })
    expect(await there(key).ok(VIEWER)).toEqual({ viewer: { user: { username: 'alice' } } })

    await change(app.root, 'revokeApiKey', { apiKey: id })

    await there(key).refused('UNAUTHENTICATED', VIEWER)
  }
})

test('a role, for queries and changes', async () => {
  const there = await openSecond()
  const alice = await createUser(app, 'alice')
  await createUser(app, 'bob')
  const roles = [{ role: 'ADMINISTRATOR', everywhere: true }]
  const atOnce = there(alice.key)
  for (let trial = 0; trial < TRIALS; trial++) {
    await grantRoles(app, 'alice', roles)
    const given = await atOnce.ok(REACH)
    await change(atOnce, 'updateUser', { user: 'bob', displayName: `Bob ${trial}` })

    await change(app.root, 'revokeRoles', { user: 'alice', roles })

    const taken = await atOnce.ok(REACH)
    expect([given.users.totalCount, given.viewer.permissions.length > 0]).toEqual([3, true])
    expect(taken).toEqual({ users: { totalCount: 1 }, viewer: { permissions: [] } })
    await atOnce.refused('FORBIDDEN', changeDocument('updateUser'), { input: { user: 'bob', displayName: 'Robert' } })
  }
})
