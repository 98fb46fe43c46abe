import { sql } from 'drizzle-orm'
import { isAdministratorFlag } from '../../authority/visibility.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { User } from '../user/type.ts'
import { NOTIFICATION_KINDS, sentenceOf } from './text.ts'

const NotificationState = builder.enumType('NotificationState', {
  description: 'What became of a mail.',
  values: {
    QUEUED: { description: 'It is to be sent; where there is an error, once more.' },
    SENT: { description: 'The mail server took it.' },
    FAILED: { description: 'It was tried often enough.' },
    DROPPED: {
      description:
        'When its time came it was not true any more: the key was revoked or rotated, or nobody is in charge.',
    },
    NOT_SENT: { description: 'The server has no SMTP_URL, and had none then.' },
  },
})

const NotificationKindType = builder.enumType('NotificationKind', {
  description: 'What a mail tells.',
  values: Object.fromEntries(NOTIFICATION_KINDS.map((kind) => [kind, { value: kind, description: sentenceOf(kind) }])),
})

const Notification = reads.type('Notification', {
  table: 'notifications',
  id: 'notification',
  description: 'A mail about a user, to the person in charge. Seen by administrators.',
  authScopes: { signedIn: true },
  visible: (_notification, caller) => (isAdministratorFlag(caller) ? undefined : sql`false`),
  fields: (f) => ({
    kind: f.column('kind', { type: NotificationKindType as never, description: 'What it tells.' }),
    user: f.one('user', User, { nullable: true, description: 'About whom; null where they are gone.' }),
    email: f.column('email', {
      type: 'EmailAddress',
      description: 'Where it goes; what is told later, to whoever is in charge by then.',
    }),
    state: f.column('state', { type: NotificationState as never, description: 'What became of it.' }),
    attempts: f.column('attempts', { type: 'Int', description: 'How often it was tried.' }),
    lastError: f.column('lastError', { type: 'String', description: 'What the mail server said last.' }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'When it was written.' }),
    sentAt: f.column('sentAt', { type: 'DateTime', description: 'When the mail server took it.' }),
  }),
})

const NotificationConnection = reads.connection('Notification', {
  table: 'notifications',
  node: Notification,
  orders: { CREATED_AT: ['createdAt'] },
  defaultOrder: 'CREATED_AT',
  defaultDirection: 'desc',
  filters: {
    state: {
      type: NotificationState as never,
      description: 'Only those of which this became.',
      column: 'state',
      where: (row, args, path) => sql`${row.state} = ${args.param(path, 'text')}`,
    },
    createdAt: filters.time('createdAt', 'Only what was written then.'),
  },
})

reads.queryConnection('notifications', NotificationConnection, {
  description: 'The mails about users, the newest first; for administrators, empty for others.',
  authScopes: { signedIn: true },
})
