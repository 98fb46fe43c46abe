/**
 * Makes the messages of a document that can't be parsed or validated. They repeat no value of the document, because it may
 * be a secret in the wrong place: what is told of a value is built from the schema and from the grammar of GraphQL.
 */
import {
  type ASTVisitor,
  GraphQLError,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  type ValueNode,
  ValuesOfCorrectTypeRule,
} from 'graphql'
import { problemsOfLiteral } from '../graphql/value-problems.ts'

/** The parts of a message of the parser that are the grammar's own: what it expected, and the kind of token it found. */
const EXPECTED = /^Syntax Error: Expected (Name|String|Int|Float|"[!$&().:=@[\]{|}]{1,3}"|"[a-z]+"), found /
const FOUND = /^("[!$&().:=@[\]{|}]{1,3}"|<EOF>|(?:Name|Int|Float|String|BlockString)\b)/
const FIXED = [
  'Unterminated string.',
  'Unexpected single quote character (\'), did you mean to use a double quote (")?',
]

/** A longer name than any of the schema may be a token, written where a name belongs. */
const LONG_NAME = /\w{41,}/g

/** Describes an error of the parser; the position is in the error itself. */
export function syntaxMessage(message: string): string {
  const fixed = FIXED.find((text) => message === `Syntax Error: ${text}`)
  if (fixed) return message
  const [start, expected] = EXPECTED.exec(message) ?? ['Syntax Error: Unexpected ']
  const [found] = FOUND.exec(message.slice(start.length)) ?? ['character']
  return expected ? `Syntax Error: Expected ${expected}, found ${found}.` : `Syntax Error: Unexpected ${found}.`
}

/** Describes an error of a validation rule. The rules below quote names of the document, and no values. */
export function validationMessage(message: string): string {
  return message.replace(LONG_NAME, '…')
}

/** The rules for documents. The one about values quotes them, so ours takes its place. */
export const RULES: readonly ValidationRule[] = [
  ...specifiedRules.filter((rule) => rule !== ValuesOfCorrectTypeRule),
  valuesOfCorrectType,
]

function valuesOfCorrectType(context: ValidationContext): ASTVisitor {
  const check = (node: ValueNode, type = context.getInputType()) => {
    const argument = context.getArgument()?.name
    const what = argument === undefined ? 'The default of a variable' : `Argument "${argument}"`
    for (const { at, message } of type ? problemsOfLiteral(node, type, context.hideSuggestions) : []) {
      const place = at && ` at "${argument ?? ''}${at}"`
      context.reportError(new GraphQLError(`${what} has invalid value${place}: ${message}`, { nodes: node }))
    }
    return false
  }
  return {
    NullValue: (node) => check(node),
    ListValue: (node) => check(node, context.getParentInputType()),
    ObjectValue: (node) => check(node),
    EnumValue: (node) => check(node),
    IntValue: (node) => check(node),
    FloatValue: (node) => check(node),
    StringValue: (node) => check(node),
    BooleanValue: (node) => check(node),
  }
}
