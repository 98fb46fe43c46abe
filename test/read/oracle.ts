/** The same schema over plain objects: who sees what, written again by hand in JavaScript, run by graphql-js. */
import {
  buildSchema,
  type DocumentNode,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
  printSchema,
} from 'graphql'
import type { Caller } from './callers.ts'
import { data, type Member, type Person, type Task, type Team } from './data.ts'
import { findProblems, problemsBelow } from './oracle-check.ts'
import { microseconds, orderings, type PageArguments, paginate, throwFirst } from './oracle-lists.ts'

type Args = Record<string, never>
type Resolver = (row: never, args: never, caller: Caller, info: GraphQLResolveInfo) => unknown

const byId = <Row extends { id: string }>(rows: Row[], id: string | null) => rows.find((row) => row.id === id) ?? null
const teamOf = (id: string) => byId(data.teams, id) as Team

const isAdmin = (c: Caller) => c.flags.includes('admin')
const isAuditor = (c: Caller) => c.flags.includes('auditor')
const isMe = (c: Caller, id: string | null) => c.userId !== null && id === c.userId

const seesPerson = (c: Caller, p: Person) => isAdmin(c) || !p.isHidden || isMe(c, p.id)
const isMember = (c: Caller, t: Team) =>
  data.members.some((m) => m.teamId === t.id && !m.isRevoked && isMe(c, m.personId))
const seesTeam = (c: Caller, t: Team) => isAdmin(c) || !t.isPrivate || isMember(c, t)
const seesProfile = (c: Caller, p: Person) => seesTeam(c, teamOf(p.homeId))
const seesMembership = (c: Caller, m: Member) => isAuditor(c) || (!m.isRevoked && seesTeam(c, teamOf(m.teamId)))
const seesTask = (c: Caller, t: Task) =>
  isAdmin(c) || (seesTeam(c, teamOf(t.teamId)) && (!t.isRestricted || isMe(c, t.authorId)))

const person = (c: Caller, id: string | null) => only(byId(data.people, id), (p) => seesPerson(c, p))
const team = (c: Caller, id: string | null) => only(byId(data.teams, id), (t) => seesTeam(c, t))
const only = <Row>(row: Row | null, sees: (row: Row) => boolean) => (row && sees(row) ? row : null)

function guard(allowed: boolean, missing: string) {
  if (!allowed) {
    throw new GraphQLError(`Reading this needs ${missing}.`, { extensions: { code: 'FORBIDDEN', missing } })
  }
}
const contact = (c: Caller, p: Person) => guard(isAdmin(c) || isMe(c, p.id), 'people:contact')
const work = (c: Caller, p: Person) => guard(isAuditor(c) || isMe(c, p.bossId) || p.logins > 5, 'people:work')
const money = (c: Caller, t: Team) => guard(isAdmin(c) || isMe(c, t.ownerId), 'teams:money')

const iso = (time: string | null) => time && `${microseconds(time).slice(0, -3)}Z`
const upper = (value: string | null) => value?.toUpperCase() ?? null
const uuidOf = (id: string) => id.slice(id.indexOf('_') + 1)

interface TaskFilter {
  title?: NameFilter | null
  createdAt?: { from?: string | null; to?: string | null } | null
  state?: string | null
  isReviewed?: boolean | null
  author?: string | null
}
interface NameFilter {
  equals?: string | null
  in?: string[] | null
  startsWith?: string | null
}
type ListArguments<Filter = never> = PageArguments & { filter?: Filter | null }

function fitsName(name: string, filter: NameFilter | null | undefined) {
  const key = name.toLowerCase()
  if (typeof filter?.equals === 'string' && key !== filter.equals.toLowerCase()) return false
  if (filter?.in && !filter.in.some((one) => one.toLowerCase() === key)) return false
  return typeof filter?.startsWith !== 'string' || key.startsWith(filter.startsWith.toLowerCase())
}

function fitsTask(t: Task, filter: TaskFilter | null | undefined) {
  const { from, to } = filter?.createdAt ?? {}
  if (!fitsName(t.title, filter?.title)) return false
  if (typeof from === 'string' && microseconds(t.createdAt) < microseconds(from)) return false
  if (typeof to === 'string' && microseconds(t.createdAt) >= microseconds(to)) return false
  if (typeof filter?.state === 'string' && upper(t.state) !== filter.state) return false
  if (typeof filter?.isReviewed === 'boolean' && (t.reviewerId !== null) !== filter.isReviewed) return false
  return typeof filter?.author !== 'string' || t.authorId === uuidOf(filter.author)
}

