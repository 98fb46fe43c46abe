/** What programs and servers of the tests encrypt with. */
export const ENCRYPTION_KEY = Buffer.alloc(32, 'of the tests').toString('base64')
