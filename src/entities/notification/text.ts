/** The texts of the mails. They contain nothing that gives access to an account. */

const TEXTS = {
  USER_CREATED: 'The user {username} was created.',
  USER_DISABLED: 'The user {username} was disabled: nothing works for them until {until}.',
  USER_ENABLED: 'The user {username} was enabled: what they hold counts again.',
  USER_DELETED: 'The user {username} was deleted, with all keys and access.',
  USER_RESTORED: 'The user {username} was restored: nothing works for them until they are enabled.',
  EMAIL_CHANGED: 'The e-mail address of {username} was changed. If that was not expected, tell an administrator.',
  PASSWORD_SET: 'The password of {username} was set again. If that was not you, tell an administrator.',
  KEY_CREATED: 'A new API key “{label}” was made for {username}.',
  KEY_ROTATED: 'The API key “{label}” of {username} was replaced by a new one. The old one works {until}.',
  KEY_CHANGED: 'The API key “{label}” of {username} was changed: its label, its end or its limits.',
  KEY_REVOKED: 'The API key “{label}” of {username} was revoked: it works no more.',
  WEBHOOK_DISABLED: 'The webhook {url} of {username} was disabled: {reason}. It sends nothing until it is resumed.',
  KEY_EXPIRING: 'The API key “{label}” of {username} expires at {until}. Rotate it before that.',
} as const

export type NotificationKind = keyof typeof TEXTS

export const NOTIFICATION_KINDS = Object.keys(TEXTS) as NotificationKind[]

/** Returns the sentence of a kind, with dots in place of its values. */
export function sentenceOf(kind: NotificationKind): string {
  return `“${TEXTS[kind].replace(/\{\w+\}/g, '…')}”`
}

interface Mail {
  subject: string
  text: string
}

/** Returns the mail of a kind. A value that the details do not contain is left empty. */
export function mailOf(kind: NotificationKind, details: Record<string, string>): Mail {
  const sentence = TEXTS[kind].replace(/\{(\w+)\}/g, (_braces, name: string) => oneLine(details[name] ?? ''))
  const reason = details.isFormer
    ? 'was that of the person in charge until this change'
    : 'is that of the person in charge'
  const actor = details.actor ? `By: ${oneLine(details.actor)}\n` : ''
  return {
    subject: `Chatelaine: ${kind.toLowerCase().replace('_', ' ')}, ${oneLine(details.username ?? '')}`,
    text: `${sentence}\n\nWhen: ${details.at ?? ''}\n${actor}\nYou get this because your address ${reason}.\n`,
  }
}

/** Removes line breaks and control characters: a user writes a label and must not add lines or control a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200)
}
