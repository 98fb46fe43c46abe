/** The prose of the API and of the code is plain, standard English: these patterns were the worst of what was not. */
import { globSync, readFileSync } from 'node:fs'
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql'
import { describe, expect, test } from 'vitest'
import { schema } from '../../src/graphql/schema.ts'

const DENIED = [
  /\bwhoever\b/i,
  /\bwhom(ever)?\b/i,
  /\bsomebody\b/i,
  /\banew\b/i,
  /\bfor good\b/i,
  /\blest\b/i,
  /\bone(self)? may\b/i,
  /\bwho may not\b/i,
  /\bwhat one\b/i,
  /\bconfer(s|red|ring|ral)?\b/i,
]
const FEWEST_WORDS = 3

interface Prose {
  where: string
  text: string
}

/** The descriptions of all types, fields, arguments and enum values. */
function descriptions(): Prose[] {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
  return types.flatMap((type) => {
    const own = [{ where: type.name, text: type.description ?? '' }]
    if (isEnumType(type)) {
      return [...own, ...type.getValues().map((value) => prose(`${type.name}.${value.name}`, value))]
    }
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return own
    const fields = Object.values(type.getFields())
    const below = fields.flatMap((field) => [
      prose(`${type.name}.${field.name}`, field),
      ...('args' in field ? field.args : []).map((arg: { name: string; description?: string | null }) =>
        prose(`${type.name}.${field.name}.${arg.name}`, arg),
      ),
    ])
    return [...own, ...below]
  })
}

function prose(where: string, { description }: { description?: string | null }): Prose {
  return { where, text: description ?? '' }
}

/** The JSDoc of the source. */
function comments(): Prose[] {
  return globSync('src/**/*.ts').flatMap((file) => {
    const found = readFileSync(file, 'utf8').match(/\/\*\*[\s\S]*?\*\//g) ?? []
    return found.map((comment) => ({
      where: file,
      text: comment
        .replace(/^\s*\* ?/gm, '')
        .slice(3, -2)
        .trim(),
    }))
  })
}

function denied(texts: Prose[]): string[] {
  return texts.flatMap(({ where, text }) => {
    const word = DENIED.find((pattern) => pattern.test(text))
    return word ? [`${where}: ${word.exec(text)?.[0]}`] : []
  })
}

describe('the descriptions of the API', () => {
  test('have none of the denied words', () => {
    expect(denied(descriptions())).toEqual([])
  })

  test('say something: none has only a word or two', () => {
    const short = descriptions().filter(({ text }) => text.split(/\s+/).length < FEWEST_WORDS)

    expect(short.map(({ where, text }) => `${where}: ${text}`)).toEqual([])
  })
})

describe('the comments of the source', () => {
  test('have none of the denied words', () => {
    expect(denied(comments())).toEqual([])
  })

  test('are statements: none is a question', () => {
    const questions = comments().filter(({ text }) => /\?$/m.test(text.split('\n@')[0] ?? ''))

    expect(questions.map(({ where, text }) => `${where}: ${text}`)).toEqual([])
  })
})
