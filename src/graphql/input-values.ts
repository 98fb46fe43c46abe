/**
 * Handles the values of a mutation's variables that their types refuse, like an invalid date. They are replaced before
 * GraphQL would refuse the whole request, and reported as InvalidInputError like every other problem in an input.
 */
import {
  type GraphQLError,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  typeFromAST,
  type ValueNode,
  validateInputValue,
} from 'graphql'
import type { Issue } from '../errors.ts'
import { badUserInput } from '../read/errors.ts'
import { MAX_LIST_LENGTH } from './input-checks.ts'
import { formOf, problemsOfValue } from './value-problems.ts'

type Variables = Record<string, unknown>

/** Bounds the answer. */
const MAX_ISSUES = 20

/** Returns the variables with valid values in place of the refused ones, and the issues of the refused values. */
export function readInputValues(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Variables,
): { variables: Variables; issues: Issue[] } {
  if (operation.operation !== OperationTypeNode.MUTATION) return { variables, issues: [] }
  const issues: Issue[] = []
  const read = { ...variables }
  for (const { variable, type: typeNode } of operation.variableDefinitions ?? []) {
    const name = variable.name.value
    const type = typeFromAST(schema, typeNode)
    const path = pathInInput(operation, name)
    if (type === undefined || path === null || !Object.hasOwn(variables, name)) continue
    read[name] = readInputValue(type as GraphQLInputType, variables[name], path, issues)
  }
  return { variables: read, issues }
}

/** Returns what is wrong with the values of an operation's variables, each with the name of its variable. */
export function variableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Variables,
  hideSuggestions: boolean,
): GraphQLError[] {
  return (operation.variableDefinitions ?? []).flatMap(({ variable, type: typeNode, defaultValue }) => {
    const name = variable.name.value
    const type = typeFromAST(schema, typeNode)
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (!isInputType(type) || (value === undefined && defaultValue)) return []
    return problemsOfValue(value, type, hideSuggestions).map(({ at, message }) =>
      badUserInput(`Variable "$${name}" has invalid value${at && ` at "${name}${at}"`}: ${message}`),
    )
  })
}

/** Returns the position of a variable in the argument `input`; null where it is not used there. */
function pathInInput({ selectionSet }: OperationDefinitionNode, variable: string): string[] | null {
  for (const selection of selectionSet.selections) {
    if (selection.kind !== Kind.FIELD) continue
    const input = selection.arguments?.find((argument) => argument.name.value === 'input')
    const path = input && pathTo(input.value, variable)
    if (path) return path
  }
  return null
}

function pathTo(value: ValueNode, variable: string): string[] | null {
  if (value.kind === Kind.VARIABLE) return value.name.value === variable ? [] : null
  const parts = value.kind === Kind.OBJECT ? value.fields.map((field) => [field.name.value, field.value] as const) : []
  const items = value.kind === Kind.LIST ? value.values.map((item, index) => [String(index), item] as const) : []
  for (const [key, below] of [...parts, ...items]) {
    const path = pathTo(below, variable)
    if (path) return [key, ...path]
  }
  return null
}

function readInputValue(type: GraphQLInputType, value: unknown, path: string[], issues: Issue[]): unknown {
  if (isNonNullType(type)) return readInputValue(type.ofType, value, path, issues)
  if (value === null || value === undefined) return value
  if (isListType(type)) return Array.isArray(value) ? readItems(type.ofType, value, path, issues) : value
  if (isInputObjectType(type)) {
    return typeof value === 'object' && !Array.isArray(value) ? readFields(type, value, path, issues) : value
  }
  if (!isLeafType(type) || !isRefused(type, value)) return value
  if (issues.length < MAX_ISSUES) issues.push({ path: path.join('.'), message: formOf(type) })
  return STAND_IN[type.name] ?? (isEnumType(type) ? type.getValues()[0]?.name : value)
}

function readItems(type: GraphQLInputType, items: unknown[], path: string[], issues: Issue[]): unknown[] {
  if (items.length <= MAX_LIST_LENGTH) {
    return items.map((item, index) => readInputValue(type, item, [...path, String(index)], issues))
  }
  issues.push({ path: path.join('.'), message: `At most ${MAX_LIST_LENGTH} items at once.` })
  return []
}

function readFields(type: GraphQLInputObjectType, value: object, path: string[], issues: Issue[]): object {
  const fields = type.getFields()
  const read = Object.entries(value).map(([key, below]) => {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined
    return [key, field ? readInputValue(field.type, below, [...path, key], issues) : below]
  })
  return Object.fromEntries(read)
}

function isRefused(type: GraphQLInputType, value: unknown): boolean {
  // No scalar of this schema is an object, and validating a large object would take long.
  let refused = typeof value === 'object'
  if (!refused) {
    const onError = () => {
      refused = true
    }
    validateInputValue(value, type, onError, true)
  }
  return refused
}

/** A valid value of each type: these values are never used, because the issue is reported first. */
const STAND_IN: Record<string, unknown> = {
  String: '',
  ID: '',
  Int: 0,
  Float: 0,
  Boolean: false,
  DateTime: '2000-01-01T00:00:00Z',
  EmailAddress: 'nobody@example.com',
  Duration: 'PT1H',
}
