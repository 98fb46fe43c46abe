/** The test's rows: few, and dense, so that what one caller sees and another does not shows in most documents. */
import { createRandom } from './random.ts'

export interface Person {
  id: string
  name: string
  kind: 'human' | 'service'
  nickname: string | null
  email: string
  logins: number
  isHidden: boolean
  bossId: string | null
  homeId: string
  createdAt: string
  seenAt: string | null
}

export interface Team {
  id: string
  name: string
  level: number
  budget: bigint | null
  isPrivate: boolean
  ownerId: string
}

export interface Member {
  id: string
  teamId: string
  personId: string
  inviterId: string | null
  role: 'owner' | 'writer' | 'reader'
  note: string | null
  isRevoked: boolean
  joinedAt: string
}

export interface Task {
  id: string
  teamId: string
  authorId: string
  reviewerId: string | null
  parentId: string | null
  title: string
  type: string
  state: 'open' | 'done' | 'lost' | null
  size: number
  isRestricted: boolean
  createdAt: string
  dueAt: string | null
}

export interface Data {
  people: Person[]
  teams: Team[]
  members: Member[]
  tasks: Task[]
}

const random = createRandom(20_261_122)
const { int, chance, pick } = random
/** Ids in no order of making, so that an order that forgets its columns shows. */
const id = (kind: number, n: number) => `${hex(int(0x10000), 4)}${hex(n, 4)}-0000-4000-8000-00000000000${kind}`
const hex = (n: number, digits: number) => n.toString(16).padStart(digits, '0')
/** Few different times, some of which differ by microseconds only. */
const time = () => `2026-0${1 + int(2)}-1${int(2)} 0${int(2)}:00:00.${pick(['', '1234', '123456', '123457', '5'])}`
const at = () => `${time().replace(/\.$/, '')}+00`
const maybe = <T>(probability: number, make: () => T) => (chance(probability) ? make() : null)

const peopleIds = Array.from({ length: 14 }, (_, n) => id(1, n))
const teamIds = Array.from({ length: 9 }, (_, n) => id(2, n))
const taskIds = Array.from({ length: 70 }, (_, n) => id(4, n))
/** Where most of everything is. */
const crowd = peopleIds.slice(0, 5)
const dense = teamIds.slice(0, 3)
const personId = () => pick(chance(0.6) ? crowd : peopleIds)
const teamId = () => pick(chance(0.7) ? dense : teamIds)

const people = peopleIds.map(
  (id, n): Person => ({
    id,
    name: `${pick(['Ann', 'ann', 'Bo', 'bob'])}-${n}`,
    kind: pick(['human', 'service']),
    nickname: maybe(0.6, () => pick(['x', 'Żółw "q" \\ \n', 'y'])),
    email: `p-${n}@people.test`,
    logins: int(10),
    isHidden: chance(0.4),
    bossId: maybe(0.8, personId),
    homeId: teamId(),
    createdAt: at(),
    seenAt: maybe(0.5, at),
  }),
)

const teams = teamIds.map(
  (id, n): Team => ({
    id,
    name: `${pick(['Red', 'red', 'Blue'])}-${n}`,
    level: int(3),
    budget: maybe(0.7, () => 9_007_199_254_740_993n + BigInt(n)),
    isPrivate: n % 2 === 0,
    ownerId: personId(),
  }),
)

/** At most one for a team and a person. */
const pairs = teamIds.flatMap((teamId) => peopleIds.map((personId) => ({ teamId, personId })))
const members = pairs
  .filter(({ teamId, personId }) => chance(dense.includes(teamId) && crowd.includes(personId) ? 0.8 : 0.25))
  .map(
    ({ teamId, personId }, n): Member => ({
      id: id(3, n),
      teamId,
      personId,
      inviterId: maybe(0.7, () => pick(peopleIds)),
      role: pick(['owner', 'writer', 'reader']),
      note: maybe(0.5, () => `note ${n}`),
      isRevoked: chance(0.3),
      joinedAt: at(),
    }),
  )

const tasks = taskIds.map(
  (id, n): Task => ({
    id,
    teamId: teamId(),
    authorId: personId(),
    reviewerId: maybe(0.7, () => pick(peopleIds)),
    parentId: maybe(0.6, () => pick(taskIds.slice(0, 8))),
    title: `${pick(['Do', 'do', 'Redo', 'undo'])} ${int(20)}`,
    type: pick(['bug', 'wish']),
    state: maybe(0.8, () => pick(['open', 'done', 'lost'])),
    size: int(5),
    isRestricted: chance(0.4),
    createdAt: at(),
    dueAt: n % 3 ? at() : null,
  }),
)

export const data: Data = { people, teams, members, tasks }
