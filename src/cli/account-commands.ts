/** The commands for the servers that a person works with. What they do is loaded when they run. */
import type { Command } from 'commander'
import type { Run } from './run.ts'

export function addAccountCommands(program: Command, run: Run) {
  const { terminal } = run
  program
    .command('login')
    .description('Sign in to a server and keep it as a profile, which commands use from then on.')
    .argument('[server]', 'the address of the server; by default CHATELAINE_URL, or that of the current profile')
    .option('--username <name>', 'the username; it is asked for otherwise')
    .option('--with-key', 'sign in with an API key, asked for or from CHATELAINE_API_KEY, and not with a password')
    .option('--name <profile>', 'the name of the profile; the host of the server by default')
    .action(async (server: string | undefined, flags: { username?: string; withKey?: boolean; name?: string }) => {
      const { login } = await import('./login.ts')
      const url = server ?? program.opts().url ?? terminal.env.CHATELAINE_URL
      run.exitCode = await login(terminal, { ...flags, withKey: flags.withKey === true, url })
    })
  program
    .command('use')
    .description('Use another profile from now on, or list the profiles.')
    .argument('[profile]', 'the name of the profile; all are listed otherwise')
    .action(async (name?: string) => {
      const { use } = await import('./login.ts')
      const { readLook } = await import('./output.ts')
      run.exitCode = use(terminal, name, readLook(terminal, program.opts()))
    })
  program
    .command('whoami')
    .description('Say as which user, by what and on which server commands are done.')
    .action(async () => {
      const { whoAmI } = await import('./login.ts')
      const { readLook } = await import('./output.ts')
      run.exitCode = await whoAmI(terminal, program.opts(), readLook(terminal, program.opts()))
    })
  program
    .command('logout')
    .description('End the session of a profile, and forget the profile.')
    .argument('[profile]', 'the name of the profile; the current one by default')
    .action(async (name?: string) => {
      const { logout } = await import('./login.ts')
      run.exitCode = await logout(terminal, name)
    })
}
