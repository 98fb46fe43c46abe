// Runs with whole servers.
/** The receiver of docs/events.md, as it is written there. */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../support/app.ts'
import { change } from '../support/change.ts'
import { createStartedStore } from '../support/database.ts'
import { ROOT_KEY } from '../support/root-key.ts'
import { serveHere } from '../support/serving.ts'

vi.setConfig({ testTimeout: 60_000 })

// It is in this folder, so that it finds the library.
const file = new URL('./documented-receiver.tmp.mjs', import.meta.url)
afterAll(() => rmSync(file, { force: true }))

test('the receiver of the document prints what is signed for it, and refuses what is not', async () => {
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync('docs/events.md', 'utf8')) ?? []
  writeFileSync(file, code)
  const store = await createStartedStore()
  onTestFinished(store.remove)
  const server = await serveHere({ ...store.environment, WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1' })
  const root = createClient(() => server.url, { 'api-key': ROOT_KEY })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const { secret } = await change(root, 'createWebhook', { url, types: ['project.created'] }, 'secret')

  const child = spawn(process.execPath, [file.pathname], { env: { WEBHOOK_SECRET: secret, PORT: `${port}` } })
  onTestFinished(() => void child.kill())
  let said = ''
  child.stdout.on('data', (text) => (said += text))
  await vi.waitFor(async () => expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(400), {
    timeout: 10_000,
  })
  await change(root, 'createProject', { code: 'p1' })
  await vi.waitFor(() => expect(said).toContain('\n'), { timeout: 20_000 })

  expect(said).toMatch(/^event_[0-9a-f-]{36} project\.created p1 \[\{"field":"code","before":null,"after":"p1"\}/)
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
