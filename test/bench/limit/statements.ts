/** The hand-written statement of each workload. */
import { check, checks } from './check.ts'
import { effective } from './effective.ts'
import { grant } from './grant.ts'
import { page } from './page.ts'
import { viewerByToken } from './session.ts'
import { sheet, viewer } from './sheet.ts'
import type { HandWritten } from './statement.ts'
import { verify } from './verify.ts'

export const STATEMENTS: Record<string, HandWritten> = {
  W1: viewer,
  W2: sheet,
  W3: page,
  W4: grant,
  W5: check,
  W6: checks,
  W7: effective,
  W8: verify,
  W9: viewerByToken,
}
