import { type DocumentNode, GraphQLError, parse, validate } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import { unauthenticated } from '../graphql/refusals.ts'
import { tooComplex } from '../read/errors.ts'
import { asksForSchema, complexityError, MAX_TOKENS } from './limits.ts'
import { RULES, syntaxMessage, validationMessage } from './message.ts'
import type { RequestContext } from './request.ts'

/** The maximum size of the cache of parsed documents, in characters of their text. */
const MAX_CACHED_CHARACTERS = 4_000_000

interface Verdict {
  /** The errors for a known caller, and for a caller without a credential, who is not shown suggested names of the schema. */
  known?: readonly GraphQLError[]
  nobody?: readonly GraphQLError[]
}

/**
 * Parses and validates each document once: a document that is sent again is neither parsed nor validated again, and the
 * plans of the read path belong to the parsed document. Nothing that depends on variables is decided here.
 */
export function useDocuments(): Plugin<object, Partial<RequestContext>> {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: (_document, source) => source.length,
  })
  const verdicts = new WeakMap<DocumentNode, Verdict>()
  return {
    onParse({ params, setParseFn }) {
      const source = String(params.source)
      setParseFn(() => {
        const known = documents.get(source)
        if (known) return known
        const document = parseBounded(source)
        documents.set(source, document)
        return document
      })
    },
    onValidate({ context, setValidationFn }) {
      const caller = (context as Partial<RequestContext>).caller ?? null
      setValidationFn((schema, document) => {
        const verdict = verdicts.get(document) ?? {}
        verdicts.set(document, verdict)
        const who = caller === null ? 'nobody' : 'known'
        verdict[who] ??= judge(schema, document, who === 'nobody')
        return verdict[who]
      })
    },
    onExecute({ args, setResultAndStopExecution }) {
      const { caller } = args.contextValue as unknown as RequestContext
      if (caller === null && asksForSchema(args.document)) setResultAndStopExecution({ errors: [unauthenticated()] })
    },
  }
}

function parseBounded(source: string): DocumentNode {
  try {
    return parse(source, { maxTokens: MAX_TOKENS })
  } catch (error) {
    // Nested brackets exhaust the parser's stack before they reach the token limit.
    if (error instanceof RangeError) throw tooComplex('The document nests too deep.')
    if (!(error instanceof GraphQLError)) throw error
    if (error.message.includes('Parsing aborted')) throw tooComplex(`The document has more than ${MAX_TOKENS} tokens.`)
    throw withCode(error, syntaxMessage(error.message), 'GRAPHQL_PARSE_FAILED')
  }
}

function judge(schema: Parameters<typeof validate>[0], document: DocumentNode, isNobody: boolean): GraphQLError[] {
  const tooMuch = complexityError(document)
  if (tooMuch) return [tooMuch]
  const errors = validate(schema, document, RULES, { maxErrors: 10, hideSuggestions: isNobody })
  if (errors.some((error) => error.message === 'Validation aborted.')) {
    return [tooComplex('The document is too much to be validated: select fewer equal fields.')]
  }
  return errors.map((error) => withCode(error, validationMessage(error.message), 'GRAPHQL_VALIDATION_FAILED'))
}

function withCode(error: GraphQLError, message: string, code: string): GraphQLError {
  const { nodes, source, positions, path } = error
  return new GraphQLError(message, { nodes, source, positions, path, extensions: { code } })
}
