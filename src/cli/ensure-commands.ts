/** The commands that create something or bring it to a state. What they do is loaded when they run. */
import type { Command } from 'commander'
import type { Change, Goal, ProjectGoal, UserGoal } from './ensure/goals.ts'
import type { Grant } from './ensure/grant.ts'
import type { Run } from './run.ts'

interface Dry {
  dryRun?: boolean
}

const ORGANIZATION = ['--organization <name>', 'its organization, which is permanent; yours by default'] as const

export function addEnsureCommands(program: Command, run: Run) {
  const ensure = program
    .command('ensure')
    .description('Create something or bring it to a state: prints changed or unchanged, and can be repeated.')
    .helpCommand(false)
  const goals = () => import('./ensure/goals.ts')
  const add = (name: string, description: string) =>
    ensure.command(name).description(description).option('--dry-run', 'change nothing, and say what would be said')
  const bring = (goal: Goal, flags: Dry) => bringAbout(program, run, { goal }, flags)
  add('user', 'A user with these values; others stay as they are. A new one has no key and no password by default.')
    .argument('<username>', 'the username; with --service, with or without api-')
    .option('--email <address>', 'the address for notifications')
    .option('--display-name <name>', 'a name for people')
    .option(...ORGANIZATION)
    .option('--service', 'a service user, which has a first key; its secret is printed where it is new')
    .option('--with-api-key', 'print the secret of a first key where the user is new')
    .action(async (username: string, flags: UserGoal & Dry) => bring((await goals()).userGoal(username, flags), flags))
  add('role', 'A role with exactly these permissions.')
    .argument('<name>', 'the name of the role')
    .requiredOption('--permissions <names...>', 'all its permissions, like version.create')
    .option('--title <title>', 'a title for people')
    .option('--organization <name>', 'the organization of the role; a role of the server by default')
    .action(async (name: string, flags: { permissions: string[] } & Dry) =>
      bring((await goals()).roleGoal(name, flags), flags),
    )
  add('project', 'A project with this title.')
    .argument('<code>', 'the code of the project')
    .option('--title <title>', 'a title for people')
    .option(...ORGANIZATION)
    .action(async (code: string, flags: ProjectGoal & Dry) => bring((await goals()).projectGoal(code, flags), flags))
  add('controller', 'A controller of this type.')
    .argument('<name>', 'the name of the controller')
    .requiredOption('--type <type>', 'the type of its cloud, like gce')
    .option(...ORGANIZATION)
    .action(async (name: string, flags: { type: string } & Dry) =>
      bring((await goals()).controllerGoal(name, flags), flags),
    )
  addGrant(add('grant', 'A role or a level that a user holds, at least as high and as long.'), program, run)
}

function addGrant(command: Command, program: Command, run: Run) {
  command
    .argument('<user>', 'the username or id of the user')
    .argument('<what>', 'a role like EDITOR, or a level like write')
    .argument('[on]', 'a project of a role, or the model or controller of a level: gce1/default, gce1')
    .option('--organization <name>', 'grant the role in this organization')
    .option('--everywhere', 'grant the role everywhere')
    .option('--expires-at <time>', 'the planned end, like 2027-01-31T00:00:00Z; none by default')
    .action(async (user: string, what: string, on: string | undefined, flags: Partial<Grant> & Dry) => {
      const { grantChange } = await import('./ensure/grant.ts')
      await bringAbout(program, run, { change: grantChange({ ...flags, user, what, on }) }, flags)
    })
}

async function bringAbout(
  program: Command,
  run: Run,
  wanted: { goal: Goal } | { change: Change },
  { dryRun = false }: Dry,
) {
  const [{ ensure, ensureBy }, { readLook }] = await Promise.all([import('./ensure/ensure.ts'), import('./output.ts')])
  const isJson = readLook(run.terminal, program.opts()).form === 'json'
  const manner = { target: program.opts(), isDry: dryRun, isJson }
  run.exitCode =
    'goal' in wanted
      ? await ensure(run.terminal, wanted.goal, manner)
      : await ensureBy(run.terminal, wanted.change, manner)
}
