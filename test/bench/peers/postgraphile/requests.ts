/** The variables of the workloads in the form of PostGraphile's documents. */
import { wordsAllowing } from '../../../../src/authority/permissions.ts'
import { ROOT_USERNAME } from '../../world.ts'
import { readCursor } from '../cursor.ts'

/** The variables as the server gets them; each workload has its own. */
interface Variables {
  username: string
  after: string | null
  input: {
    user: string
    roles: [{ role: string; project: string }]
    questions: [{ permission: { permission: string; project: string } }]
  }
}

/** @param digest that of the list of users in the order of their names */
export function variablesOf(name: string, variables: object, digest: string): object {
  const { username, after, input } = variables as Variables
  if (name === 'W1') return { username: ROOT_USERNAME }
  if (name === 'W2') return { username: username.toLowerCase() }
  if (name === 'W3') return { after: after === null ? null : writeOwnCursor([digest, ...readCursor(after)]) }
  const named = { username: input.user.toLowerCase() }
  if (name === 'W4') {
    const [{ role, project }] = input.roles
    return { input: { ...named, role: role.toLowerCase(), project: project.toLowerCase() } }
  }
  const [{ permission }] = input.questions
  return { ...named, permissions: wordsAllowing(permission.permission), project: permission.project.toLowerCase() }
}

/** PostGraphile's own cursors: a digest of the order of the list, and the same key. */
type OwnCursor = [digest: string, ...key: string[]]

function writeOwnCursor(parts: OwnCursor): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64')
}

export function readOwnCursor(cursor: string): OwnCursor {
  return JSON.parse(Buffer.from(cursor, 'base64').toString())
}
