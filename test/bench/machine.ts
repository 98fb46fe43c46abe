/** On what the benchmark ran. */
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, totalmem, type } from 'node:os'
import { ROOT_FOLDER } from './programs.ts'

export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return `${availableParallelism()} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()}`
}

/** The commit that was measured; `changed` where the files differ from it. */
export function describeCommit(): string {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: ROOT_FOLDER, encoding: 'utf8' }).stdout?.trim() ?? ''
  const commit = git('rev-parse', '--short', 'HEAD')
  if (commit === '') return 'unknown'
  return git('status', '--porcelain', '--', 'src', 'package-lock.json') === '' ? commit : `${commit}, changed`
}
