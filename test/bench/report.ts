/** The table of the figures, for the terminal and as a page. */
import type { Figures } from './figures.ts'

const HEADS = [
  ['workload', 'limit', 'server', 'ratio', '', 'p50', 'p99', 'server', 'PostgreSQL', 'limit', 'PostgreSQL', 'memory'],
  ['', '1/s', '1/s', '', 'min–max', 'ms', 'ms', 'µs', 'µs', 'µs', 'µs', 'MB'],
]

const whole = (value: number | null) => (value === null ? '–' : Math.round(value).toLocaleString('en-US'))

function cellsOf(figures: Figures): string[] {
  const { ratio, lowest, highest } = figures
  return [
    figures.name,
    whole(figures.limitPerSecond),
    whole(figures.serverPerSecond),
    ratio.toFixed(2),
    `${lowest.toFixed(2)}–${highest.toFixed(2)}`,
    figures.p50.toFixed(1),
    figures.p99.toFixed(1),
    ...[...figures.serverCpu, ...figures.limitCpu].map(whole),
    whole(figures.serverMemory),
  ]
}

const WIDTHS = [68, 8, 8, 6, 10, 7, 7, 7, 10, 7, 10, 7]

const line = (cells: string[]) =>
  `${cells.map((cell, place) => (place === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[place] ?? 0))).join(' ')}\n`

/** The head of the table for the terminal; the last columns are the CPU per request. */
export const TERMINAL_HEAD = HEADS.map(line).join('')

export function terminalLine(figures: Figures): string {
  return line(cellsOf(figures))
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
  const row = (cells: string[]) => `| ${cells.join(' | ')} |`
  return `# Results of the benchmark

[What is measured, and how to read it](../../docs/benchmark.md). \`npm run bench\` writes this page.

- Command: \`${at.command}\`
- Date: ${at.date}, commit ${at.commit}
- Machine: ${at.machine}
- Versions: Node ${at.node}; ${at.postgres}
- Rounds: ${at.rounds} of ${at.seconds} s for each program; figures are medians of the rounds

${[row(head), row(head.map((_, place) => (place === 0 ? '---' : '---:'))), ...all.map((figures) => row(cellsOf(figures)))].join('\n')}
`
}
