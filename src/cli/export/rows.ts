/** What an export reads from the API, page by page: never more than a page is held. */
import type { Result, Send } from '../send.ts'

export type Json = Record<string, unknown>

/** The server refused a page. */
export class ExportRefusedError extends Error {
  override name = 'ExportRefusedError'
  readonly field: string
  readonly result: Result
  constructor(field: string, result: Result) {
    super(`The server refused a page of ${field}.`)
    this.field = field
    this.result = result
  }
}

interface PageInfo {
  hasNextPage?: boolean
  endCursor?: string | null
}

export interface Page {
  nodes?: Json[]
  edges?: Json[]
  pageInfo: PageInfo
}

/** What is read: the document has the variables `$after` and those that are given, and the list is at this path. */
interface Read {
  document: string
  variables?: Json
  path: string[]
  /** Whether fields below the list may be refused: what the caller may not see is then left out. */
  mayHide?: boolean
}

/** Reads all pages of a list. @throws ExportRefusedError */
export async function* readPages(send: Send, { document, variables, path, mayHide }: Read): AsyncGenerator<Page> {
  for (let after: string | null = null; ; ) {
    const result: Result = await send(document, { ...variables, after })
    const page = pageAt(result, path)
    if (!page || (result.errors && !(mayHide && result.errors.every((error) => isBelow(error, path)))))
      throw new ExportRefusedError(path[0] ?? '', result)
    yield page
    after = page.pageInfo.endCursor ?? null
    if (!page.pageInfo.hasNextPage || after === null) return
  }
}

function pageAt({ data }: Result, path: string[]): Page | null {
  return path.reduce<unknown>((value, name) => (value as Json | null | undefined)?.[name], data) as Page | null
}

/** Whether an error is about a field of an object in the list, which is null for the caller. */
function isBelow(error: NonNullable<Result['errors']>[number], path: string[]): boolean {
  return error.extensions?.code === 'FORBIDDEN' && (error.path?.length ?? 0) > path.length
}
