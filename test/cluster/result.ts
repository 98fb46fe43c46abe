/** What a trial found, and the table of all trials. */

export interface Result {
  trial: string
  rounds: number
  /** What was measured, such as `lost` or `ms until writes work`. */
  figures: Record<string, string | number>
  /** What should not have happened; none where the trial is good. */
  problems: string[]
}

/** One row for each trial, in Markdown, and the problems below. */
export function printTable(results: Result[]): string {
  const rows = results.map(({ trial, rounds, figures, problems }) => [
    trial,
    `${rounds}`,
    problems.length === 0 ? 'good' : `${problems.length} problems`,
    Object.entries(figures)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; '),
  ])
  const table = [['trial', 'rounds', 'result', 'figures'], ['---', '---', '---', '---'], ...rows]
  const problems = results.flatMap(({ trial, problems }) => problems.map((problem) => `${trial}: ${problem}`))
  return [...table.map((cells) => `| ${cells.join(' | ')} |`), '', ...problems].join('\n')
}

/** The smallest and the largest of some numbers, like `12–345`. */
export function range(values: number[]): string {
  if (values.length === 0) return '–'
  const [least, most] = [Math.round(Math.min(...values)), Math.round(Math.max(...values))]
  return least === most ? `${least}` : `${least}–${most}`
}

/** How often each of these occurs, like `200: 12, 503 UNAVAILABLE: 3`. */
export function countEach(texts: string[]): string {
  const counts = Map.groupBy(texts, (text) => text)
  return [...counts].map(([text, all]) => `${text} × ${all.length}`).join(', ') || 'none'
}
