/** Writes scripts with which a shell completes commands and their flags. They are made from the program itself, so they are never outdated. */
import type { Command } from 'commander'
import { summarize } from './help.ts'
import { UsageError } from './values.ts'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript }

/** Returns the script for a shell: `source <(chatelaine completion bash)`. @throws UsageError for an unknown shell */
export function completionScript(program: Command, shell: string): string {
  if (!Object.hasOwn(SHELLS, shell)) {
    throw new UsageError(`There is a completion for ${Object.keys(SHELLS).join(', ')}, not for "${shell}".`)
  }
  return SHELLS[shell as keyof typeof SHELLS](program)
}

function flagsOf(command: Command): string[] {
  return command.options.flatMap((option) => option.long ?? [])
}

function commandNames(program: Command): string[] {
  return program.commands.map((command) => command.name())
}

function bashScript(program: Command): string {
  const cases = program.commands.map(
    (command) => `    ${command.name()}) words="${flagsOf(command).join(' ')} --help" ;;`,
  )
  return `_chatelaine() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case " ${commandNames(program).join(' ')} " in *" \${COMP_WORDS[i]} "*) command="\${COMP_WORDS[i]}"; break ;; esac
  done
  case "$command" in
${cases.join('\n')}
    *) words="${[...commandNames(program), ...flagsOf(program)].join(' ')}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _chatelaine chatelaine
`
}

function zshScript(program: Command): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`
}

function fishScript(program: Command): string {
  const first = '__fish_use_subcommand'
  const lines = program.commands.flatMap((command) => [
    `complete -c chatelaine -f -n ${first} -a ${command.name()} -d '${quoted(summarize(command))}'`,
    ...command.options.map(
      (option) =>
        `complete -c chatelaine -n '__fish_seen_subcommand_from ${command.name()}' -l ${option.long?.slice(2)} -d '${quoted(option.description)}'`,
    ),
  ])
  return `${lines.join('\n')}\n`
}

/** Escapes a text for the single quotes of fish. */
function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', ' ')
}
