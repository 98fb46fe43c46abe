/** One example for each command, which its help shows. A test runs them. */

const KEY = 'key_0198f2c4-7d7e-7a30-9a51-2f6f1b0c4d5e'
const SESSION = 'session_0198f2c4-7d7e-7a30-9a51-2f6f1b0c4d5e'
const WEBHOOK = 'webhook_0198f2c4-7d7e-7a30-9a51-2f6f1b0c4d5e'
const DELETED = 'user_0198f2c4-7d7e-7a30-9a51-2f6f1b0c4d5e'
const SSH_KEY = '"$(cat id_ed25519.pub)"'

const USERS = {
  users: 'users --filter username.startsWith=b --order-by created-at',
  user: 'user bob',
  'create-user': 'create-user carol --email carol@example.test --role VERSION_MANAGER',
  'create-service-user': 'create-service-user uploader --email me@example.test --role VERSION_MANAGER',
  'update-user': 'update-user bob --display-name "Bob B." --clear email',
  'update-viewer': 'update-viewer --display-name "Bob B."',
  'disable-user': 'disable-user bob --reason "on leave" --expires-at 2099-01-31T08:00:00Z',
  'enable-user': 'enable-user bob',
  'delete-user': 'delete-user bob --dry-run',
  'deleted-users': 'deleted-users --filter username.startsWith=b',
  'restore-user': `restore-user ${DELETED}`,
}

const KEYS = {
  'api-keys': 'api-keys --filter isValid=true,notUsedSince=2026-01-01T00:00:00Z',
  'create-api-key': 'create-api-key nightly --user bob --limits role=VERSION_MANAGER,project=apollo',
  'update-api-key': `update-api-key ${KEY} --label nightly`,
  'rotate-api-key': `rotate-api-key ${KEY}`,
  'revoke-api-key': `revoke-api-key ${KEY}`,
  'verify-api-key': 'verify-api-key',
}

const PASSWORDS = {
  'sign-in': 'sign-in bob',
  'sign-out': 'sign-out',
  'sign-out-everywhere': 'sign-out-everywhere --user bob',
  'end-session': `end-session ${SESSION}`,
  'verify-session': 'verify-session',
  'change-password': 'change-password --current-password',
  'set-user-password': 'set-user-password bob',
  'unlock-user': 'unlock-user bob',
}

const ROLES = {
  roles: 'roles --filter name.startsWith=V',
  role: 'role VERSION_MANAGER',
  permissions: 'permissions --all',
  'create-role': 'create-role REVIEWER --permissions doc.read doc.comment --title "Reads and comments"',
  'update-role': 'update-role EDITOR --add-permissions doc.publish --remove-permissions doc.edit',
  'delete-role': 'delete-role EDITOR',
  'grant-roles': 'grant-roles bob --roles role=VERSION_MANAGER,project=apollo --roles EDITOR,organization=default',
  'revoke-roles': 'revoke-roles bob --roles role=VERSION_MANAGER,project=apollo',
  'set-roles': 'set-roles bob --project apollo --roles VERSION_MANAGER --roles EDITOR',
}

const ORGANIZATIONS = {
  organizations: 'organizations --order-by field=name,direction=desc',
  organization: 'organization default',
  'create-organization': 'create-organization acme --title "Acme Ltd." --base-permissions users.read',
  'update-organization': 'update-organization default --token-ttl PT8H',
  'delete-organization': 'delete-organization empty',
  projects: 'projects --filter code.startsWith=a',
  project: 'project apollo',
  'create-project': 'create-project gemini --title "The second one"',
  'update-project': 'update-project apollo --code apollo2',
  'delete-project': 'delete-project apollo --dry-run',
}

const CONTROLLERS = {
  controllers: 'controllers --first 50',
  controller: 'controller gce1',
  'create-controller': 'create-controller gce2 --type gce',
  'update-controller': 'update-controller gce1 --name gce0',
  'delete-controller': 'delete-controller idle',
  models: 'models --filter name.equals=default',
  model: 'model gce1 --name default',
  'create-model': 'create-model gce1 --name staging',
  'update-model': 'update-model gce1 --model default --name main',
  'delete-model': 'delete-model gce1 --model default',
  'grant-controller-access': 'grant-controller-access bob --controller gce1 --access add-model',
  'revoke-controller-access': 'revoke-controller-access bob --controller gce1',
  'set-controller-access': 'set-controller-access bob --controller gce1 --access login',
  'grant-model-access': 'grant-model-access bob --controller gce1 --model default --access write',
  'revoke-model-access': 'revoke-model-access bob --controller gce1 --model default --access write',
  'set-model-access': 'set-model-access bob --controller gce1 --model default --access read',
}

