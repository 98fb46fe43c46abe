/** Nobody waits longer for an answer, whatever the database does. */
export const REQUEST_DEADLINE_MS = 5000
