/** The options of the benchmark. */
import { parseArgs } from 'node:util'
import { BenchError } from './cleanup.ts'
import { CALLERS, type Caller, WORKLOADS, type Workload } from './workloads.ts'

export interface Options {
  users: number
  callers: number
  rounds: number
  seconds: number
  seed: number
  workloads: Workload[]
  as: readonly Caller[]
  databaseUrl: string | null
  profile: boolean
  peers: boolean
}

export const HELP = `npm run bench -- [options]

  --users N           how many users the database has, from 2000 (100000)
  --callers N         how many of them send requests themselves (1000)
  --rounds N          how many rounds each workload has (3)
  --seconds N         how long a round lasts for each program (10)
  --only W1,W5        these workloads alone
  --as root,user      these callers alone: root, administrator, user
  --seed N            the seed of the random variables (1)
  --database-url URL  a PostgreSQL server to make a database on, instead of an own server
  --peers             measures Mercurius and PostGraphile too, whose packages it installs
  --profile           measures the server alone, and shows where its time goes
`

const TEXT = { type: 'string' } as const

/** Reads the command line; null where help is wanted. @throws BenchError */
export function readOptions(args: string[]): Options | null {
  const values = parse(args)
  if (values.help) return null
  if (values.profile && values.peers) throw new BenchError('--profile measures the server alone, without --peers.')
  const users = whole('users', values.users, 100_000, 2000, 10_000_000)
  return {
    users,
    callers: Math.min(users, whole('callers', values.callers, 1000, 1, 10_000_000)),
    rounds: whole('rounds', values.rounds, 3, 1, 100),
    seconds: whole('seconds', values.seconds, 10, 1, 600),
    seed: whole('seed', values.seed, 1, 0, 2 ** 31),
    workloads: chooseWorkloads(values.only),
    as: chooseCallers(values.as),
    databaseUrl: readUrl(values['database-url']),
    profile: values.profile ?? false,
    peers: values.peers ?? false,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        users: TEXT,
        callers: TEXT,
        rounds: TEXT,
        seconds: TEXT,
        seed: TEXT,
        only: TEXT,
        as: TEXT,
        'database-url': TEXT,
        profile: { type: 'boolean' },
        peers: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    // The first sentence says what is wrong, the others what node would do.
    throw new BenchError(`${(error as Error).message.split(/[.\n] ?/)[0]}; --help lists the options.`)
  }
}

function whole(name: string, text: string | undefined, fallback: number, lowest: number, highest: number): number {
  if (text === undefined) return fallback
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= lowest && value <= highest) return value
  throw new BenchError(`--${name} must be a whole number from ${lowest} to ${highest}, not "${text}".`)
}

function chooseWorkloads(text: string | undefined): Workload[] {
  if (text === undefined) return WORKLOADS
  const names = text.toUpperCase().split(',')
  const wrong = names.find((name) => !WORKLOADS.some((workload) => workload.name === name))
  if (wrong !== undefined)
    throw new BenchError(`--only takes ${WORKLOADS.map(({ name }) => name).join(', ')}, not "${wrong}".`)
  return WORKLOADS.filter(({ name }) => names.includes(name))
}

function chooseCallers(text: string | undefined): readonly Caller[] {
  if (text === undefined) return CALLERS
  const names = text.split(',')
  const wrong = names.find((name) => !CALLERS.some((caller) => caller === name))
  if (wrong !== undefined) throw new BenchError(`--as takes ${CALLERS.join(', ')}, not "${wrong}".`)
  return CALLERS.filter((caller) => names.includes(caller))
}

function readUrl(text: string | undefined): string | null {
  if (text === undefined) return null
  if (/^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? '')) return text
  throw new BenchError('--database-url must look like postgres://user:password@host:5432/database.')
}
