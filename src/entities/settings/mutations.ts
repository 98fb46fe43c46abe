import { ConflictError } from '../../errors.ts'
import { mutation } from '../../mutation/declare.ts'
import { SERVER } from '../audit/targets.ts'
import { writeReadOnly } from './operations.ts'

mutation({
  name: 'setReadOnly',
  description:
    'Starts or ends read-only mode. In this mode every change is refused with READ_ONLY, except signing in and out, ending sessions, disabling users, revoking keys, and this mutation. It returns when all changes in progress have ended.',
  input: (t) => ({ isReadOnly: t.boolean({ required: true, description: 'True to refuse changes from now on.' }) }),
  payload: (p) => ({
    isReadOnly: p.boolean('Whether the server is read-only now.'),
    changed: p.boolean('False where the server was already in that mode.'),
  }),
  find: () => ({}),
  target: () => SERVER,
  may: (by) => by.administrators(),
  grants: 'nothing',
  errors: ['CONFLICT'],
  readOnlyMode: 'SETS',
  async run({ ctx: { services }, tx, input: { isReadOnly } }) {
    if (services.config.readOnly) throw new ConflictError('Read-only mode is set by READ_ONLY: start without it.')
    const before = await writeReadOnly(tx, isReadOnly)
    return {
      values: { isReadOnly, changed: before !== isReadOnly },
      change: before === isReadOnly ? null : { before: { isReadOnly: before }, after: { isReadOnly } },
    }
  },
})
