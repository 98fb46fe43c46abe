/** The answer to a request that a bug or an outage left without one. */
export function outageAnswer(requestId: string) {
  const message = 'Something went wrong. Tell the operator this request’s id.'
  const extensions = { code: 'INTERNAL_SERVER_ERROR', requestId }
  return {
    status: 500,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ errors: [{ message, extensions }] }),
  }
}
