/** A server as the command `serve` runs it, in this process: for a test that needs no process of its own, which takes a second to start. */
import { Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import { prepareStart, withServer } from '../../src/cli/running.ts'
import { readConfig } from '../../src/config.ts'
import { type Environment, printedKey, QUIET, refuseSaid, secretsOf } from './program.ts'

export interface Serving {
  url: string
  /** The key it printed; null where it printed none. */
  key: string | null
  /** All that it printed up to now. */
  said(): string
  /** Ends it. It is also ended when the test is finished. */
  stop(): Promise<void>
}

/** Serves once the start is over. @throws what stops the start */
export async function serveHere(environment: Environment): Promise<Serving> {
  const config = readConfig({ PORT: '0', ...QUIET, ...environment })
  let said = ''
  const stdout = new Writable({
    write(text, _encoding, done) {
      said += text
      done()
    },
  })
  const listening = Promise.withResolvers<string>()
  const stopping = Promise.withResolvers<void>()
  const ended = withServer(
    config,
    { stdout },
    (opened) => prepareStart(opened, config, stdout),
    async (server) => {
      listening.resolve(server.url)
      await stopping.promise
      await server.close()
    },
  )
  ended.catch(listening.reject)
  const stop = () => {
    stopping.resolve()
    return ended
  }
  onTestFinished(async () => {
    await stop().catch(() => {})
    refuseSaid(['serve'], { stdout: said, stderr: '' }, new Set(secretsOf(environment)))
  })
  const url = await listening.promise
  return { url, key: printedKey(said), said: () => said, stop }
}
