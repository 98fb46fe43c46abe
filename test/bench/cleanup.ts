/** What the benchmark leaves behind is undone in reverse order: at its end, after a failure, and at Ctrl+C. */

/** A failure that is explained in one line. */
export class BenchError extends Error {
  override name = 'BenchError'
}

type Undo = () => Promise<unknown> | unknown

const undos: Undo[] = []
let cleaning: Promise<void> | null = null

/** Registers what must be undone. What is registered after the end has begun is undone by the next `cleanUp`. */
export function undoLater(undo: Undo) {
  undos.push(undo)
}

/** Undoes everything that is registered. What fails does not stop the rest. */
export function cleanUp(): Promise<void> {
  cleaning = (cleaning ?? Promise.resolve()).then(undoAll)
  return cleaning
}

async function undoAll() {
  for (let undo = undos.pop(); undo; undo = undos.pop()) {
    try {
      await undo()
    } catch {
      // The rest must still be undone.
    }
  }
}

/** Whether the end has begun: what fails then fails because of it. */
export function isEnding(): boolean {
  return cleaning !== null
}
