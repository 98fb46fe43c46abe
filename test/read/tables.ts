/** Tables of the read path's own test: small, and with something to hide in each. */
import { defineRelations } from 'drizzle-orm'
import { bigint, boolean, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instant, nameKey } from '../../src/db/columns.ts'

export const people = pgTable(
  'people',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    kind: text('kind').notNull(),
    nickname: text('nickname'),
    email: text('email').notNull(),
    logins: integer('logins').notNull(),
    isHidden: boolean('is_hidden').notNull(),
    bossId: uuid('boss_id'),
    homeId: uuid('home_id').notNull(),
    createdAt: instant('created_at').notNull(),
    seenAt: instant('seen_at'),
  },
  (t) => [
    index('people_name_order').on(t.nameKey, t.id),
    index('people_created_order').on(t.createdAt, t.id),
    index('people_boss_name_order').on(t.bossId, t.nameKey, t.id),
    index('people_boss_created_order').on(t.bossId, t.createdAt, t.id),
  ],
)

export const teams = pgTable(
  'teams',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    nameKey: nameKey('name_key', 'name'),
    level: integer('level').notNull(),
    budget: bigint('budget', { mode: 'bigint' }),
    isPrivate: boolean('is_private').notNull(),
    ownerId: uuid('owner_id').notNull(),
  },
  (t) => [index('teams_name_order').on(t.nameKey, t.id), index('teams_level_order').on(t.level, t.nameKey, t.id)],
)

export const members = pgTable(
  'members',
  {
    id: uuid('id').primaryKey(),
    teamId: uuid('team_id').notNull(),
    personId: uuid('person_id').notNull(),
    inviterId: uuid('inviter_id'),
    role: text('role').notNull(),
    note: text('note'),
    isRevoked: boolean('is_revoked').notNull(),
    joinedAt: instant('joined_at').notNull(),
  },
  (t) => [
    index('members_order').on(t.joinedAt, t.id),
    index('members_role_order').on(t.role, t.joinedAt, t.id),
    index('members_team_order').on(t.teamId, t.joinedAt, t.id),
    index('members_team_role_order').on(t.teamId, t.role, t.joinedAt, t.id),
    index('members_person_order').on(t.personId, t.joinedAt, t.id),
  ],
)

export const tasks = pgTable(
  'tasks',
  {
    id: uuid('id').primaryKey(),
    teamId: uuid('team_id').notNull(),
    authorId: uuid('author_id').notNull(),
    reviewerId: uuid('reviewer_id'),
    parentId: uuid('parent_id'),
    title: text('title').notNull(),
    titleKey: nameKey('title_key', 'title'),
    type: text('type').notNull(),
    state: text('state'),
    size: integer('size').notNull(),
    isRestricted: boolean('is_restricted').notNull(),
    createdAt: instant('created_at').notNull(),
    dueAt: instant('due_at'),
  },
  (t) => [
    index('tasks_title_order').on(t.titleKey, t.id),
    index('tasks_created_order').on(t.createdAt, t.id),
    index('tasks_size_order').on(t.size, t.createdAt, t.id),
    ...[t.teamId, t.authorId, t.parentId].flatMap((key) => [
      index(`tasks_${key.name}_title_order`).on(key, t.titleKey, t.id),
      index(`tasks_${key.name}_created_order`).on(key, t.createdAt, t.id),
      index(`tasks_${key.name}_size_order`).on(key, t.size, t.createdAt, t.id),
    ]),
  ],
)

export const tables = { people, teams, members, tasks }

export const relations = defineRelations(tables, (r) => ({
  people: {
    boss: r.one.people({ from: r.people.bossId, to: r.people.id, alias: 'boss' }),
    staff: r.many.people({ from: r.people.id, to: r.people.bossId, alias: 'boss' }),
    home: r.one.teams({ from: r.people.homeId, to: r.teams.id, optional: false, alias: 'home' }),
    members: r.many.members({ from: r.people.id, to: r.members.personId, alias: 'member' }),
    tasks: r.many.tasks({ from: r.people.id, to: r.tasks.authorId, alias: 'author' }),
  },
  teams: {
    owner: r.one.people({ from: r.teams.ownerId, to: r.people.id, optional: false, alias: 'owner' }),
    members: r.many.members({ from: r.teams.id, to: r.members.teamId }),
    tasks: r.many.tasks({ from: r.teams.id, to: r.tasks.teamId }),
  },
  members: {
    team: r.one.teams({ from: r.members.teamId, to: r.teams.id, optional: false }),
    person: r.one.people({ from: r.members.personId, to: r.people.id, optional: false, alias: 'member' }),
    inviter: r.one.people({ from: r.members.inviterId, to: r.people.id, alias: 'inviter' }),
  },
  tasks: {
    team: r.one.teams({ from: r.tasks.teamId, to: r.teams.id, optional: false }),
    author: r.one.people({ from: r.tasks.authorId, to: r.people.id, optional: false, alias: 'author' }),
    reviewer: r.one.people({ from: r.tasks.reviewerId, to: r.people.id, alias: 'reviewer' }),
    parent: r.one.tasks({ from: r.tasks.parentId, to: r.tasks.id, alias: 'parent' }),
    subtasks: r.many.tasks({ from: r.tasks.id, to: r.tasks.parentId, alias: 'parent' }),
  },
}))
