/** Who may import whom: folders of machines import downward, entities each other without circles (Biome sees to that). */
import { globSync, readFileSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** From top to bottom. A file is in the first layer that one of its patterns fits. */
const LAYERS: RegExp[][] = [
  [/^src\/main\.js$/, /^src\/cli\//],
  [/^src\/http\//],
  [/^src\/webhooks\//],
  [/^src\/graphql\/(schema|print-schema)\.ts$/],
  [/^src\/(bootstrap|placing|retention|services)\.ts$/],
  [/^src\/(access|entities)\//],
  [/^src\/mutation\//],
  [/^src\/graphql\//],
  [/^src\/authentication\//],
  [/^src\/authority\//],
  [/^src\/(read|encryption)\//, /^src\/log\.ts$/],
  [/^src\/db\//],
  [
    /^src\/(config|errors|network|operation-settings|quote|secret-file|strength|tracing|trusted-networks|variables|version|webhook-address)\.ts$/,
  ],
]

/** Imports that go up, each with its reason. */
const EXCEPTIONS: [from: RegExp, to: RegExp][] = [
  // The tables of the entities, which the database lists; what is derived from them is shaped like a table.
  [/^src\/db\/(tables|relations)\.ts$/, /^src\/(entities\/[\w-]+\/table|authority\/derived)\.ts$/],
  // Every mutation is recorded, told and held up by read-only mode.
  [/^src\/mutation\/run\.ts$/, /^src\/entities\/(audit|notification|settings)\/(operations|targets)\.ts$/],
  // What was made under an idempotency key.
  [/^src\/mutation\/(repeat|declare)\.ts$/, /^src\/entities\/idempotency\/operations\.ts$/],
  // The embedded database says why it ended.
  [/^src\/db\/embedded\.ts$/, /^src\/log\.ts$/],
  // Types alone.
  [/^src\/graphql\/context\.ts$/, /^src\/(services|entities\/audit\/refusals)\.ts$/],
  [/^src\/authentication\/identify\.ts$/, /^src\/services\.ts$/],
  // The formats of credentials, and the one place where passwords are compared.
  [/^src\/authentication\//, /^src\/entities\/(api-key\/token|session\/token|password\/check)\.ts$/],
  // Whether a key is usable is asked by both.
  [/^src\/authority\/guard\.ts$/, /^src\/authentication\/validity\.ts$/],
  // What is kept sealed.
  [
    /^src\/encryption\/(rotation|sealed-rows)\.ts$/,
    /^src\/entities\/(credential\/operations|session\/signing-keys|webhook\/secrets)\.ts$/,
  ],
]

const files = globSync('src/**/*.{ts,js}')

function importsOf(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/(?:from|import)\s+'(\.[^']+)'/g)
  return [...found].map(([, path]) => normalize(`${dirname(file)}/${path}`))
}

function layerOf(file: string): number {
  return LAYERS.findIndex((patterns) => patterns.some((pattern) => pattern.test(file)))
}

test('every source file is in a layer', () => {
  // The browser's script is no module of ours.
  expect(files.filter((file) => layerOf(file) < 0)).toEqual([])
})

test('no file imports from a layer above its own, but for the exceptions', () => {
  const upward = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => layerOf(path) < layerOf(file))
      .filter((path) => !EXCEPTIONS.some(([from, to]) => from.test(file) && to.test(path)))
      .map((path) => `${file} imports ${path}`),
  )

  expect(upward).toEqual([])
})

test('only the file that sends traces loads the SDK of OpenTelemetry, and only when it is asked to', () => {
  const loading = files.flatMap((file) => {
    const found = readFileSync(file, 'utf8').matchAll(/(from |import\(?)'@opentelemetry\/([\w-]+)'/g)
    return [...found].filter(([, , name]) => name !== 'api').map(([, how]) => `${how} in ${file}`)
  })

  expect([...new Set(loading)]).toEqual(['import( in src/cli/traces.ts'])
})

test('the read path knows nothing of the rest', () => {
  const outside = files
    .filter((file) => file.startsWith('src/read/'))
    .flatMap((file) => importsOf(file).filter((path) => !path.startsWith('src/read/')))

  expect(outside).toEqual([])
})

test('every exception is needed', () => {
  const unused = EXCEPTIONS.filter(
    ([from, to]) => !files.some((file) => from.test(file) && importsOf(file).some((path) => to.test(path))),
  )

  expect(unused).toEqual([])
})

test('an entity has its table, operations, type and mutations under these names', () => {
  const names = new Set(
    files.flatMap(
      (file) => /^src\/entities\/[\w-]+\/(schema|reference|service|utils|index)\.ts$/.exec(file)?.[0] ?? [],
    ),
  )

  expect([...names]).toEqual([])
})
