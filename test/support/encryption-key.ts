import { createHash } from 'node:crypto'

/** What programs and servers of the tests encrypt with. */
export const ENCRYPTION_KEY = createHash('sha256').update('of the tests').digest('base64')
