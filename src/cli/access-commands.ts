/** The short questions about access. What they do is loaded when they run. */
import type { Command } from 'commander'
import type { Run } from './run.ts'

const ON =
  'a project like apollo, a model like gce1/default, a controller like gce1, or the value of a command; else everywhere'
const WHAT = 'a permission like version.create, a level like write, or a command like delete-user'

interface Given {
  user?: string
  organization?: string
  at?: string
}

export function addAccessCommands(program: Command, run: Run) {
  const { terminal } = run
  const asked = async (what: string, on: string | undefined, { organization, at }: Given) => {
    const { readQuestion } = await import('./access/question.ts')
    const { readLook } = await import('./output.ts')
    const { form } = readLook(terminal, program.opts())
    return {
      question: (await mutationOf(what, on)) ?? readQuestion(what, on, organization),
      isJson: form === 'json',
      target: program.opts(),
      ...(at !== undefined && { at }),
    }
  }
  program
    .command('can-i')
    .description('Say whether you, or another user, may do something: yes with exit code 0, or no with exit code 1.')
    .argument('<what>', WHAT)
    .argument('[on]', ON)
    .option('--organization <name>', 'ask about a permission in this organization')
    .option('--user <username>', 'ask about this user')
    .option('--at <time>', 'ask about a time in the past, like 2026-01-31T12:00:00Z')
    .action(async (what: string, on: string | undefined, given: Given) => {
      const { canI } = await import('./access/check.ts')
      run.exitCode = await canI(terminal, {
        ...(await asked(what, on, given)),
        ...(given.user && { user: given.user }),
      })
    })
  program
    .command('why')
    .description('Draw by what a user may do something, or what is one step away from it.')
    .argument('<user>', 'the username or id of the user')
    .argument('<what>', WHAT)
    .argument('[on]', ON)
    .option('--organization <name>', 'ask about a permission in this organization')
    .option('--at <time>', 'ask about a time in the past, like 2026-01-31T12:00:00Z')
    .action(async (user: string, what: string, on: string | undefined, given: Given) => {
      const { why } = await import('./access/check.ts')
      run.exitCode = await why(terminal, { ...(await asked(what, on, given)), user })
    })
  program
    .command('who-can')
    .description('List the users who may do something, with what they hold. Only users that you may see are listed.')
    .argument('<what>', WHAT)
    .argument('[on]', ON)
    .option('--organization <name>', 'ask about a permission in this organization')
    .action(async (what: string, on: string | undefined, given: Given) => {
      const { whoCan } = await import('./access/who-can.ts')
      const { readLook } = await import('./output.ts')
      run.exitCode = await whoCan(terminal, {
        ...(await asked(what, on, given)),
        ...readLook(terminal, program.opts()),
      })
    })
}

/** The schema is read only where the word can be a command. */
async function mutationOf(what: string, on: string | undefined) {
  const { isLevel } = await import('./access/question.ts')
  if (what.includes('.') || isLevel(what)) return null
  return (await import('./access/mutation.ts')).readMutation(what, on)
}
