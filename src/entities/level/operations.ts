/** Operations on the levels of controllers and models, which follow the same rules on two tables. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Caller } from '../../authority/caller.ts'
import { CONTROLLER_LEVELS, MODEL_LEVELS } from '../../authority/levels.ts'
import type { Transaction } from '../../db/database.ts'
import { endFacts, endLapsed, lasts } from '../../db/history.ts'
import { createId } from '../../db/id.ts'
import { controllerGrants, modelGrants } from '../../db/tables.ts'
import { ConflictError } from '../../errors.ts'
import { levelAfter, type Step } from './ladder.ts'

/**
 * A user, and the controller or model on which the user has a level. Code that calls these operations must hold the
 * locks of the user and of the target.
 */
export type Place = { userId: string } & ({ controllerId: string } | { modelId: string })

/** What a user is granted: the name of a level and its planned end. Where the user has no level, both are null. */
export interface Position {
  level: number
  access: string | null
  expiresAt: string | null
}

/** The result of a step. */
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
 * Grants, revokes or sets a level. A grant changes nothing where the held level is as high or higher and lasts as long
 * or longer.
 * @throws ConflictError for a grant that would shorten a lower level, or that names a lower level than the held one and
 * lasts longer than it
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

/** Returns what a user holds after a step. A revocation keeps the planned end of the level that it lowers. */
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

/**
 * Refuses a grant that would shorten what is held. Only one grant is stored per user and target, so a higher level for
 * a short time and a lower level for a longer time cannot both be stored.
 */
function refuseLoss(kind: Kind, open: Open, granted: number, next: Open) {
  const held = levelNameOf(kind, open.level)
  if (granted > open.level && !lasts(next, open)) {
    throw new ConflictError(
      `${held} is held for longer than that, and would be lost at the end: set the level instead of granting it.`,
    )
  }
  if (granted < open.level) {
    throw new ConflictError(
      `${held} is held, and ends sooner: grant ${held} for longer, or set ${levelNameOf(kind, granted)}.`,
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

function levelNameOf({ levels }: Kind, level: number): string | null {
  return levels[level - 1] ?? null
}

function positionOf(kind: Kind, { level, expiresAt }: Open): Position {
  return { level, access: levelNameOf(kind, level), expiresAt: expiresAt && new Date(expiresAt).toISOString() }
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
