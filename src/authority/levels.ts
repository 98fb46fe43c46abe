/** The names of the levels of controllers and models, lowest first. */
export const CONTROLLER_LEVELS = ['LOGIN', 'ADD_MODEL', 'SUPERUSER'] as const
export const MODEL_LEVELS = ['READ', 'WRITE', 'ADMIN'] as const

/** A level by its name: its position in the list, counted from 1, as in SQL. */
export const CONTROLLER_LEVEL = { LOGIN: 1, ADD_MODEL: 2, SUPERUSER: 3 } as const
export const MODEL_LEVEL = { READ: 1, WRITE: 2, ADMIN: 3 } as const

export type LevelName = (typeof CONTROLLER_LEVELS)[number] | (typeof MODEL_LEVELS)[number]

/** Returns the name of a level, like `SUPERUSER` or `ADMIN`. */
export function levelName(isOnModel: boolean, level: number): LevelName {
  const name = (isOnModel ? MODEL_LEVELS : CONTROLLER_LEVELS)[level - 1]
  if (!name) throw new Error(`There is no level ${level}.`)
  return name
}

/** Returns the level of that name. */
export function levelNamed(isOnModel: boolean, name: string): number {
  const names: readonly string[] = isOnModel ? MODEL_LEVELS : CONTROLLER_LEVELS
  return names.indexOf(name) + 1
}
