/** What a mutation answered, in one word: `done`, the name of its error, or its top-level code. */
export function wordOf({ data, errors }: { data: unknown; errors: { extensions: { code: string } }[] }): string {
  const [error] = errors
  if (error) return error.extensions.code
  const [result] = Object.values(data as Record<string, { __typename: string }>)
  const name = result?.__typename ?? 'null'
  return name.endsWith('Payload') ? 'done' : name
}
