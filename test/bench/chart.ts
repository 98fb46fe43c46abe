/** The bar chart of the ratios: plain SVG with the colors of a light and of a dark page. */
import type { Figures } from './figures.ts'
import { PEERS } from './peers.ts'

const WIDTH = 860
const LABELS = 430
const ROW = 24
const TOP = 40
const BAR = 14
const RATIOS = 60
/** The widest ratio that always has room; the limit is at 1. */
const MOST = 1.5

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .quiet { fill: #59636e; }
  .bar { fill: #2f6fd0; }
  .range { stroke: #1f2328; stroke-width: 1.5; }
  .limit { stroke: #59636e; stroke-dasharray: 4 3; }
  .peer-0 { fill: #d9480f; }
  .peer-1 { fill: #2b8a3e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .bar { fill: #6ea8fe; }
    .range { stroke: #e6edf3; }
    .limit { stroke: #9198a1; }
    .peer-0 { fill: #ff922b; }
    .peer-1 { fill: #69db7c; }
  }
`

type Position = (ratio: number) => number

function bar({ name, ratio, lowest, highest, peers }: Figures, place: number, at: Position): string {
  const y = TOP + place * ROW
  const middle = y + BAR / 2
  const marks = peers.map((peer) => mark(PEERS.indexOf(peer.name), at(peer.ratioToLimit), y))
  return [
    `<text x="${LABELS - 10}" y="${y + 12}" text-anchor="end">${name}</text>`,
    `<rect class="bar" x="${LABELS}" y="${y}" width="${(at(ratio) - LABELS).toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<line class="range" x1="${at(lowest).toFixed(1)}" y1="${middle}" x2="${at(highest).toFixed(1)}" y2="${middle}"/>`,
    `<text class="quiet" x="${WIDTH}" y="${y + 12}" text-anchor="end">${ratio.toFixed(2)}</text>`,
    ...marks,
  ].join('\n  ')
}

/** A peer as a mark across the bar. */
const mark = (peer: number, x: number, y: number) =>
  `<rect class="peer-${peer}" x="${(x - 2).toFixed(1)}" y="${y - 2}" width="4" height="${BAR + 4}"/>`

const legend = (y: number) =>
  PEERS.map((name, peer) => {
    const x = LABELS + peer * 140
    return `${mark(peer, x, y)}\n  <text class="quiet" x="${x + 8}" y="${y + 12}">${name}</text>`
  }).join('\n  ')

/** Draws the ratios, with the least and the most of the rounds, and where the peers stand. */
export function drawChart(all: Figures[], subtitle: string): string {
  const hasPeers = all.some(({ peers }) => peers.length > 0)
  const bottom = TOP + all.length * ROW
  const most = Math.max(
    MOST,
    ...all.flatMap(({ highest, peers }) => [highest, ...peers.map((one) => one.ratioToLimit)]),
  )
  const at: Position = (ratio) => LABELS + (ratio / most) * (WIDTH - LABELS - RATIOS)
  const limit = at(1).toFixed(1)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + (hasPeers ? 40 : 16)}" role="img" aria-label="Speed of the server as a part of the speed of hand-written statements">
  <style>${STYLE}  </style>
  <text x="0" y="18">Speed as a part of the limit (1 = hand-written statements)</text>
  <text class="quiet" x="${WIDTH}" y="18" text-anchor="end">${subtitle}</text>
  <line class="limit" x1="${limit}" y1="${TOP - 8}" x2="${limit}" y2="${bottom}"/>
  ${all.map((figures, place) => bar(figures, place, at)).join('\n  ')}
  ${hasPeers ? legend(bottom + 12) : ''}
</svg>
`
}
