/** Keeps a number of workers running: one that ends is started again, unless it ends again and again. */
import cluster, { type Worker } from 'node:cluster'
import { log } from '../log.ts'
import { EXIT } from './exit.ts'
import type { Report } from './report.ts'
import type { Order, Told } from './worker.ts'

export interface WorkerPool {
  /** The address, once all workers have served at it. */
  readonly started: Promise<string>
  /** Why the workers cannot go on. */
  readonly failed: Promise<Report>
  isServing(): boolean
  drain(): void
  /** The figures of every worker that answers. */
  figures(): Promise<object[][]>
  /** Lets every worker finish what is under way, and waits for the end of all. */
  stop(): Promise<void>
}

/** A worker that ends sooner than this after it began to serve, or before that, cannot work. */
const EARLY_SECONDS = 5
/** So many early ends of a worker in a row stop everything. */
const MOST_EARLY = 5
/** The pause before a worker is started again; it doubles with each early end. */
const FIRST_PAUSE_MS = 250
/** A worker needs less: 6 s for its requests, and then the time to close its connections. */
const LONGEST_STOP_MS = 30_000
/** A worker that is too busy to answer by then is left out of the figures. */
const FIGURES_WITHIN_MS = 1000

/** A place for a worker, which has one at a time. */
interface Place {
  worker: Worker
  servesSince: number | null
  hasServed: boolean
  earlyEnds: number
  report: Report | null
}

export function startWorkers(count: number): WorkerPool {
  const started = Promise.withResolvers<string>()
  const failed = Promise.withResolvers<Report>()
  const places: Place[] = []
  let isStopping = false

  function note(place: Place, message: Told) {
    if (message.told === 'failed') place.report = message.report
    if (message.told !== 'serving') return
    place.servesSince = Date.now()
    place.hasServed = true
    if (places.every(({ hasServed }) => hasServed)) started.resolve(message.url)
  }
  function noteEnd(place: Place, code: number | null, signal: string | null) {
    if (isStopping) return
    const { servesSince, report, worker } = place
    const isEarly = servesSince === null || Date.now() - servesSince < EARLY_SECONDS * 1000
    place.earlyEnds = isEarly ? place.earlyEnds + 1 : 0
    place.servesSince = null
    // What is wrong at the very first start is wrong with the settings, and waiting does not help.
    if (!place.hasServed && report) return failed.resolve(report)
    const reason =
      report?.text.replace(/^chatelaine: /, '').trim() ?? (signal ? `the signal ${signal}` : `code ${code}`)
    if (place.earlyEnds >= MOST_EARLY) return failed.resolve(endedTooOften(reason))
    const pauseMs = FIRST_PAUSE_MS * 2 ** place.earlyEnds
    log.error({ worker: worker.process.pid, reason, pauseMs }, 'a worker ended and is started again')
    setTimeout(() => isStopping || refill(place), pauseMs)
  }
  function refill(place: Place) {
    place.worker = cluster.fork()
    place.report = null
    watch(place)
  }
  function watch(place: Place) {
    const { worker } = place
    worker.on('message', (message: Told) => note(place, message))
    worker.once('exit', (code: number | null, signal: string | null) => {
      // What it said last may still be on its way.
      if (worker.isConnected()) worker.once('disconnect', () => noteEnd(place, code, signal))
      else noteEnd(place, code, signal)
    })
  }

  // With the other policy one worker can get most of the connections.
  cluster.schedulingPolicy = cluster.SCHED_RR
  for (let index = 0; index < count; index++) {
    const worker = cluster.fork()
    const place: Place = { worker, servesSince: null, hasServed: false, earlyEnds: 0, report: null }
    places.push(place)
    watch(place)
  }
  const serving = () => places.filter(({ servesSince, worker }) => servesSince !== null && worker.isConnected())
  return {
    started: started.promise,
    failed: failed.promise,
    isServing: () => serving().length > 0,
    drain() {
      isStopping = true
      for (const { worker } of places) order(worker, 'drain')
    },
    async figures() {
      const all = await Promise.all(serving().map(({ worker }) => figuresOf(worker)))
      return all.filter((figures) => figures !== null)
    },
    async stop() {
      isStopping = true
      await Promise.all(places.map(({ worker }) => endWorker(worker)))
    },
  }
}

function endedTooOften(reason: string): Report {
  const text = `A worker ended ${MOST_EARLY} times within its first ${EARLY_SECONDS} s, so the server stops. The last reason: ${reason}`
  return { text: `chatelaine: ${text}\n`, exitCode: EXIT.failed }
}

function order(worker: Worker, order: Order['order']) {
  // A worker that has just ended takes no orders.
  if (worker.isConnected()) worker.send({ order } satisfies Order, () => {})
}

async function figuresOf(worker: Worker): Promise<object[] | null> {
  const { promise, resolve } = Promise.withResolvers<object[] | null>()
  const listener = (message: Told) => {
    if (message.told === 'figures') resolve(message.figures)
  }
  worker.on('message', listener)
  const timer = setTimeout(() => resolve(null), FIGURES_WITHIN_MS)
  order(worker, 'figures')
  const figures = await promise
  clearTimeout(timer)
  worker.off('message', listener)
  return figures
}

async function endWorker(worker: Worker) {
  if (worker.isDead()) return
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  order(worker, 'stop')
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), LONGEST_STOP_MS)
  await ended
  clearTimeout(timer)
}
