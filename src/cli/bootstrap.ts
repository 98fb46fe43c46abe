import type { Writable } from 'node:stream'
import { bootstrap } from '../bootstrap.ts'
import type { Config } from '../config.ts'
import type { Services } from '../services.ts'

/** Bootstraps, and prints what the operator must learn of it. */
export async function bootstrapAndPrint(
  services: Pick<Services, 'database' | 'keyring'>,
  { rootApiKey }: Config,
  output: Writable,
) {
  const { rootKey, warning } = await bootstrap(services, rootApiKey)
  if (rootKey) output.write(`The key of root, shown this once: ${rootKey}\n`)
  if (warning) output.write(`${warning}\n`)
}
