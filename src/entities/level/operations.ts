/** Levels on controllers and models: the same ladder on two tables. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { CONTROLLER_LEVELS, MODEL_LEVELS } from '../../authority/levels.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts, endLapsed, lasts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { controllerGrants, modelGrants } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { levelAfter, type Step } from './ladder.ts'

/** What a level is held on, and by whom; the caller of these operations holds the user's lock and the target's. */
export type Place = { userId: string } & ({ controllerId: string } | { modelId: string })

/** What somebody holds by grant: a level's name and its planned end; two nulls are nothing. */
export interface Position {
  access: string | null
  expiresAt: string | null
}

/** What a step did. */
export interface Stepped {
  before: Position
  after: Position
  changed: boolean
}

interface Open {
  level: number
  expiresAt: string | null
}

const NOTHING: Open = { level: 0, expiresAt: null }

/**
 * Takes a step on the ladder. What is held as high and as long or longer stays as it is.
 * @throws ConflictError for a grant that would shorten a lower level, or that a higher one outlives too early to show
 */
export async function step(
  tx: Transaction,
  caller: Caller,
  place: Place,
  given: Step,
  expiresAt: string | null,
): Promise<Stepped> {
  const kind = kindOf(place)
  await endLapsed(tx, kind.table, kind.which)
  const open = (await readOpen(tx, place)) ?? NOTHING
  const next = openAfter(open, given, expiresAt)
  const positions = { before: positionOf(kind, open), after: positionOf(kind, next) }
  if (next.level === open.level && lastsAsLong(next, open)) return { ...positions, changed: false }
  if (given.kind === 'GRANT' && open.level > 0) refuseLoss(kind, open, given.level, next)
  await endFacts(tx, kind.table, kind.which, caller)
  if (next.level > 0) await begin(tx, caller, place, next)
  return { ...positions, changed: true }
}

/** What would be held after a step; a revocation keeps the end of what it lowers. */
function openAfter(open: Open, given: Step, expiresAt: string | null): Open {
  const level = levelAfter(open.level, given)
  if (level === 0) return NOTHING
  if (given.kind === 'REVOKE') return { level, expiresAt: open.expiresAt }
  const hasEnough = given.kind === 'GRANT' && open.level >= given.level && lasts(open, { expiresAt })
  return hasEnough ? open : { level, expiresAt }
}

function lastsAsLong(one: Open, other: Open): boolean {
  return lasts(one, other) && lasts(other, one)
}

/** One grant is kept per user and target, so a higher level for a while and a lower one for longer can't both be. */
function refuseLoss(kind: Kind, open: Open, granted: number, next: Open) {
  const held = nameOf(kind, open.level)
  if (granted > open.level && !lasts(next, open)) {
    throw new ConflictError(
      `${held} is held for longer than that, and would be lost at the end: set the level instead of granting it.`,
    )
  }
  if (granted < open.level) {
    throw new ConflictError(
      `${held} is held, and ends sooner: grant ${held} for longer, or set ${nameOf(kind, granted)}.`,
    )
  }
}

type Kind = ReturnType<typeof kindOf>

function kindOf(place: Place) {
  if ('controllerId' in place) {
    const { userId, controllerId } = place
    const which = and(eq(controllerGrants.userId, userId), eq(controllerGrants.controllerId, controllerId))
    return { table: controllerGrants, which, levels: CONTROLLER_LEVELS as readonly string[] }
  }
  const which = and(eq(modelGrants.userId, place.userId), eq(modelGrants.modelId, place.modelId))
  return { table: modelGrants, which, levels: MODEL_LEVELS as readonly string[] }
}

function nameOf({ levels }: Kind, level: number): string | null {
  return levels[level - 1] ?? null
}

function positionOf(kind: Kind, { level, expiresAt }: Open): Position {
  return { access: nameOf(kind, level), expiresAt: expiresAt && new Date(expiresAt).toISOString() }
}

async function readOpen(tx: Transaction, place: Place): Promise<Open | null> {
  const { table, which, levels } = kindOf(place)
  const [row] = await tx
    .select({ level: table.level, expiresAt: table.expiresAt })
    .from(table)
    .where(and(which, isNull(table.endedAt)))
  return row ? { level: levels.indexOf(row.level) + 1, expiresAt: row.expiresAt } : null
}

async function begin(tx: Transaction, caller: Caller, place: Place, { level, expiresAt }: Open) {
  const fact = { id: createId(), userId: place.userId, grantedBy: caller.userId, expiresAt }
  if ('controllerId' in place) {
    const name = CONTROLLER_LEVELS[level - 1] ?? 'LOGIN'
    await tx.insert(controllerGrants).values({ ...fact, controllerId: place.controllerId, level: name })
  } else {
    const name = MODEL_LEVELS[level - 1] ?? 'READ'
    await tx.insert(modelGrants).values({ ...fact, modelId: place.modelId, level: name })
  }
}
