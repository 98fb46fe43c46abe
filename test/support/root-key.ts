/** The ROOT_API_KEY of every test. */
export const ROOT_KEY = 'root-key-of-the-tests-0123456789-abcdef'
