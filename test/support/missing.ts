/** What an answer says is missing, as tests compare it. */

interface Requirement {
  permission?: string | null
  role?: string | null
  level?: string | null
  circumstance?: string | null
  text: string
}

/** An error that says what is missing, or the extensions of one, or an answer of `checkAccess`. */
interface Telling {
  missing?: { allOf: Requirement[] }[]
}

/** One thing that is missing, and where; null is nowhere in particular. */
export interface Missing {
  what: string
  where: string | null
}

/** What a document asks to be told it. */
export const MISSING = 'missing { allOf { permission role level circumstance text } }'

/** Each thing that is missing, with where. */
export function missingAt({ missing = [] }: Telling): Missing[] {
  return missing.flatMap(({ allOf }) =>
    allOf.map(({ permission, role, level, circumstance, text }) => {
      const what = permission ?? role ?? level ?? circumstance ?? ''
      return { what, where: text === what ? null : text.slice(what.length + 1) }
    }),
  )
}

/** The same without names: `users.manage`, `ADMIN on the model`. */
export function missingOf(telling: Telling): string[] {
  return [...new Set(missingAt(telling).map(({ what, where }) => withKind(what, where)))]
}

/** What is missing with the kind of a resource that has levels. */
export function withKind(what: string, where: string | null): string {
  const [, kind] = where?.match(/^on (?:the|a) (controller|model)/) ?? []
  return kind ? `${what} on the ${kind}` : what
}
