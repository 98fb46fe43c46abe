/** The scripts with which shells ask this program what fits the word that is being typed. */
import { UsageError } from './values.ts'

/** Words are cut at spaces alone: bash cuts them at "=" too, so that what stands before is taken off again. */
const BASH = `_chatelaine() {
  local line="\${COMP_LINE:0:COMP_POINT}" value word
  local -a words
  read -ra words <<< "$line"
  [[ "$line" == *' ' ]] && words+=('')
  word="\${words[\${#words[@]}-1]}"
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    COMPREPLY+=("\${value#"\${word%"\${word##*[=:]}"}"}")
  done < <(chatelaine complete -- "\${words[@]:1}" 2>/dev/null)
  [[ "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -o default -F _chatelaine chatelaine
`

const ZSH = `#compdef chatelaine
_chatelaine() {
  local value about
  local -a values open
  while IFS=$'\\t' read -r value about; do
    if [[ "$value" == *= ]]; then open+=("$value"); else values+=("\${value//:/\\\\:}:$about"); fi
  done < <(chatelaine complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#open )) && compadd -S '' -- $open
  (( $#values )) && _describe chatelaine values
  (( $#open + $#values )) || _files
}
compdef _chatelaine chatelaine
`

const FISH = `function __chatelaine_complete
  set -l words (commandline -opc) (commandline -ct)
  chatelaine complete -- $words[2..-1] 2>/dev/null
end
complete -c chatelaine -f -a '(__chatelaine_complete)'
complete -c chatelaine -n '__fish_seen_subcommand_from backup restore export-audit' -F
`

const POWERSHELL = `Register-ArgumentCompleter -Native -CommandName chatelaine -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { $_.ToString() })
  $new = if ($word -eq '') { '--new' } else { $null }
  chatelaine complete $new -- @words 2>$null | ForEach-Object {
    $value, $about = $_ -split "\`t", 2
    if (-not $about) { $about = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
  }
}
`

const SCRIPTS: Record<string, string> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL }

/** Returns the script for a shell: `source <(chatelaine completion bash)`. @throws UsageError for an unknown shell */
export function completionScript(shell: string): string {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined
  if (script) return script
  throw new UsageError(`There is a completion for ${Object.keys(SCRIPTS).join(', ')}, not for "${shell}".`)
}