const CREDENTIALS = {
  'add-credential': 'add-credential aws2 --user bob --attributes accessKey.accessKey=AKIA,accessKey.secretKey=-',
  'reveal-credential': 'reveal-credential aws',
  'replace-credential': 'replace-credential aws --user bob --attributes accessKey.accessKey=AKIA,accessKey.secretKey=-',
  'remove-credential': 'remove-credential aws --user bob',
  'add-ssh-key': `add-ssh-key ${SSH_KEY} --user bob`,
  'remove-ssh-key': `remove-ssh-key --user bob --key ${SSH_KEY}`,
}

const ACCESS = {
  'can-i': 'can-i version.create apollo --user bob',
  why: 'why bob version.create apollo',
  'who-can': 'who-can write gce1/default',
  'check-access': 'check-access --user bob --questions permission.permission=version.create,permission.project=apollo',
  'access-changes': 'access-changes 2026-01-01T00:00:00Z --user bob',
  viewer: 'viewer',
}

const AUDIT = {
  'audit-events': 'audit-events --filter actor=root,outcome=refused',
  'export-audit': 'export-audit audit.jsonl --before 2026-01-31',
  notifications: 'notifications --filter state=failed',
  node: `node ${KEY}`,
  nodes: `nodes ${KEY}`,
}

const WEBHOOKS = {
  changes: 'changes --first 50',
  webhooks: 'webhooks',
  'create-webhook': 'create-webhook https://example.com/changes --types user.created user.deleted',
  'update-webhook': `update-webhook ${WEBHOOK} --is-paused true`,
  'delete-webhook': `delete-webhook ${WEBHOOK}`,
  'rotate-webhook-secret': `rotate-webhook-secret ${WEBHOOK}`,
  'test-webhook': `test-webhook ${WEBHOOK}`,
  'replay-webhook': `replay-webhook ${WEBHOOK} --after ""`,
}

const DATA = {
  import: 'import users.csv --from csv --dry-run',
  'import-users': 'import-users --items username=carol,email=carol@example.test --on-error skip --dry-run',
  export: 'export users --format csv',
}

const SERVER = {
  serve: 'serve',
  migrate: 'migrate',
  backup: 'backup chatelaine.backup',
  restore: 'restore chatelaine.backup',
  move: 'move --to postgres://chatelaine@127.0.0.1:5432/chatelaine',
  'rotate-signing-key': 'rotate-signing-key',
  'rotate-encryption-key': 'rotate-encryption-key',
  'set-read-only': 'set-read-only true',
}

const SCRIPTS = {
  ensure: 'ensure role EDITOR --permissions doc.edit doc.read',
  'ensure user': 'ensure user uploader --service --email me@example.test',
  'ensure role': 'ensure role EDITOR --permissions doc.edit doc.read --title Editor',
  'ensure project': 'ensure project apollo --title "To the moon"',
  'ensure controller': 'ensure controller gce1 --type gce',
  'ensure grant': 'ensure grant bob EDITOR apollo --expires-at 2099-01-31T00:00:00Z',
}

const CLIENT = {
  login: 'login https://chatelaine.example.com --username bob --name prod',
  use: 'use prod',
  whoami: 'whoami',
  logout: 'logout prod',
  open: 'open users --filter username.startsWith=b',
  completion: 'completion bash',
  man: 'man',
  help: 'help users',
}

export const EXAMPLES: Record<string, string> = {
  ...USERS,
  ...KEYS,
  ...PASSWORDS,
  ...ROLES,
  ...ORGANIZATIONS,
  ...CONTROLLERS,
  ...CREDENTIALS,
  ...ACCESS,
  ...WEBHOOKS,
  ...DATA,
  ...AUDIT,
  ...SERVER,
  ...SCRIPTS,
  ...CLIENT,
}
