/** Who holds what in a crowd, said plainly over all the rows, which are read once. */
import { accessAt, timeOf } from '../check/access.ts'
import type { Facts } from '../check/facts.ts'
import { CONTROLLER, MODEL } from '../check/oracle.ts'

type Owned = 'suspensions' | 'roleGrants' | 'controllerGrants' | 'modelGrants'
const OWNED: Owned[] = ['suspensions', 'roleGrants', 'controllerGrants', 'modelGrants']

/** For each user the facts without those of the others, by username. */
export function splitByUser(facts: Facts): Map<string, Facts> {
  const owned = OWNED.map((name) => [name, Map.groupBy<string, { user: string }>(facts[name], ({ user }) => user)])
  return new Map(
    facts.users.map((user) => {
      const own = Object.fromEntries(
        (owned as [Owned, Map<string, []>][]).map(([name, by]) => [name, by.get(user.id) ?? []]),
      )
      return [user.username, { ...facts, ...own, users: [user] }]
    }),
  )
}

/** Each holder of a controller or model at a time as `levelInWords` tells it, sorted. */
export function expectedHolders(byUser: Map<string, Facts>, at: number): (thing: string) => string[] {
  const holders = new Map<string, string[]>()
  for (const [username, facts] of byUser) {
    for (const { controller, model, level, via, since, expiresAt } of accessAt(facts, username, at).levels) {
      const thing = model ?? controller
      const lines = holders.get(thing) ?? []
      holders.set(thing, lines)
      lines.push(`${username} ${(model ? MODEL : CONTROLLER)[level]} ${via} ${timeOf(since)} ${timeOf(expiresAt)}`)
    }
  }
  return (thing) => (holders.get(thing) ?? []).sort()
}

interface Holding {
  user: string
  what: string
  organization: string | null
  project: string | null
  via: string
  since: number
  expiresAt: number
}

/** Each who holds a role at a time as `roleInWords` tells it, sorted. */
export function expectedRoleHolders(facts: Facts, role: string, at: number): string[] {
  const holdings = facts.roleGrants
    .filter((grant) => grant.role === role)
    .map((grant): Holding => ({ ...grant, what: '-', via: 'GRANT', expiresAt: Math.min(grant.expires, grant.ended) }))
  return inWords(facts, holdings, at)
}

/** Each who holds something on a project at a time: by a role on it, around it, or as a member. */
export function expectedProjectHolders(facts: Facts, id: string, at: number): string[] {
  const project = facts.projects.find((one) => one.id === id)
  if (!project || at < project.created) return []
  const roleNames = new Map(facts.roles.map((role) => [role.id, role.name]))
  const isAround = (grant: Facts['roleGrants'][number]) =>
    grant.project === null && (grant.organization === null || grant.organization === project.organization)
  const byRole = facts.roleGrants
    .filter((grant) => grant.project === id || isAround(grant))
    .map(
      (grant): Holding => ({
        ...grant,
        what: roleNames.get(grant.role) ?? '',
        via: 'ROLE',
        since: Math.max(grant.since, project.created),
        expiresAt: Math.min(grant.expires, grant.ended),
      }),
    )
  const members = facts.users.filter(({ organization }) => organization === project.organization)
  const byHome = facts.baseWords
    .filter(({ organization }) => organization === project.organization)
    .flatMap((word) =>
      members.map(
        (member): Holding => ({
          user: member.id,
          what: word.word,
          organization: project.organization,
          project: null,
          via: 'MEMBERSHIP',
          since: Math.max(word.since, member.created, project.created),
          expiresAt: Math.min(word.expires, word.ended),
        }),
      ),
    )
  return inWords(facts, [...byRole, ...byHome], at)
}

/** What is held then by who is not suspended then. */
function inWords(facts: Facts, holdings: Holding[], at: number): string[] {
  const nameOf = new Map<string | null, string>([
    ...facts.users.map(({ id, username }) => [id, username] as const),
    ...facts.organizations.map(({ id, name }) => [id, name] as const),
    ...facts.projects.map(({ id, code }) => [id, code] as const),
  ])
  const suspended = new Set(
    facts.suspensions
      .filter(({ since, expires, ended }) => since <= at && at < Math.min(expires, ended))
      .map(({ user }) => user),
  )
  return holdings
    .filter(({ user, since, expiresAt }) => since <= at && at < expiresAt && !suspended.has(user))
    .map(({ user, what, organization, project, via, since, expiresAt }) => {
      const [who, home, on] = [user, organization, project].map((id) => nameOf.get(id))
      return `${who} ${what} ${home ?? '-'} ${on ?? '-'} ${via} ${timeOf(since)} ${timeOf(expiresAt)}`
    })
    .sort()
}
