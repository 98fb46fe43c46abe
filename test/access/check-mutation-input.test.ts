/** How `checkAccess` is asked about mutations; whatever is asked, nobody is told of it, by mail or in the audit. */
import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { CHANGES, makeWorld } from '../support/changes.ts'
import { ask, CHECK, check, EVERYWHERE, may } from '../support/check.ts'
import { openMailbox } from '../support/mailbox.ts'
import { countMails, emptyQueue, waitUntilSent } from '../support/notifications.ts'
import { query } from '../support/rows.ts'
import { createProject, createUser } from '../support/seed.ts'
import { CALLS } from './check/variants.ts'

const mailbox = await openMailbox()
const app = startApp(mailbox.settings)

const mutation = (name: string, input: unknown) => ({ mutation: { [name]: input } })

/** The message with which a question is refused; one that is fine comes before it. */
async function refused(question: unknown, rest: object = {}): Promise<string> {
  const questions = [may('doc.read', EVERYWHERE), question]
  const { message } = await app.root.refused('BAD_USER_INPUT', CHECK, { input: { questions, ...rest } })
  return message
}

describe('a question about a mutation', () => {
  test.each([
    ['none', {}],
    ['two', { deleteUser: { user: 'bob' }, deleteProject: { project: 'apollo' } }],
    ['null', { deleteUser: null }],
    ['one without a dry run', { signOutEverywhere: { user: 'bob' } }],
    ['one that is not there', { makeTea: {} }],
  ])('names exactly one: not %s', async (_what, calls) => {
    expect(await refused({ mutation: calls })).toContain('input.questions[1].mutation')
  })

  test('takes what the mutation takes', async () => {
    expect(await refused(mutation('deleteProject', { project: 7 }))).toContain(
      'input.questions[1].mutation.deleteProject.project',
    )
    expect(await refused(mutation('deleteProject', { project: 'apollo', dryRun: true }))).toContain('dryRun')
    expect(await refused(mutation('createUser', {}))).toContain('username')
  })

  test.each<[string, string, object]>([
    ['a null byte', 'deleteProject', { project: 'a\u0000b' }],
    ['half a character', 'deleteProject', { project: '\ud800' }],
    ['an id of another kind', 'restoreUser', { id: 'key_01a201b6-260a-78b5-870d-b8567cbdacdf' }],
    ['no id', 'revokeApiKey', { apiKey: 'nonsense' }],
    [
      'a role where it can’t be held',
      'grantRoles',
      { user: 'root', roles: [{ role: 'ADMINISTRATOR', organization: 'default' }] },
    ],
  ])('is refused with %s, naming it', async (_what, name, input) => {
    expect(await refused(mutation(name, input))).toContain(`input.questions.1.mutation.${name}`)
  })

  test('is about now alone', async () => {
    const question = mutation('deleteProject', { project: 'apollo' })

    expect(await refused(question, { at: '2020-01-01T00:00:00Z' })).toBe('"input.at" does not go with mutations.')
    expect(await check(app.root, { at: null }, [question])).toEqual(['NOT_FOUND'])
  })

  test('may give what it is not decided on: a bad name, a taken one, a short password', async () => {
    await createProject(app, 'apollo')
    await createUser(app, 'bob')
    const questions = [
      mutation('createUser', { username: 'root', password: 'x', confirmPassword: 'y' }),
      mutation('updateProject', { project: 'apollo', code: 'no name at all' }),
      mutation('createProject', { code: 'APOLLO' }),
      mutation('disableUser', { user: 'bob', expiresAt: '1970-01-01T00:00:00Z' }),
    ]

    expect(await check(app.root, {}, questions)).toEqual(['ALLOWED', 'ALLOWED', 'ALLOWED', 'ALLOWED'])
    expect(await check(app.root, { user: 'bob' }, questions)).toEqual(['NOT_HELD', 'HIDDEN', 'NOT_HELD', 'NOT_HELD'])
  })

  test('stands among others, and is answered in their order', async () => {
    await createProject(app, 'apollo')
    const update = mutation('updateProject', { project: 'apollo', title: 'Apollo' })
    const missing = mutation('updateProject', { project: 'missing' })
    const bob = { project: 'apollo', roles: [{ role: 'PROJECT_MANAGER', project: 'apollo' }] }
    await createUser(app, 'bob', { roles: bob.roles })
    const questions = [
      missing,
      may('project.update', { project: 'apollo' }),
      update,
      may('audit.read', EVERYWHERE),
      mutation('deleteUser', { user: 'bob' }),
      update,
    ]

    expect(await check(app.root, { user: 'bob' }, questions)).toEqual([
      ...['NOT_FOUND', 'ALLOWED', 'ALLOWED', 'NOT_HELD', 'NOT_HELD', 'ALLOWED'],
    ])
  })
})

test('a question leaves no trace: no mail is sent, and the audit stays empty', async () => {
  const world = await makeWorld(app)
  await waitUntilSent(app)
  await emptyQueue(app)
  const counts = async () => ({
    ...(await countMails(app)),
    audit: await query(app, sql`select count(*)::int as count from audit_events`),
  })
  const before = await counts()
  const questions = CALLS.map(({ name, input }) => mutation(name, input(world)))

  const answers = await ask(app.root, {}, questions)
  await ask(app.root, { user: 'bob' }, questions)
  await ask(world.bob.client, {}, questions)

  expect(await counts()).toEqual(before)
  const samples = answers.slice(0, CHANGES.length).map(({ code }) => code)
  expect(samples).toEqual(Array(CHANGES.length).fill('ALLOWED'))
  // What is really made is told of.
  await change(app.root, 'disableUser', { user: 'bob' })
  expect(await counts()).toEqual({
    rows: before.rows + 1,
    jobs: before.jobs + 1,
    audit: [{ count: Number(before.audit[0]?.count) + 1 }],
  })
}, 120_000)
