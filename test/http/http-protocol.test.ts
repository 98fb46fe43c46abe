import { type AuditResult, serverAudits } from 'graphql-http'
import { expect, test } from 'vitest'
import { startApp } from '../support/app.ts'
import { ROOT_KEY } from '../support/root-key.ts'

const app = startApp()

/** The audits of npm's graphql-http, asked with root's key. */
async function runAudits(): Promise<AuditResult[]> {
  const fetchFn = (url: string, init?: RequestInit) =>
    fetch(url, { ...init, headers: { ...(init?.headers as Record<string, string>), 'api-key': ROOT_KEY } })
  const results: AuditResult[] = []
  for (const audit of serverAudits({ url: app.url, fetchFn })) results.push(await audit.fn())
  return results
}

test('every audit of GraphQL over HTTP is passed, the MUST, the SHOULD and the MAY', async () => {
  const results = await runAudits()

  const failures = results.filter(({ status }) => status !== 'ok').map(({ id, name }) => `${id} ${name}`)
  expect(failures).toEqual([])
  const levels = Object.groupBy(results, ({ name }) => name.split(' ')[0] ?? '')
  expect([levels.MUST?.length, levels.SHOULD?.length, levels.MAY?.length]).toEqual([13, 23, 25])
})
