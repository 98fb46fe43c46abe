/** The mutations of one’s own sessions: they can’t be tried without being done, so they stand beside the table of `changes.ts`. */
import type { World } from './changes.ts'
import { BOBS_PASSWORD } from './secret-changes.ts'

/** One entry per mutation without a dry run. */
export const SESSION_CHANGES: { name: string; input(world: World): Record<string, unknown> }[] = [
  { name: 'signIn', input: () => ({ username: 'bob', password: BOBS_PASSWORD }) },
  { name: 'signOut', input: () => ({}) },
  { name: 'signOutEverywhere', input: () => ({ user: 'bob' }) },
]
