import { ConflictError } from '../../errors.ts'
import { mutation } from '../../mutation/declare.ts'
import { SERVER } from '../audit/targets.ts'
import { writeReadOnly } from './operations.ts'

mutation({
  name: 'setReadOnly',
  description:
    'Sets or ends read-only mode, in which every change is refused with READ_ONLY but signing in and out, disabling users, revoking keys, and this. It answers when the changes under way have ended.',
  input: (t) => ({ readOnly: t.boolean({ required: true, description: 'Are changes to be refused from now on?' }) }),
  payload: (p) => ({
    readOnly: p.boolean('Whether the server is read-only now.'),
    changed: p.boolean('False where it was so already.'),
  }),
  find: async () => ({}),
  may: (by) => by.administrators(),
  confers: 'nothing',
  errors: ['CONFLICT'],
  readOnlyMode: 'SETS',
  async run({ ctx: { services }, tx, input: { readOnly } }) {
    if (services.config.readOnly) throw new ConflictError('Read-only mode is set by READ_ONLY: start without it.')
    const before = await writeReadOnly(tx, readOnly)
    return {
      values: { readOnly, changed: before !== readOnly },
      change: before === readOnly ? null : { ...SERVER, before: { readOnly: before }, after: { readOnly } },
    }
  },
})