function people(c: Caller, args: ListArguments<{ name?: NameFilter | null }>, where: (p: Person) => boolean) {
  const rows = data.people.filter((p) => where(p) && seesPerson(c, p) && fitsName(p.name, args.filter?.name))
  return paginate(orderings.Person, rows, args, (p) => p)
}
function teams(c: Caller, args: ListArguments, where: (t: Team) => boolean) {
  const rows = data.teams.filter((t) => where(t) && seesTeam(c, t))
  return paginate(orderings.Team, rows, args, (t) => t)
}
function tasks(c: Caller, args: ListArguments<TaskFilter>, where: (t: Task) => boolean) {
  const rows = data.tasks.filter((t) => where(t) && seesTask(c, t) && fitsTask(t, args.filter))
  return paginate(orderings.Task, rows, args, (t) => t)
}

const by =
  <Row extends { id: string }>(key: (row: Row) => string) =>
  (a: Row, b: Row) => {
    const [left, right] = [`${key(a)} ${a.id}`, `${key(b)} ${b.id}`]
    return left < right ? -1 : Number(left > right)
  }

const PersonFields: Record<string, Resolver> = {
  id: (p: Person) => `person_${p.id}`,
  name: (p: Person) => p.name,
  kind: (p: Person) => upper(p.kind),
  nickname: (p: Person) => p.nickname,
  createdAt: (p: Person) => iso(p.createdAt),
  email: (p: Person, _, c) => contact(c, p) ?? p.email,
  seenAt: (p: Person, _, c) => contact(c, p) ?? iso(p.seenAt),
  logins: (p: Person, _, c) => work(c, p) ?? p.logins,
  isMe: (p: Person, _, c) => isMe(c, p.id),
  seenLabel: (p: Person, _, c) => work(c, p) ?? `${p.logins} ${iso(p.seenAt)}`,
  greeting: (p: Person, { style, word }: { style?: string; word?: string | null }) => {
    const name = style === 'SHORT' ? p.nickname : p.name
    return typeof word === 'string' ? name && `${word} ${name}` : name
  },
  boss: (p: Person, _, c) => person(c, p.bossId),
  mentor: (p: Person, _, c) => contact(c, p) ?? person(c, p.bossId),
  profile: (p: Person, _, c) => only(p, (profile) => seesProfile(c, profile)),
  reports: (p: Person, _, c) =>
    data.people.filter((r) => r.bossId === p.id && seesPerson(c, r)).sort(by((r) => microseconds(r.createdAt))),
  staff: (p: Person, args: ListArguments, c) => people(c, args, (r) => r.bossId === p.id),
  tasks: (p: Person, args: ListArguments, c) => tasks(c, args, (t) => t.authorId === p.id),
  openTasks: (p: Person, args: ListArguments, c) => tasks(c, args, (t) => t.authorId === p.id && t.state === 'open'),
  workTasks: (p: Person, args: ListArguments, c) => work(c, p) ?? tasks(c, args, (t) => t.authorId === p.id),
  teams: (p: Person, args: ListArguments, c) => {
    const rows = data.members.filter((m) => m.personId === p.id && seesTeam(c, teamOf(m.teamId)))
    return paginate(orderings.PersonTeam, rows, args, (m) => teamOf(m.teamId))
  },
}

const ProfileFields: Record<string, Resolver> = {
  nickname: (p: Person) => p.nickname,
  isHidden: (p: Person) => p.isHidden,
  home: (p: Person, _, c) => team(c, p.homeId),
  person: (p: Person, _, c) => person(c, p.id),
}

const TeamFields: Record<string, Resolver> = {
  id: (t: Team) => `team_${t.id}`,
  name: (t: Team) => t.name,
  level: (t: Team) => t.level,
  budget: (t: Team, _, c) => money(c, t) ?? t.budget?.toString() ?? null,
  owner: (t: Team, _, c) => person(c, t.ownerId),
  treasurer: (t: Team, _, c) => money(c, t) ?? person(c, t.ownerId),
  humanOwner: (t: Team, _, c) => only(person(c, t.ownerId), (p) => p.kind === 'human'),
  ownMembership: (t: Team, _, c) =>
    data.members.find((m) => m.teamId === t.id && isMe(c, m.personId) && seesMembership(c, m)) ?? null,
  bigTasks: (t: Team, _, c) =>
    data.tasks
      .filter((task) => task.teamId === t.id && task.size > 2 && seesTask(c, task))
      .sort(by((task) => task.title.toLowerCase())),
  members: (t: Team, args: ListArguments, c) => {
    const sees = (m: Member) => (isAdmin(c) || !m.isRevoked) && person(c, m.personId)
    const rows = data.members.filter((m) => m.teamId === t.id && sees(m))
    return paginate(orderings.TeamMember, rows, args, (m) => byId(data.people, m.personId))
  },
  tasks: (t: Team, args: ListArguments, c) => tasks(c, args, (task) => task.teamId === t.id),
}

const MembershipFields: Record<string, Resolver> = {
  id: (m: Member) => `membership_${m.id}`,
  role: (m: Member) => upper(m.role),
  note: (m: Member) => m.note,
  joinedAt: (m: Member) => iso(m.joinedAt),
  person: (m: Member, _, c) => person(c, m.personId),
  team: (m: Member, _, c) => team(c, m.teamId),
}

