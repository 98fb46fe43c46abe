/** Says after each file how many are done and how long it took, and at the end which took longest. */
import type { Reporter, TestModule, TestSpecification } from 'vitest/node'

const SLOWEST = 10

export default class ProgressReporter implements Reporter {
  private readonly ended: { title: string; seconds: number }[] = []
  private total = 0

  onTestRunStart(specifications: readonly TestSpecification[]) {
    this.total = specifications.length
  }

  onTestModuleEnd(testModule: TestModule) {
    const { duration, collectDuration, setupDuration, prepareDuration } = testModule.diagnostic()
    const seconds = (duration + collectDuration + setupDuration + prepareDuration) / 1000
    const title = `${testModule.project.name} ${testModule.relativeModuleId}`
    this.ended.push({ title, seconds })
    const mark = testModule.ok() ? '✓' : '✗'
    print(`${mark} ${this.ended.length}/${this.total} ${format(seconds)} ${title}`)
  }

  onTestRunEnd() {
    if (this.ended.length <= SLOWEST) return
    print('\nThe slowest files:')
    const slowest = this.ended.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
    for (const { title, seconds } of slowest) print(`${format(seconds)} ${title}`)
  }
}

function format(seconds: number): string {
  return `${seconds.toFixed(1).padStart(6)} s`
}

function print(line: string) {
  process.stdout.write(`${line}\n`)
}
