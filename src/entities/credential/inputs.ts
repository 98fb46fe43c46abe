/** The `@oneOf` input for a credential. It has one member per type, with the attributes of that type. */

import type { Issue } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'
import { secretText } from '../../graphql/secret-input.ts'
import { type AttributeValue, CREDENTIAL_TYPES, type CredentialType, camelCase } from './attributes.ts'

/** The value of the input, in which exactly one member is present. */
export type CredentialAttributes = Record<string, Record<string, string | null> | null>

const members = Object.entries(CREDENTIAL_TYPES).map(([member, type]) => ({
  member,
  type,
  input: attributesInput(member, type),
}))

export const CredentialAttributesInput = builder.inputType('CredentialAttributesInput', {
  description: 'The attributes of a credential, which has exactly one type.',
  isOneOf: true,
  fields: (t) =>
    Object.fromEntries(
      members.map(({ member, type, input }) => [
        member,
        t.field({ type: input as never, description: type.description }),
      ]),
    ) as never,
})

function attributesInput(member: string, { description, attributes }: CredentialType) {
  const base = member.charAt(0).toUpperCase() + member.slice(1)
  return builder.inputType(`${base}CredentialInput`, {
    description,
    fields: (t) =>
      (attributes.length === 0
        ? {
            confirm: t.boolean({
              required: true,
              description: 'Set this to true, because an input needs at least one field.',
            }),
          }
        : Object.fromEntries(
            attributes.map(({ name, isSecret, isRequired }) => {
              const options = { required: isRequired, description: `The attribute that the cloud calls \`${name}\`.` }
              return [camelCase(name), isSecret ? secretText(t, options) : t.string(options)]
            }),
          )) as never,
  })
}

/** Returns the type that was given, and its attributes by the names that the clouds use. */
export function readAttributes(given: CredentialAttributes): { type: string; values: AttributeValue[] } {
  const [member = '', input] = Object.entries(given).find(([, value]) => value !== null && value !== undefined) ?? []
  const type = CREDENTIAL_TYPES[member]
  if (!type) throw new Error(`There is no type of credential "${member}".`)
  const values = type.attributes.flatMap(({ name, isSecret }) => {
    const value = input?.[camelCase(name)]
    return value === null || value === undefined ? [] : [{ name, value, isSecret }]
  })
  return { type: type.name, values }
}

/** Checks that no attribute that is present is empty. */
export function attributeIssues(path: string, given: CredentialAttributes): Issue[] {
  return Object.entries(given).flatMap(([member, input]) =>
    Object.entries(input ?? {}).flatMap(([name, value]) =>
      value === '' ? [{ path: `${path}.${member}.${name}`, message: 'An attribute is not empty.' }] : [],
    ),
  )
}
