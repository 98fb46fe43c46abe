/** Native libraries, which work outside the event loop. An installation without optional packages lacks them. */
import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** They are loaded at once, because a module that waits would change the order in which the schema is declared. */
export const argon2Library = loadIfAny<typeof import('@node-rs/argon2')>('@node-rs/argon2')
export const bcryptLibrary = loadIfAny<typeof import('@node-rs/bcrypt')>('@node-rs/bcrypt')

function loadIfAny<Library>(name: string): Library | null {
  try {
    return load(name)
  } catch {
    return null
  }
}
