import type { Writable } from 'node:stream'
import { bootstrap } from '../bootstrap.ts'
import type { Config } from '../config.ts'
import { clockWarning, refuseWrongClock } from '../db/clock.ts'
import type { Services } from '../services.ts'

/** Bootstraps with a clock that is right, and prints what the operator must learn of it. @throws WrongClockError */
export async function bootstrapAndPrint(
  services: Pick<Services, 'database' | 'keyring'>,
  { rootApiKey }: Config,
  output: Writable,
) {
  await refuseWrongClock(services.database)
  const clock = await clockWarning(services.database)
  if (clock) output.write(`${clock}\n`)
  const { rootKey, warning } = await bootstrap(services, rootApiKey)
  if (rootKey) output.write(`The key of root, shown this once: ${rootKey}\n`)
  if (warning) output.write(`${warning}\n`)
}
