/** The topics by which the help lists the commands. */

/** A subject of the help, with its commands in the order in which they are listed. */
export interface Topic {
  name: string
  /** One line about it. */
  summary: string
  commands: string[]
}

export const TOPICS: Topic[] = [
  {
    name: 'users',
    summary: 'People and programs: create, change, suspend, delete and restore them.',
    commands: [
      ...['users', 'user', 'create-user', 'create-service-user', 'update-user', 'update-viewer'],
      ...['disable-user', 'enable-user', 'delete-user', 'deleted-users', 'restore-user'],
    ],
  },
  {
    name: 'keys',
    summary: 'API keys of users: create, limit, replace, end and verify them.',
    commands: ['api-keys', 'create-api-key', 'update-api-key', 'rotate-api-key', 'revoke-api-key', 'verify-api-key'],
  },
  {
    name: 'passwords',
    summary: 'Passwords, and the sessions that they begin.',
    commands: [
      ...['sign-in', 'sign-out', 'sign-out-everywhere', 'end-session', 'verify-session', 'change-password'],
      ...['set-user-password', 'unlock-user'],
    ],
  },
  {
    name: 'roles',
    summary: 'Roles, the permissions in them, and the users who hold them.',
    commands: [
      ...['roles', 'role', 'permissions', 'create-role', 'update-role', 'delete-role', 'grant-roles', 'revoke-roles'],
      'set-roles',
    ],
  },
  {
    name: 'organizations',
    summary: 'Organizations and their projects, in which roles are held.',
    commands: [
      ...['organizations', 'organization', 'create-organization', 'update-organization', 'delete-organization'],
      ...['projects', 'project', 'create-project', 'update-project', 'delete-project'],
    ],
  },
  {
    name: 'controllers',
    summary: 'Controllers, their models, and the levels that users have on them.',
    commands: [
      ...['controllers', 'controller', 'create-controller', 'update-controller', 'delete-controller'],
      ...['models', 'model', 'create-model', 'update-model', 'delete-model'],
      ...['grant-controller-access', 'revoke-controller-access', 'set-controller-access'],
      ...['grant-model-access', 'revoke-model-access', 'set-model-access'],
    ],
  },
  {
    name: 'credentials',
    summary: 'Cloud credentials and SSH keys of users.',
    commands: [
      'add-credential',
      'reveal-credential',
      'replace-credential',
      'remove-credential',
      'add-ssh-key',
      'remove-ssh-key',
    ],
  },
  {
    name: 'access',
    summary: 'What a user may do and why, who may do it, and what has changed.',
    commands: ['can-i', 'why', 'who-can', 'check-access', 'access-changes', 'viewer'],
  },
  {
    name: 'audit',
    summary: 'What was done or refused, and the mails that were sent.',
    commands: ['audit-events', 'export-audit', 'notifications', 'node', 'nodes'],
  },
  {
    name: 'webhooks',
    summary: 'The committed changes in their order, and where they are sent.',
    commands: [
      ...['changes', 'webhooks', 'create-webhook', 'update-webhook', 'delete-webhook'],
      ...['rotate-webhook-secret', 'test-webhook', 'replay-webhook'],
    ],
  },
  {
    name: 'data',
    summary: 'Bring users of another system, and write out what is here.',
    commands: ['import', 'import-users', 'export'],
  },
  {
    name: 'scripts',
    summary: 'What scripts repeat: create something, or bring it to a state.',
    commands: ['ensure'],
  },
  {
    name: 'server',
    summary: 'Start, migrate, back up and move the server, and replace its keys.',
    commands: [
      ...['serve', 'migrate', 'backup', 'restore', 'move', 'rotate-signing-key', 'rotate-encryption-key'],
      'set-read-only',
    ],
  },
  {
    name: 'client',
    summary: 'This program itself: the servers that you sign in to, completion, and its help.',
    commands: ['login', 'use', 'whoami', 'logout', 'open', 'completion', 'man', 'help'],
  },
]
