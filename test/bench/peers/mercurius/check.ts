/** W5: the check of a permission. */
import { wordsAllowing } from '../../../../src/authority/permissions.ts'
import { selectCode } from '../statements.ts'
import { pool } from './pool.ts'

interface CheckAccessInput {
  user: string
  questions: { permission: { permission: string; project: string } }[]
}

const CHECK = { name: 'check', text: selectCode('$1', '$2::text[]', '$3') }

export function checkAccess(_root: unknown, { input }: { input: CheckAccessInput }) {
  return Promise.all(
    input.questions.map(async ({ permission: { permission, project } }) => {
      const values = [input.user.toLowerCase(), wordsAllowing(permission), project.toLowerCase()]
      const { rows } = await pool.query({ ...CHECK, values })
      if (!rows[0]) throw new Error(`There is no user ${input.user}.`)
      return { isAllowed: rows[0].code === 'ALLOWED', code: rows[0].code }
    }),
  )
}
