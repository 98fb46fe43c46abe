// This script runs in the browser, after GraphiQL's own script. The server writes `settings` above it.
/* global settings, YogaGraphiQL */

const AUTHORIZATION = '{\n  "Authorization": "Bearer "\n}'
const NO_KEY = 'Put your key into the Headers tab, after "Bearer ". The documentation appears then.'

/** Sends a request. Every request needs a key, so no request is sent without a key. */
async function send({ query, operationName, variables }, { headers = {} } = {}) {
  if (!hasKey(headers)) return { data: null, errors: [{ message: NO_KEY }] }
  const response = await fetch(settings.endpoint, {
    method: 'POST',
    credentials: 'omit',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: JSON.stringify({ query, operationName, variables }),
  })
  // GraphiQL repeats the request where the answer has no "data", so that it is at least null here.
  return { data: null, ...(await response.json()) }
}

function hasKey(headers) {
  return Object.entries(headers).some(
    ([name, value]) => /^(authorization|api-key)$/i.test(name) && !/^\s*(bearer|token|basic)?\s*$/i.test(value),
  )
}

let timer

/** Fetches the documentation again shortly after the headers were changed, by GraphiQL's own keyboard shortcut. */
function introspectSoon() {
  clearTimeout(timer)
  timer = setTimeout(() => dispatchEvent(new KeyboardEvent('keydown', { key: 'R', ctrlKey: true })), 500)
}

self.MonacoEnvironment = {
  getWorkerUrl: (_id, label) => settings.workers[label] ?? settings.workers.editorWorkerService,
}

YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  title: 'Chatelaine',
  logo: settings.logo,
  fetcher: send,
  defaultQuery: settings.operations,
  // The command line prints addresses with a query and its variables.
  variables: new URLSearchParams(location.search).get('variables') ?? undefined,
  defaultHeaders: AUTHORIZATION,
  visiblePlugin: 'Documentation Explorer',
  onEditHeaders: introspectSoon,
  // By default the document is kept in the address, which becomes too long for a request.
  onEditQuery() {},
  // A key must not be kept in the browser's storage.
  shouldPersistHeaders: false,
  showPersistHeadersSettings: false,
})
