import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Mutant, mutants } from './mutant-table.ts'

const SOURCE = new URL('../../src/read/', import.meta.url)

/** How often the text that a mutant replaces stands in its file. */
function placesOf({ file, find }: Mutant): number {
  return readFileSync(new URL(file, SOURCE), 'utf8').split(find).length - 1
}

test('every mutant finds the one place that it breaks', () => {
  const lost = mutants.filter((mutant) => placesOf(mutant) !== 1)

  expect(lost.map(({ name }) => name)).toEqual([])
})
