/** All programs must give the same answers, so that they are compared at the same work. */
import { isDeepStrictEqual } from 'node:util'
import { BenchError } from './cleanup.ts'
import { SIGN_IN } from './documents.ts'
import type { Program } from './programs.ts'
import type { Asked, Caller, Load, Workload } from './workloads.ts'
import { ROLES_TO_GRANT, USERS_WITH_PASSWORD, usernameOf } from './world.ts'

/** @param samples how many requests are compared. @throws BenchError where an answer differs */
export async function compareAnswers(
  programs: [Program, Program],
  { workload, caller, load }: { workload: Workload; caller: Caller; load: Load },
  samples: number,
) {
  for (let sample = 0; sample < samples; sample++) {
    const asked = workload.next(load, caller)
    const [first, second] = programs
    const expected = await ask(first, workload, asked)
    // A change must be another one for the second program.
    const answer = await ask(second, workload, workload.isChange ? withAnotherRole(asked) : asked)
    if (!JSON.stringify(answer).includes(workload.expected) || !isDeepStrictEqual(answer, expected)) {
      throw new BenchError(
        `${workload.name} as ${caller} ${JSON.stringify(asked.variables)}: ${first.name} answers ${JSON.stringify(expected)}, ${second.name} ${JSON.stringify(answer)}`,
      )
    }
  }
}

/** The same grant of a role that no request of the load names. */
function withAnotherRole(asked: Asked): Asked {
  const text = JSON.stringify(asked.variables).replace(/GRANTED_\d+/, `GRANTED_${ROLES_TO_GRANT}`)
  return { ...asked, variables: JSON.parse(text) }
}

/** Returns the answer of a program, as JSON in the names of the server. */
export async function ask(program: Program, workload: Workload, asked: Asked): Promise<unknown> {
  const { headers, body } = program.requestOf(workload, asked)
  const response = await fetch(program.urlOf(workload), { method: 'POST', headers, body })
  const answer = await response.json()
  return response.ok && program.own ? program.own.translate(workload, answer) : answer
}

/** Signs in the users that have a password, and returns their tokens. @throws BenchError */
export async function signIn(server: Program, password: string): Promise<string[]> {
  const tokens: string[] = []
  for (let user = 1; user <= USERS_WITH_PASSWORD; user++) {
    const input = { username: usernameOf(user), password }
    const body = JSON.stringify({ query: SIGN_IN, variables: { input } })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(server.urlOf(SIGNING_IN), { method: 'POST', headers, body })
    const { data } = (await response.json()) as { data?: { signIn?: { token?: string } } }
    const token = data?.signIn?.token
    if (token === undefined) throw new BenchError(`The server does not let ${input.username} sign in.`)
    tokens.push(token)
  }
  return tokens
}

const SIGNING_IN = { name: 'W9' } as Workload
