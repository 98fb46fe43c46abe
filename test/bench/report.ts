/** The table of the figures, for the terminal and as a page. */
import type { Figures } from './figures.ts'
import { PEERS } from './peers.ts'

const HEADS = [
  ['workload', 'limit', 'server', 'ratio', '', 'p50', 'p99', 'server', 'PostgreSQL', 'limit', 'PostgreSQL', 'memory'],
  ['', '1/s', '1/s', '', 'min–max', 'ms', 'ms', 'µs', 'µs', 'µs', 'µs', 'MB'],
]

const PEER_HEADS = [PEERS.map((name) => `ratio to ${name}`), PEERS.map(() => 'min–max')]

const whole = (value: number | null) => (value === null ? '–' : Math.round(value).toLocaleString('en-US'))
const span = ({ lowest, highest }: { lowest: number; highest: number }) => `${lowest.toFixed(2)}–${highest.toFixed(2)}`

function cellsOf(figures: Figures): string[] {
  return [
    figures.name,
    whole(figures.limitPerSecond),
    whole(figures.serverPerSecond),
    figures.ratio.toFixed(2),
    span(figures),
    figures.p50.toFixed(1),
    figures.p99.toFixed(1),
    ...[...figures.serverCpu, ...figures.limitCpu].map(whole),
    whole(figures.serverMemory),
  ]
}

/** The ratio of the server to each peer. */
function peerCellsOf({ peers }: Figures): string[] {
  return PEERS.map((name) => {
    const peer = peers.find((one) => one.name === name)
    return peer ? `${peer.ratio.toFixed(2)} (${span(peer)})` : '–'
  })
}

const WIDTHS = [68, 8, 8, 6, 10, 7, 7, 7, 10, 7, 10, 7, 24, 21]

const line = (cells: string[]) =>
  `${cells.map((cell, place) => (place === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[place] ?? 0))).join(' ')}\n`

/** The head of the table for the terminal; the columns before the peers are the CPU per request and the memory. */
export function terminalHead(hasPeers: boolean): string {
  return HEADS.map((head, place) => line(hasPeers ? [...head, ...(PEER_HEADS[place] ?? [])] : head)).join('')
}

export function terminalLine(figures: Figures, hasPeers: boolean): string {
  return line(hasPeers ? [...cellsOf(figures), ...peerCellsOf(figures)] : cellsOf(figures))
}

export interface Circumstances {
  command: string
  date: string
  commit: string
  machine: string
  node: string
  postgres: string
  seconds: number
  rounds: number
}

/** The page with all figures. */
export function resultsPage(all: Figures[], at: Circumstances): string {
  const head = [
    'workload',
    'limit, 1/s',
    'server, 1/s',
    'ratio',
    'min–max',
    'p50, ms',
    'p99, ms',
    'CPU µs: server',
    'its PostgreSQL',
    'limit',
    'its PostgreSQL',
    'memory, MB',
  ]
  return `# Results of the benchmark

[What is measured, and how to read it](../../docs/benchmark.md). \`npm run bench\` writes this page.

- Command: \`${at.command}\`
- Date: ${at.date}, commit ${at.commit}
- Machine: ${at.machine}
- Versions: Node ${at.node}; ${at.postgres}
- Rounds: ${at.rounds} of ${at.seconds} s for each program; figures are medians of the rounds

${table(head, all.map(cellsOf))}${peersPart(all.filter(({ peers }) => peers.length > 0))}`
}

/** The peers have a table of their own, because most workloads have none. */
function peersPart(measured: Figures[]): string {
  if (measured.length === 0) return ''
  const head = [
    'workload',
    ...(PEER_HEADS[0] ?? []),
    ...PEERS.flatMap((name) => [`${name}, 1/s`, 'CPU µs', 'its PostgreSQL']),
  ]
  const rows = measured.map((figures) => [
    figures.name,
    ...peerCellsOf(figures),
    ...figures.peers.flatMap(({ perSecond, cpu }) => [perSecond, ...cpu].map(whole)),
  ])
  return `
## Peers

They check no key and no authority. The ratio is the speed of the server as a part of the peer's: above 1, the server is
faster.

${table(head, rows)}`
}

function table(head: string[], rows: string[][]): string {
  const row = (cells: string[]) => `| ${cells.join(' | ')} |\n`
  return [row(head), row(head.map((_, place) => (place === 0 ? '---' : '---:'))), ...rows.map(row)].join('')
}
