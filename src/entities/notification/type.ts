import { sql } from 'drizzle-orm'
import { isAdministratorFlag } from '../../authority/visibility.ts'
import { builder, filters, reads } from '../../graphql/builder.ts'
import { User } from '../user/type.ts'
import { NOTIFICATION_KINDS, sentenceOf } from './text.ts'

const NotificationState = builder.enumType('NotificationState', {
  description: 'The state of a mail.',
  values: {
    QUEUED: { description: 'The mail is waiting to be sent, or to be sent again after an error.' },
    SENT: { description: 'The mail server accepted the mail.' },
    FAILED: {
      description:
        'The mail was not sent, and no further attempt is made: the mail server refused it permanently, or every attempt failed.',
    },
    DROPPED: {
      description:
        'The mail was not sent, because at its time it was no longer true or had no recipient: the key was revoked or rotated, or the user had no e-mail address.',
    },
    NOT_SENT: {
      description:
        'The mail was not sent, because the server had no SMTP_URL when it was written. A warning about a key that expires is queued when a server with SMTP_URL starts.',
    },
  },
})

const NotificationKindType = builder.enumType('NotificationKind', {
  description: 'The kind of change that a mail reports.',
  values: Object.fromEntries(NOTIFICATION_KINDS.map((kind) => [kind, { value: kind, description: sentenceOf(kind) }])),
})

const Notification = reads.type('Notification', {
  table: 'notifications',
  id: 'notification',
  description:
    'A mail about a user, sent to the e-mail address of the person in charge. Only administrators can see it.',
  authScopes: { signedIn: true },
  visible: (_notification, caller) => (isAdministratorFlag(caller) ? undefined : sql`false`),
  fields: (f) => ({
    kind: f.column('kind', {
      type: NotificationKindType,
      description: 'The kind of change that the mail reports.',
    }),
    user: f.one('user', User, {
      nullable: true,
      description: 'The user that the mail is about; null where the user was deleted.',
    }),
    email: f.column('email', {
      type: 'EmailAddress',
      description:
        'The address that the mail is sent to. A mail that is sent later goes to the person in charge at that time.',
    }),
    state: f.column('state', { type: NotificationState, description: 'The current state of the mail.' }),
    attempts: f.column('attempts', { type: 'Int', description: 'The number of attempts to send the mail.' }),
    lastError: f.column('lastError', {
      type: 'String',
      description: 'The last error of the mail server; null where there was none.',
    }),
    createdAt: f.column('createdAt', { type: 'DateTime', description: 'The time when the mail was written.' }),
    sentAt: f.column('sentAt', {
      type: 'DateTime',
      description: 'The time when the mail server accepted the mail; null where it has not.',
    }),
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
      type: NotificationState,
      description: 'Only mails in this state.',
      column: 'state',
      where: (row, args, path) => sql`${row.state} = ${args.param(path, 'text')}`,
    },
    createdAt: filters.time('createdAt', 'Only mails that were written in this period of time.'),
  },
})

reads.queryConnection('notifications', NotificationConnection, {
  description:
    'The mails about users, newest first by default. Only administrators can see them; for other callers the list is empty.',
  authScopes: { signedIn: true },
})
