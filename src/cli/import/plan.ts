/** What is to be imported, in the words of the API, whatever system it comes from. */
import { UsageError } from '../values.ts'

export type Json = Record<string, unknown>

/** A role and its scope, as `importUsers` takes them. */
export interface RoleItem extends Json {
  role: string
  project?: string
  organization?: string
  everywhere?: true
}

/** A user, as `importUsers` takes them. */
export interface UserItem extends Json {
  username: string
  roles?: RoleItem[]
}

/** Something that is made by a mutation of its own. */
export interface Step {
  /** What it is, like `project project2`. */
  name: string
  mutation: string
  input: Json
  /** The names of what must be there before. */
  needs: string[]
}

/** Something that cannot be taken, and why. */
export interface Problem {
  name: string
  why: string
}

export interface Plan {
  /** What users need, by name: organizations, roles, projects, controllers and models. */
  before: Map<string, Step>
  users: UserItem[]
  /** What needs users: levels and credentials. */
  after: Step[]
  problems: Problem[]
}

export function emptyPlan(): Plan {
  return { before: new Map(), users: [], after: [], problems: [] }
}

/** Adds what users need, once for all of them. */
/** Reads each object of the files into one plan. */
export function planOf(
  files: { file: string; value: unknown }[],
  objectsIn: (value: unknown, file: string) => Json[],
  map: (plan: Plan, object: Json) => void,
): Plan {
  const plan = emptyPlan()
  for (const { file, value } of files) for (const object of objectsIn(value, file)) map(plan, object)
  return plan
}

export function addBefore({ before }: Plan, step: Step) {
  if (!before.has(step.name)) before.set(step.name, step)
}

/** What a mapper is told beside the files. */
export interface MapOptions {
  /** The organization that users and projects belong to; the caller's where it is omitted. */
  organization?: string
  /** The role for each group of the other system. */
  roles: Map<string, string>
}

/** The organization of an item; empty where none was named. */
export function homeOf({ organization }: MapOptions): { organization?: string } {
  return organization === undefined ? {} : { organization }
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list, or the one object. @throws UsageError where there is something else */
export function objectsOf(value: unknown, file: string): Json[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.every(isObject)) return list
  throw new UsageError(`${file} is not a list of objects: it does not come from that system, or it was cut off.`)
}

/** A text of an object; undefined where it is missing or empty. */
export function textOf(object: Json, name: string): string | undefined {
  const value = object[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The list of objects under a name; empty where there is none. */
export function listOf(object: Json, name: string): Json[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter(isObject) : []
}