const TaskFields: Record<string, Resolver> = {
  id: (t: Task) => `task_${t.id}`,
  title: (t: Task) => t.title,
  state: (t: Task) => upper(t.state),
  size: (t: Task) => t.size,
  dueAt: (t: Task) => iso(t.dueAt),
  typeLabel: (t: Task) => `${t.type}/${t.size}`,
  team: (t: Task, _, c) => team(c, t.teamId),
  author: (t: Task, _, c) => person(c, t.authorId),
  reviewer: (t: Task, _, c) => person(c, t.reviewerId),
  parent: (t: Task, _, c) => only(byId(data.tasks, t.parentId), (parent) => seesTask(c, parent)),
  subtasks: (t: Task, args: ListArguments, c) => tasks(c, args, (sub) => sub.parentId === t.id),
  loadedReviewer: (t: Task, _, c, info) => t.reviewerId && loaded('Person', person(c, t.reviewerId), info),
  loadedTeam: (t: Task, _, c, info) => loaded('Team', team(c, t.teamId), info),
}

interface Edge {
  row: Member
}
const TeamMemberEdgeFields: Record<string, Resolver> = {
  role: ({ row }: Edge) => upper(row.role),
  joinedAt: ({ row }: Edge) => iso(row.joinedAt),
  inviter: ({ row }: Edge, _, c) => person(c, row.inviterId),
  membership: ({ row }: Edge, _, c) => only(row, (m) => seesMembership(c, m)),
  noteLabel: ({ row }: Edge) => `${row.note}`,
}
const PersonTeamEdgeFields: Record<string, Resolver> = { note: ({ row }: Edge) => row.note }

function loaded(name: string, row: unknown, info: GraphQLResolveInfo) {
  throwFirst(problemsBelow(info.schema.getType(name) as GraphQLObjectType, info.fieldNodes, info))
  return row
}

/** A row with its type's name, for the interface. */
function nodeOf(c: Caller, id: string, info: GraphQLResolveInfo) {
  const key = uuidOf(id)
  const found = {
    person: { name: 'Person', row: person(c, key) },
    team: { name: 'Team', row: team(c, key) },
    membership: { name: 'Membership', row: only(byId(data.members, key), (m) => seesMembership(c, m)) },
    task: { name: 'Task', row: only(byId(data.tasks, key), (t) => seesTask(c, t)) },
  }[id.slice(0, id.indexOf('_'))]
  if (!found) return null
  loaded(found.name, found.row, info)
  return found.row && { ...found.row, __typename: found.name }
}

const QueryFields: Record<string, Resolver> = {
  me: (_root, _args, c) => person(c, c.userId),
  person: (_root, { name }: { name: string }, c) => {
    const named = data.people.find((p) => p.name.toLowerCase() === name.toLowerCase())
    return person(c, named?.id ?? null)
  },
  team: (_root, { id }: { id: string }, c) => team(c, uuidOf(id)),
  people: (_root, args: Args, c) => people(c, args, () => true),
  teams: (_root, args: Args, c) => teams(c, args, () => true),
  publicTeams: (_root, args: Args, c) => teams(c, args, (t) => !t.isPrivate),
  tasks: (_root, args: Args, c) => tasks(c, args, () => true),
  myTasks: (_root, args: Args, c) => tasks(c, args, (t) => isMe(c, t.authorId)),
  memberships: (_root, args: Args, c) =>
    paginate(
      orderings.Membership,
      data.members.filter((m) => seesMembership(c, m)),
      args,
      (m) => m,
    ),
  node: (_root, { id }: { id: string }, c, info) => nodeOf(c, id, info),
  nodes: (_root, { ids }: { ids: string[] }, c, info) => ids.map((id) => nodeOf(c, id, info)),
}

const resolvers: Record<string, Record<string, Resolver>> = {
  Query: QueryFields,
  Person: PersonFields,
  Profile: ProfileFields,
  Team: TeamFields,
  Membership: MembershipFields,
  Task: TaskFields,
  TeamMemberEdge: TeamMemberEdgeFields,
  PersonTeamEdge: PersonTeamEdgeFields,
}

export type Run = (
  document: DocumentNode,
  variables: Record<string, unknown>,
  caller: Caller,
) => Promise<ExecutionResult>

export function createOracle(compiled: GraphQLSchema): Run {
  const schema = buildSchema(printSchema(compiled))
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName)
    if (!isObjectType(type)) throw new Error(`There is no type ${typeName}.`)
    for (const [name, resolve] of Object.entries(fields)) {
      const field = type.getFields()[name]
      if (!field) throw new Error(`There is no field ${typeName}.${name}.`)
      field.resolve = resolve as never
      if (typeName !== 'Query') continue
      field.resolve = (root, args, caller, info) => {
        throwFirst(findProblems(field, info.fieldNodes, info))
        return resolve(root as never, args as never, caller as Caller, info)
      }
    }
  }
  return async (document, variables, caller) =>
    execute({ schema, document, variableValues: variables, contextValue: caller })
}
