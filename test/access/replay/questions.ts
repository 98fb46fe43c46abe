/** Questions of `checkAccess` about somebody and something by their ids, asked by the names these have at the time. */
import type { Random } from '../../read/random.ts'
import type { Client } from '../../support/app.ts'
import { CHECK, EVERYWHERE, have, may } from '../../support/check.ts'
import { LEVELS, WORDS } from './mutations.ts'

/** A word somewhere (null is everywhere), or a level on a controller or model. */
type Question = { word: string; place: string | null } | { access: string; thing: string }

/** What was asked about somebody, and the codes of the answers. */
export interface Asked {
  user: string
  questions: Question[]
  codes: string[]
}

type Names = Map<string, string>

/** The ids of one kind, like `user`. */
export function idsOf(names: Names, kind: string): string[] {
  return [...names.keys()].filter((id) => id.startsWith(`${kind}_`))
}

export function randomQuestions(random: Random, names: Names, count: number): Question[] {
  const places = [null, ...idsOf(names, 'organization'), ...idsOf(names, 'project')]
  const things = [...idsOf(names, 'controller'), ...idsOf(names, 'model')]
  return Array.from({ length: count }, () => {
    const thing = things.length > 0 && random.chance(0.5) ? random.pick(things) : null
    if (thing === null) return { word: random.pick(WORDS), place: random.pick(places) }
    return { access: random.pick(LEVELS[thing.startsWith('model') ? 'model' : 'controller']), thing }
  })
}

/** The question by names; null where what it is about is no more. */
function spell(names: Names, question: Question): object | null {
  if ('word' in question) {
    if (question.place === null) return may(question.word, EVERYWHERE)
    const [name, isProject] = [names.get(question.place), question.place.startsWith('project')]
    return name === undefined ? null : may(question.word, isProject ? { project: name } : { organization: name })
  }
  const name = names.get(question.thing)
  return name === undefined ? null : have(question.access, name)
}

/** Drops the questions about what is no more; null where nobody or nothing is left of them. */
export function leaveLiving(names: Names, { user, questions, codes }: Asked): Asked | null {
  const living = questions.map((question) => spell(names, question) !== null)
  const kept = { user, questions: questions.filter((_, n) => living[n]), codes: codes.filter((_, n) => living[n]) }
  return names.has(user) && kept.questions.length > 0 ? kept : null
}

/** Asks about what all is there; gives the codes. */
export async function askAbout(
  client: Client,
  names: Names,
  { user, questions }: { user: string; questions: Question[] },
  at: string | null,
): Promise<string[]> {
  const spelled = questions.map((question) => spell(names, question))
  const { checkAccess } = await client.ok(CHECK, { input: { user: names.get(user), at, questions: spelled } })
  return checkAccess.map(({ code }: { code: string }) => code)
}
