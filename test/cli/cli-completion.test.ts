import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'

/** What bash offers after these words. */
function completions(script: string, words: string[]): string[] {
  const line = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _chatelaine; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', line], { encoding: 'utf8' }).trim().split('\n')
}

test('bash completes commands and their flags', async () => {
  const { code, stdout } = await runProgram(['completion', 'bash'], {})

  expect(code).toBe(0)
  expect(completions(stdout, ['chatelaine', 'grant-'])).toEqual([
    'grant-roles',
    'grant-controller-access',
    'grant-model-access',
  ])
  expect(completions(stdout, ['chatelaine', 'grant-model-access', 'bob', '--a'])).toEqual(['--access'])
  expect(completions(stdout, ['chatelaine', '--url', 'http://x', 'users', '--fil'])).toEqual(['--filter'])
})

test('an unknown shell is wrong usage, and the message names the known shells', async () => {
  const { code, stderr } = await runProgram(['completion', 'tcsh'], {})

  expect(code).toBe(2)
  expect(stderr).toBe('chatelaine: There is a completion for bash, zsh, fish, not for "tcsh".\n')
})
