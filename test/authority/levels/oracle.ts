/** Levels on controllers and models, said once more and plainly: what the server must agree with. */

const CONTROLLER = ['', 'LOGIN', 'ADD_MODEL', 'SUPERUSER']
const MODEL = ['', 'READ', 'WRITE', 'ADMIN']

/** Levels are numbers from 1; a place is `gce1` or `gce1/default`. */
export interface State {
  /** Each user with the organizations of which they are ORGANIZATION_ADMIN; `*` is all. */
  users: Map<string, Set<string>>
  /** Each controller with its organization and its models. */
  controllers: Map<string, { organization: string; models: Set<string> }>
  /** By `bob gce1/default`: what was granted on the very thing. */
  granted: Map<string, number>
}

export type LadderStep = { kind: 'GRANT' | 'SET' | 'REVOKE'; user: string; place: string; level: number | null }

/** Grant, revoke, set; whether that changed anything. */
export function climb({ granted }: State, { kind, user, place, level }: LadderStep): boolean {
  const held = granted.get(`${user} ${place}`) ?? 0
  const wanted = level ?? 0
  const lowered = Math.min(held, level === null ? 0 : wanted - 1)
  const next = kind === 'GRANT' ? Math.max(held, wanted) : kind === 'SET' ? wanted : lowered
  if (next === 0) granted.delete(`${user} ${place}`)
  else granted.set(`${user} ${place}`, next)
  return next !== held
}

/** Everything granted ends that is on this place or to this user. */
export function forget({ granted }: State, ends: (user: string, place: string) => boolean) {
  for (const fact of [...granted.keys()]) {
    const [user = '', place = ''] = fact.split(' ')
    if (ends(user, place)) granted.delete(fact)
  }
}

/** The level that a user has on a controller: managing it, granted there, or by way of one of its models. */
export function controllerLevel({ users, controllers, granted }: State, user: string, name: string): number {
  const controller = controllers.get(name)
  const manages = users.get(user)
  if (manages?.has('*') || manages?.has(controller?.organization ?? '')) return 3
  const reachesModel = [...(controller?.models ?? [])].some((model) => granted.has(`${user} ${name}/${model}`))
  return Math.max(granted.get(`${user} ${name}`) ?? 0, reachesModel ? 1 : 0)
}

/** The whole table: `bob gce1/default` → `ADMIN`. */
export function effective(state: State): Record<string, string> {
  const table: Record<string, string> = {}
  for (const user of state.users.keys()) {
    for (const [name, { models }] of state.controllers) {
      const level = controllerLevel(state, user, name)
      if (level > 0) table[`${user} ${name}`] = CONTROLLER[level] ?? ''
      for (const model of models) {
        const onModel = level === 3 ? 3 : (state.granted.get(`${user} ${name}/${model}`) ?? 0)
        if (onModel > 0) table[`${user} ${name}/${model}`] = MODEL[onModel] ?? ''
      }
    }
  }
  return table
}

/** A name of a level as its number. */
export function rankOf(access: string | undefined): number {
  return Math.max(CONTROLLER.indexOf(access ?? ''), MODEL.indexOf(access ?? ''))
}
