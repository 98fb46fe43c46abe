import { data } from './data.ts'

/** Who asks: flags of the plan and an id of the run. */
export interface Caller {
  name: string
  flags: string[]
  userId: string | null
}

const personId = (n: number) => data.people[n]?.id ?? null

export const admin: Caller = { name: 'admin', flags: ['admin'], userId: personId(0) }
export const root: Caller = { name: 'root', flags: ['admin', 'auditor'], userId: null }
export const alice: Caller = { name: 'alice', flags: [], userId: personId(1) }
export const bob: Caller = { name: 'bob', flags: [], userId: personId(2) }
export const carol: Caller = { name: 'carol', flags: ['auditor'], userId: personId(9) }
export const nobody: Caller = { name: 'nobody', flags: [], userId: null }

export const admins = [admin, root]
export const others = [alice, bob, carol, nobody]
