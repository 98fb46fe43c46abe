/** Reads what a request asks: from the JSON of a POST's body, or from the query of a GET's URL. */

export interface Params {
  query: string
  variables: Record<string, unknown> | null
  operationName: string | null
}

/** Returns the parameters in the body of a POST, or the sentence that says what is wrong with it. */
export function paramsOfBody(body: string): Params | string {
  const params = parseJson(body)
  if (params === undefined) return 'The body is not JSON.'
  if (!isObject(params)) return 'The body must be a JSON object.'
  return checkParams(params)
}

const PARAMETERS = ['query', 'operationName', 'variables', 'extensions']

/** Returns the parameters in the URL of a GET, or the sentence that says what is wrong with them. */
export function paramsOfUrl({ searchParams }: URL): Params | string {
  const params: Record<string, unknown> = {}
  const repeated = PARAMETERS.find((name) => searchParams.getAll(name).length > 1)
  if (repeated !== undefined) return `Send "${repeated}" only once.`
  for (const name of ['query', 'operationName']) params[name] = searchParams.get(name)
  for (const name of ['variables', 'extensions']) {
    const text = searchParams.get(name)
    const value = text === null ? null : parseJson(text)
    if (value === undefined) return `"${name}" must be a JSON object.`
    params[name] = value
  }
  return checkParams(params)
}

function checkParams({ query, variables, operationName, extensions }: Record<string, unknown>): Params | string {
  if (typeof query !== 'string' || query === '') return '"query" must be a GraphQL document.'
  if (!isObjectOrNothing(variables)) return '"variables" must be a JSON object.'
  if (!isObjectOrNothing(extensions)) return '"extensions" must be a JSON object.'
  if ((operationName ?? null) !== null && typeof operationName !== 'string') return '"operationName" must be a string.'
  // An empty name is that of no operation: clients send it where a document has only one.
  return { query, variables: variables ?? null, operationName: operationName ? String(operationName) : null }
}

function isObjectOrNothing(value: unknown): value is Record<string, unknown> | null | undefined {
  return value === undefined || value === null || isObject(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns undefined where the text is not JSON, which no JSON is. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
