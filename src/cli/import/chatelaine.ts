/** The users of a Chatelaine server, as `chatelaine export users --format jsonl` writes them. */
import { readJsonLines } from './files.ts'
import { emptyPlan, homeOf, type MapOptions, type Plan, type UserItem } from './plan.ts'

export function mapChatelaine(files: { file: string; text: string }[], options: MapOptions): Plan {
  const plan = emptyPlan()
  for (const { file, text } of files)
    for (const { value, at } of readJsonLines(file, text)) {
      const { username } = value
      if (typeof username !== 'string') plan.problems.push({ name: at, why: 'It has no "username".' })
      else if (username.toLowerCase() === 'root') plan.problems.push({ name: 'user root', why: ROOT })
      else plan.users.push({ ...homeOf(options), ...value } as UserItem)
    }
  return plan
}

export const ROOT = 'root is the server’s own user, and every server has its own.'
