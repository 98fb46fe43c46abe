/** The examples in the help of the commands: they run as they are written. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EXAMPLES } from '../../src/cli/examples.ts'
import { startApp } from '../support/app.ts'
import { change } from '../support/change.ts'
import { addCredential } from '../support/credentials.ts'
import { createFolder, runCommand } from '../support/program.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { createApiKey, createOrganization, createProject, createRole, grantRoles } from '../support/seed.ts'
import { createPerson, OTHER_PASSWORD, PASSWORD, signIn } from '../support/sessions.ts'

const app = startApp()

/** They start a server, or need its database: other tests run them. */
const OF_THE_SERVER = [
  ...['serve', 'migrate', 'backup', 'restore', 'move', 'rotate-signing-key', 'rotate-encryption-key'],
]
const OF_BOB = ['update-viewer', 'sign-out', 'change-password']
const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl bob'

const world = app.world(async () => {
  for (const code of ['apollo', 'zeus']) await createProject(app, code)
  await createOrganization(app, 'empty')
  await createRole(app, 'EDITOR', ['doc.edit'])
  const { id: bobId } = await createPerson(app, 'bob')
  const dave = await createPerson(app, 'dave')
  await change(app.root, 'deleteUser', { user: 'dave' })
  await grantRoles(app, 'bob', [{ role: 'VERSION_MANAGER', project: 'apollo' }])
  const key = await createApiKey(app.root, { user: 'bob' })
  const bob = await signIn(app, 'bob')
  const { viewer } = await bob.client.ok('{ viewer { session { id } } }')
  for (const name of ['gce1', 'idle']) await change(app.root, 'createController', { name, type: 'gce' })
  await change(app.root, 'createModel', { controller: 'gce1', name: 'default' })
  await change(app.root, 'grantControllerAccess', { user: 'bob', controller: 'gce1', access: 'LOGIN' })
  await addCredential(app.root, 'aws', 'kept-and-hidden')
  await addCredential(bob.client, 'aws', 'kept-and-hidden')
  const { webhook } = await change(app.root, 'createWebhook', { url: 'https://example.com/' }, 'webhook { id }')
  const ids = { daveId: dave.id, sessionId: viewer.session.id, webhookId: webhook.id }
  return { bobId, bob, key, ...ids }
})

/** The words of a command line, as a shell gives them to the program. */
function wordsOf(line: string): string[] {
  const { key, daveId, sessionId, webhookId } = world()
  const replaced = line
    .replaceAll(/key_[\w-]+/g, key.id)
    .replaceAll(/session_[\w-]+/g, sessionId)
    .replaceAll(/user_[\w-]+/g, daveId)
    .replaceAll(/webhook_[\w-]+/g, webhookId)
    .replace('https://chatelaine.example.com', app.url)
    .replace('$(cat id_ed25519.pub)', PUBLIC_KEY)
    .replace('users.csv', () => createFile('users.csv', 'username,email\nzoe,zoe@example.test\n'))
    .replace('audit.jsonl', () => join(createFolder(), 'audit.jsonl'))
  return [...replaced.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

function createFile(name: string, text: string): string {
  const file = join(createFolder(), name)
  writeFileSync(file, text)
  return file
}

const ours = Object.entries(EXAMPLES).filter(([name]) => !OF_THE_SERVER.includes(name))

test.each(ours)('the example of %s runs: %s', async (name, line) => {
  if (name === 'remove-ssh-key') await change(app.root, 'addSshKey', { user: 'bob', key: PUBLIC_KEY })
  const { bob, key } = world()
  const environment = {
    XDG_CONFIG_HOME: createFolder(),
    CHATELAINE_URL: app.url,
    CHATELAINE_API_KEY: OF_BOB.includes(name) ? bob.token : ROOT_KEY,
    CHATELAINE_PASSWORD: ['sign-in', 'login', 'use', 'logout'].includes(name) ? PASSWORD : OTHER_PASSWORD,
    CHATELAINE_CURRENT_PASSWORD: PASSWORD,
    CHATELAINE_NEW_PASSWORD: OTHER_PASSWORD,
    CHATELAINE_SECRET_KEY: 'spelled-out-nowhere',
    CHATELAINE_SECRET: key.key,
    CHATELAINE_TOKEN: bob.token,
  }

  if (['use', 'logout'].includes(name)) await runCommand(wordsOf(EXAMPLES.login ?? ''), environment)

  const { code, stderr } = await runCommand(wordsOf(line), environment)

  expect(code, stderr).toBe(0)
})

test.each(OF_THE_SERVER)('the example of %s has only options that the command knows', async (name) => {
  const line = EXAMPLES[name] ?? ''

  const { stdout } = await runCommand([name, '--help'])

  expect(line.split(' ')[0]).toBe(name)
  for (const [flag] of line.matchAll(/--[\w-]+/g)) expect(stdout).toContain(`${flag} `)
})
