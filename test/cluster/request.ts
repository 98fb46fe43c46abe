/** Requests to one server, as a client sends them. */

type Headers = Record<string, string>

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: each document has its own shape
  data: Record<string, any> | null
  /** The code of the first error; null where there is none. */
  code: string | null
}

export const withKey = (key: string): Headers => ({ 'api-key': key })
export const withToken = (token: string): Headers => ({ authorization: `Bearer ${token}` })

export async function ask(url: string, headers: Headers, query: string, variables: object = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = await response.json()
  return { status: response.status, data, code: errors?.[0]?.extensions?.code ?? null }
}

/** Makes one change, and gives its payload. @throws where it is not made */
export async function change(url: string, headers: Headers, name: string, input: object, payload = '__typename') {
  const type = name.charAt(0).toUpperCase() + name.slice(1)
  const document = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Payload { ${payload} } ... on MutationError { code message } } }`
  const { data, status, code } = await ask(url, headers, document, { input })
  const answered = data?.[name]
  if (answered?.__typename === `${type}Payload`) return answered
  throw new Error(`${name} was not made: ${status} ${code} ${JSON.stringify(answered)}`)
}

/** Whose credential this is; the status where it is not valid. */
export async function whose(url: string, headers: Headers): Promise<string | number> {
  const { status, data } = await ask(url, headers, '{ viewer { user { username } } }')
  return data?.viewer?.user.username ?? status
}
