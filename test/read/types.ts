/** The types of the test schema: every kind of field, each able to reach a row the caller may not see. */
import { and, sql } from 'drizzle-orm'
import { GraphQLError, type GraphQLObjectType, type GraphQLResolveInfo } from 'graphql'
import type { TypeOption } from '../../src/read/declarations.ts'
import { loadOne } from '../../src/read/run.ts'
import {
  builder,
  type Context,
  DateTime,
  hasFlag,
  isAdmin,
  isMe,
  Kind,
  Role,
  reads,
  State,
  Style,
  teamVisible,
  throughTeam,
} from './builder.ts'

/** The error of a guard. */
function refusal(missing: string) {
  return () => new GraphQLError(`Reading this needs ${missing}.`, { extensions: { code: 'FORBIDDEN', missing } })
}

/** Nothing is said of the test schema's elements: their names are all there is. */
export const description = '.'

export const Person = reads.type('Person', {
  table: 'people',
  description,
  id: 'person',
  visible: (t, c) => (isAdmin(c) ? undefined : sql`(not ${t.isHidden} or ${isMe(c, t.id)})`),
  guards: {
    contact: { allows: (t, c) => (isAdmin(c) ? undefined : isMe(c, t.id)), refusal: refusal('people:contact') },
    work: {
      allows: (t, c) => (c.flag(hasFlag('auditor')) ? undefined : sql`(${isMe(c, t.bossId)} or ${t.logins} > 5)`),
      refusal: refusal('people:work'),
    },
  },
  fields: (f) => ({
    name: f.column('name', { type: 'String', description }),
    kind: f.column('kind', { type: Kind, description }),
    nickname: f.column('nickname', { type: 'String', description }),
    createdAt: f.column('createdAt', { type: DateTime, description }),
    email: f.column('email', { type: 'String', description, guard: 'contact' }),
    seenAt: f.column('seenAt', { type: DateTime, description, guard: 'contact' }),
    logins: f.column('logins', { type: 'Int', description, guard: 'work' }),
    isMe: f.expression({ type: 'Boolean', description, sql: (t, c) => sql`coalesce(${isMe(c, t.id)}, false)` }),
    seenLabel: f.resolved({
      type: 'String',
      description,
      guard: 'work',
      needs: ['logins', 'seenAt'],
      resolve: (row) => `${row.logins} ${row.seenAt}`,
    }),
    greeting: f.expression({
      type: 'String',
      description,
      nullable: true,
      args: builder.args((t) => ({ style: t.field({ type: Style } as never), word: t.string() })),
      sql: (t, _c, args) => {
        const name = sql`case when ${args.param('style', 'text')} = 'short' then ${t.nickname} else ${t.name} end`
        return args.has('word') ? sql`${args.param('word', 'text')} || ' ' || ${name}` : name
      },
    }),
  }),
})

/** A person as those see who see the person's home. */
export const Profile = reads.type('Profile', {
  table: 'people',
  description,
  visible: (t, c) => throughTeam(c, t.homeId),
  fields: (f) => ({
    nickname: f.column('nickname', { type: 'String', description }),
    isHidden: f.column('isHidden', { type: 'Boolean', description }),
  }),
})

export const Team = reads.type('Team', {
  table: 'teams',
  description,
  id: 'team',
  visible: (t, c) => teamVisible(c, t.id, t.isPrivate),
  guards: {
    money: { allows: (t, c) => (isAdmin(c) ? undefined : isMe(c, t.ownerId)), refusal: refusal('teams:money') },
  },
  fields: (f) => ({
    name: f.column('name', { type: 'String', description }),
    level: f.column('level', { type: 'Int', description }),
    budget: f.column('budget', { type: 'String', description, guard: 'money' }),
    owner: f.one('owner', Person, { description, nullable: true }),
    treasurer: f.one('owner', Person, { description, guard: 'money' }),
    /** A wrong claim, which hides the team instead of showing the owner. */
    claimedOwner: f.one('owner', Person, { description, implied: true }),
  }),
})

export const Membership = reads.type('Membership', {
  table: 'members',
  description,
  id: 'membership',
  visible: (t, c) => (c.flag(hasFlag('auditor')) ? undefined : and(sql`not ${t.isRevoked}`, throughTeam(c, t.teamId))),
  fields: (f) => ({
    role: f.column('role', { type: Role, description }),
    note: f.column('note', { type: 'String', description }),
    joinedAt: f.column('joinedAt', { type: DateTime, description }),
    person: f.one('person', Person, { description, nullable: true }),
  }),
})

export const Task = reads.type('Task', {
  table: 'tasks',
  description,
  id: 'task',
  visible: (t, c) =>
    isAdmin(c) ? undefined : and(throughTeam(c, t.teamId), sql`(not ${t.isRestricted} or ${isMe(c, t.authorId)})`),
  fields: (f) => ({
    title: f.column('title', { type: 'String', description }),
    state: f.column('state', { type: State, description }),
    size: f.column('size', { type: 'Int', description }),
    dueAt: f.column('dueAt', { type: DateTime, description }),
    team: f.one('team', Team, { description, implied: true }),
    author: f.one('author', Person, { description, nullable: true }),
    reviewer: f.one('reviewer', Person, { description }),
    typeLabel: f.resolved({
      type: 'String',
      description,
      needs: ['type', 'size'],
      resolve: (r) => `${r.type}/${r.size}`,
    }),
    loadedReviewer: f.resolved({
      type: Person.ref as TypeOption,
      description,
      nullable: true,
      needs: ['reviewerId'],
      resolve: (row, ctx: Context, info) => loadAs('Person', row.reviewerId, ctx, info),
    }),
    loadedTeam: f.resolved({
      type: Team.ref as TypeOption,
      description,
      nullable: true,
      needs: ['teamId'],
      resolve: (row, ctx: Context, info) => loadAs('Team', row.teamId, ctx, info),
    }),
  }),
})

function loadAs(name: string, id: unknown, ctx: Context, info: GraphQLResolveInfo) {
  return id ? loadOne(ctx.reading, info.schema.getType(name) as GraphQLObjectType, String(id), info) : null
}
