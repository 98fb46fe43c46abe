/** The bar chart of the ratios: plain SVG with the colors of a light and of a dark page. */
import type { Figures } from './figures.ts'

const WIDTH = 860
const LABELS = 430
const ROW = 24
const TOP = 40
const BAR = 14
/** The widest ratio that has room; the limit is at 1. */
const MOST = 1.5
const SCALE = (WIDTH - LABELS - 60) / MOST

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .quiet { fill: #59636e; }
  .bar { fill: #2f6fd0; }
  .range { stroke: #1f2328; stroke-width: 1.5; }
  .limit { stroke: #59636e; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .bar { fill: #6ea8fe; }
    .range { stroke: #e6edf3; }
    .limit { stroke: #9198a1; }
  }
`

const x = (ratio: number) => (LABELS + Math.min(ratio, MOST) * SCALE).toFixed(1)

function bar({ name, ratio, lowest, highest }: Figures, place: number): string {
  const y = TOP + place * ROW
  const middle = y + BAR / 2
  return `  <text x="${LABELS - 10}" y="${y + 12}" text-anchor="end">${name}</text>
  <rect class="bar" x="${LABELS}" y="${y}" width="${(Math.min(ratio, MOST) * SCALE).toFixed(1)}" height="${BAR}" rx="2"/>
  <line class="range" x1="${x(lowest)}" y1="${middle}" x2="${x(highest)}" y2="${middle}"/>
  <text class="quiet" x="${Number(x(highest)) + 8}" y="${y + 12}">${ratio.toFixed(2)}</text>`
}

/** Draws the ratios, with the least and the most of the rounds. */
export function drawChart(all: Figures[], subtitle: string): string {
  const bottom = TOP + all.length * ROW
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 16}" role="img" aria-label="Speed of the server as a part of the speed of hand-written statements">
  <style>${STYLE}  </style>
  <text x="0" y="18">Speed as a part of the limit (1 = hand-written statements)</text>
  <text class="quiet" x="${WIDTH}" y="18" text-anchor="end">${subtitle}</text>
  <line class="limit" x1="${x(1)}" y1="${TOP - 8}" x2="${x(1)}" y2="${bottom}"/>
${all.map(bar).join('\n')}
</svg>
`
}
