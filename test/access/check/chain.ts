/** The whole chain of each way of an answer: who granted it, through which model, which limits of a key let it. */
import type { Client } from '../../support/app.ts'
import { type Way, wayInWords } from '../../support/check.ts'

const CHAIN = `query ($input: CheckAccessInput!) { checkAccess(input: $input) { code ways {
  code via role organization project controller model level since expiresAt
  grantedBy throughModel keyLimits { role organization project } } } }`

export interface Link extends Way {
  grantedBy: string | null
  throughModel: string | null
  keyLimits: { role: string | null; organization: string | null; project: string | null }[]
}

/** The ways of the answer to one question. */
export async function chainOf(client: Client, subject: object, question: object): Promise<Link[]> {
  const { checkAccess } = await client.ok(CHAIN, { input: { ...subject, questions: [question] } })
  return checkAccess[0].ways
}

/** Each way in words with who granted it, like `ALLOWED ROLE EDITOR in acme by ed`. */
export async function grantersOf(client: Client, subject: object, question: object): Promise<string[]> {
  const ways = await chainOf(client, subject, question)
  return ways.map((way) => `${wayInWords(way)} by ${way.grantedBy ?? 'nobody'}`).sort()
}

/** Each way in words with the limits of the key that let it, like `ALLOWED ROLE EDITOR in acme: EDITOR on apollo`. */
export async function limitsOf(client: Client, subject: object, question: object): Promise<string[]> {
  const ways = await chainOf(client, subject, question)
  return ways.map((way) => `${wayInWords(way)}: ${way.keyLimits.map(limitInWords).sort().join(', ')}`).sort()
}

function limitInWords({ role, organization, project }: Link['keyLimits'][number]): string {
  const place = project ? `on ${project}` : organization ? `in ${organization}` : 'everywhere'
  return `${role ?? 'a role'} ${place}`
}
