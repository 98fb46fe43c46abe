import './organization/schema.ts'
import './permission/schema.ts'
import './user/type.ts'
import './user/mutations.ts'
import './project/schema.ts'
import './role/type.ts'
import './role/mutations.ts'
import './api-key/type.ts'
import './api-key/mutations.ts'
import './account/mutations.ts'
import './viewer/schema.ts'
import './node.ts'
import { builder } from './builder.ts'

/** The whole API, in the order of its declaration: what matters first comes first. */
export const schema = builder.toSchema({ sortSchema: false })
