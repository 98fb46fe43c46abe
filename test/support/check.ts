/** Questions of `checkAccess`, and their answers in words. */

import { expect } from 'vitest'
import type { Client } from './app.ts'
import { MISSING, type Missing, missingAt } from './missing.ts'

export const CHECK = 'query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code } }'

type Place = { everywhere: true } | { organization: string } | { project: string }

export const EVERYWHERE = { everywhere: true } as const

/** May they use this permission there? */
export function may(permission: string, place: Place) {
  return { permission: { permission, ...place } }
}

/** Have they this level, on `gce1` or `gce1/web`? */
export function have(access: string, thing: string) {
  const [controller = '', model] = thing.split('/')
  return model === undefined ? { controller: { controller, access } } : { model: { controller, model, access } }
}

/** The codes of the answers, in order; null where the subject is hidden, missing, or a key that does not work. */
export async function check(client: Client, subject: object, questions: object[]): Promise<string[] | null> {
  const input = { ...subject, questions }
  const { checkAccess } = await client.ok(CHECK, { input })
  const answers: { isAllowed: boolean; code: string }[] | null = checkAccess
  // The codes alone are decided by a shorter statement than the codes with their reasons.
  const reasoned = await client.ok(
    'query ($input: CheckAccessInput!) { checkAccess(input: $input) { code ways { code } } }',
    { input },
  )
  expect(answers?.map(({ code }) => code)).toEqual(reasoned.checkAccess?.map(({ code }: { code: string }) => code))
  for (const { isAllowed, code } of answers ?? []) expect(isAllowed, code).toBe(code === 'ALLOWED')
  return answers === null ? null : answers.map(({ code }) => code)
}

/** An answer without its ways. */
export interface Told {
  code: string
  missing: Missing[]
  grantors: string[]
}

interface AccessAnswer {
  isAllowed: boolean
  code: string
  missing: NonNullable<Parameters<typeof missingAt>[0]['missing']>
  grantors: string[]
}

const ASK = `query ($input: CheckAccessInput!) { checkAccess(input: $input) {
  isAllowed code ${MISSING} grantors } }`

/** The answers with what is missing and who could give it; something is missing where it is not held. */
export async function ask(client: Client, subject: object, questions: object[]): Promise<Told[]> {
  const { checkAccess } = await client.ok(ASK, { input: { ...subject, questions } })
  const answers: AccessAnswer[] = checkAccess
  return answers.map(({ isAllowed, code, grantors, ...answer }) => {
    const missing = missingAt(answer)
    expect([code, isAllowed]).toEqual([code, code === 'ALLOWED'])
    // Of what is hidden from who would call it nothing else may be missing.
    if (code !== 'HIDDEN') expect([code, missing.length > 0]).toEqual([code, code === 'NOT_HELD'])
    return { code, missing, grantors }
  })
}

const EXPLAIN = `query ($input: CheckAccessInput!) { checkAccess(input: $input) { isAllowed code ways {
  code via role organization project controller model level since expiresAt } } }`

/** One way of an answer. */
export interface Way {
  code: string
  via: string
  role: string | null
  organization: string | null
  project: string | null
  controller: string | null
  model: string | null
  level: string | null
  since: string
  expiresAt: string | null
}

/** The answers with all of their ways; whoever may, may by at least one. */
export async function explain(client: Client, subject: object, questions: object[]) {
  const { checkAccess } = await client.ok(EXPLAIN, { input: { ...subject, questions } })
  const answers: { isAllowed: boolean; code: string; ways: Way[] }[] = checkAccess
  for (const { isAllowed, code, ways } of answers) {
    const codes = ways.map((way) => way.code)
    expect([code, isAllowed, codes.includes('ALLOWED')]).toEqual([code, code === 'ALLOWED', code === 'ALLOWED'])
    expect(ways.length).toBeLessThanOrEqual(100)
    // Where something lets them, what does not is not told.
    if (isAllowed) expect(new Set(codes)).toEqual(new Set(['ALLOWED']))
  }
  return answers
}

/** A way in words: `ALLOWED ROLE EDITOR in acme`, `LEVEL_TOO_LOW GRANT READ on gce1/web`. */
export function wayInWords(way: Way): string {
  const { code, via, role, organization, project, controller, model, level } = way
  const thing = model === null ? controller : `${controller}/${model}`
  const place = project ? `on ${project}` : organization ? `in ${organization}` : 'everywhere'
  return [code, via, role, level === null ? place : `${level} on ${thing}`].filter((word) => word !== null).join(' ')
}

/** The answer to one question: its code, and its ways in words, in their order. */
export async function explainOne(client: Client, subject: object, question: object): Promise<string[]> {
  const [answer] = await explain(client, subject, [question])
  return [answer?.code ?? '', ...(answer?.ways ?? []).map(wayInWords)]
}
