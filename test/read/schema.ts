/** The test schema's lists and roots, over the types of types.ts. */
import { and, sql } from 'drizzle-orm'
import type { Filter } from '../../src/read/declarations.ts'
import { builder, DateTime, filters, isAdmin, isMe, Role, reads, State } from './builder.ts'
import { declareNodes } from './nodes.ts'
import { description, Membership, Person, Profile, Task, Team } from './types.ts'

const uuidOf = (id: string) => id.slice(id.indexOf('_') + 1)

const People = reads.connection('Person', {
  table: 'people',
  node: Person,
  orders: { NAME: ['nameKey'], CREATED: ['createdAt'] },
  defaultOrder: 'NAME',
  filters: { name: filters.name('nameKey', description) },
})

const Teams = reads.connection('Team', {
  table: 'teams',
  node: Team,
  orders: { NAME: ['nameKey'], LEVEL: ['level', 'nameKey'] },
  defaultOrder: 'LEVEL',
  defaultDirection: 'desc',
})

const byState: Filter = {
  type: State,
  description,
  where: (t, args, path) => sql`${t.state} = ${args.param(path, 'text')}`,
}
const byReview: Filter = {
  type: 'Boolean',
  description,
  where: (t, args, path) => sql`${args.param(path, 'boolean')} = (${t.reviewerId} is not null)`,
}
const byAuthor: Filter = {
  type: 'ID',
  description,
  column: 'authorId',
  where: (t, args, path) => sql`${t.authorId} = ${args.param(path, 'uuid', uuidOf)}`,
}

const Tasks = reads.connection('Task', {
  table: 'tasks',
  node: Task,
  orders: { TITLE: ['titleKey'], CREATED: ['createdAt'], SIZE: ['size', 'createdAt'] },
  defaultOrder: 'TITLE',
  filters: {
    title: filters.name('titleKey', description),
    createdAt: filters.time('createdAt', description),
    state: byState,
    isReviewed: byReview,
    author: byAuthor,
  },
})

const Memberships = reads.connection('Membership', {
  table: 'members',
  node: Membership,
  orders: { JOINED: ['joinedAt'], ROLE: ['role', 'joinedAt'] },
  defaultOrder: 'JOINED',
})

/** The edge is the row between, the node is who stands at its end. */
const TeamMembers = reads.connection('TeamMember', {
  table: 'members',
  node: Person,
  via: 'person',
  visible: (t, c) => (isAdmin(c) ? undefined : sql`not ${t.isRevoked}`),
  orders: { JOINED: ['joinedAt'], ROLE: ['role', 'joinedAt'] },
  defaultOrder: 'ROLE',
  fields: (f) => ({
    role: f.column('role', { type: Role, description }),
    joinedAt: f.column('joinedAt', { type: DateTime, description }),
    inviter: f.one('inviter', Person, { description }),
    membership: f.same(Membership, { description }),
    noteLabel: f.resolved({ type: 'String', description, needs: ['note'], resolve: (row) => `${row.note}` }),
  }),
})

const PersonTeams = reads.connection('PersonTeam', {
  table: 'members',
  node: Team,
  via: 'team',
  orders: { JOINED: ['joinedAt'] },
  defaultOrder: 'JOINED',
  defaultDirection: 'desc',
  fields: (f) => ({ note: f.column('note', { type: 'String', description }) }),
})

reads.extend(Person, (f) => ({
  boss: f.one('boss', Person, { description }),
  mentor: f.one('boss', Person, { description, guard: 'contact' }),
  profile: f.same(Profile, { description }),
  reports: f.many(Person, { description, on: (t, report) => sql`${report.bossId} = ${t.id}`, orderBy: ['createdAt'] }),
  staff: f.connection('staff', People, { description }),
  tasks: f.connection('tasks', Tasks, { description }),
  openTasks: f.connection('tasks', Tasks, { description, where: (t) => sql`${t.state} = 'open'` }),
  workTasks: f.connection('tasks', Tasks, { description, guard: 'work' }),
  teams: f.connection('members', PersonTeams, { description }),
}))

reads.extend(Profile, (f) => ({
  home: f.one('home', Team, { description, implied: true }),
  person: f.same(Person, { description }),
}))

reads.extend(Team, (f) => ({
  humanOwner: f.oneWhere(Person, {
    description,
    on: (t, owner) => sql`${owner.id} = ${t.ownerId} and ${owner.kind} = 'human'`,
  }),
  ownMembership: f.oneWhere(Membership, {
    description,
    on: (t, m, c) => and(sql`${m.teamId} = ${t.id}`, isMe(c, m.personId)),
  }),
  bigTasks: f.many(Task, {
    description,
    on: (t, task) => sql`${task.teamId} = ${t.id} and ${task.size} > 2`,
    orderBy: ['titleKey'],
  }),
  members: f.connection('members', TeamMembers, { description }),
  tasks: f.connection('tasks', Tasks, { description }),
}))

reads.extend(Membership, (f) => ({ team: f.one('team', Team, { description, nullable: true }) }))

reads.extend(Task, (f) => ({
  parent: f.one('parent', Task, { description }),
  subtasks: f.connection('subtasks', Tasks, { description }),
}))

reads.queryOne('me', Person, { description, where: (t, c) => isMe(c, t.id) })
reads.queryOne('person', Person, {
  description,
  args: (arg) => ({ name: arg.string({ required: true }) }),
  where: (t, _c, args) => sql`${t.nameKey} = lower(${args.param('name', 'text')})`,
})
reads.queryOne('team', Team, {
  description,
  args: (arg) => ({ id: arg.id({ required: true }) }),
  where: (t, _c, args) => sql`${t.id} = ${args.param('id', 'uuid', uuidOf)}`,
})
reads.queryConnection('people', People, { description })
reads.queryConnection('teams', Teams, { description })
reads.queryConnection('publicTeams', Teams, { description, where: (t) => sql`not ${t.isPrivate}` })
reads.queryConnection('tasks', Tasks, { description })
reads.queryConnection('myTasks', Tasks, { description, where: (t, c) => isMe(c, t.authorId) })
reads.queryConnection('memberships', Memberships, { description })
declareNodes(builder, { person: 'Person', team: 'Team', membership: 'Membership', task: 'Task' })

export const schema = builder.toSchema()
