/** What `checkAccess` is asked: one member per kind of question. */

import { builder } from '../graphql/builder.ts'
import { ControllerAccess, ModelAccess } from '../graphql/enums.ts'
import { secretText } from '../graphql/secret-input.ts'
import { askableMutations } from '../mutation/declare.ts'

/** May they use this permission there? Exactly one of the three says where. */
interface PermissionQuestion {
  permission: string
  project?: string | null
  organization?: string | null
  everywhere?: boolean | null
}

interface ControllerQuestion {
  controller: string
  access: number
}

interface ModelQuestion {
  controller: string
  model: string
  access: number
}

/** A mutation by name, with the input it would be called with. */
export type MutationQuestion = Record<string, Record<string, unknown> | null | undefined>

export interface Question {
  permission?: PermissionQuestion | null
  controller?: ControllerQuestion | null
  model?: ModelQuestion | null
  mutation?: MutationQuestion | null
}

const PermissionQuestionInput = builder.inputRef<PermissionQuestion>('PermissionQuestionInput').implement({
  description: 'A permission and where it is to be used: exactly one of `project`, `organization` and `everywhere`.',
  fields: (t) => ({
    permission: t.string({ required: true, description: 'The dotted word, like `version.create`.' }),
    project: t.string({ description: 'The code of a project.' }),
    organization: t.string({ description: 'The name of an organization.' }),
    everywhere: t.boolean({ description: 'True to ask for it everywhere at once.' }),
  }),
})

const ControllerQuestionInput = builder.inputRef<ControllerQuestion>('ControllerQuestionInput').implement({
  description: 'A level on a controller.',
  fields: (t) => ({
    controller: t.string({ required: true, description: 'The name of the controller.' }),
    access: t.field({ type: ControllerAccess, required: true, description: 'The level to have at least.' }),
  }),
})

const ModelQuestionInput = builder.inputRef<ModelQuestion>('ModelQuestionInput').implement({
  description: 'A level on a model.',
  fields: (t) => ({
    controller: t.string({ required: true, description: 'The name of its controller.' }),
    model: t.string({ required: true, description: 'The name of the model.' }),
    access: t.field({ type: ModelAccess, required: true, description: 'The level to have at least.' }),
  }),
})

const MutationQuestionInput = builder.inputRef<MutationQuestion>('MutationQuestionInput').implement({
  description:
    'A mutation and what it would be called with: exactly one of its members. What is not decided on, like the text of a new password, may be anything.',
  isOneOf: true,
  fields: (t) =>
    Object.fromEntries(
      [...askableMutations].map(([name, { input }]) => [
        name,
        t.field({ type: input, description: `May they \`${name}\` so?` }),
      ]),
    ) as never,
})

const QuestionInput = builder.inputRef<Question>('AccessQuestionInput').implement({
  description: 'One question: exactly one of its members.',
  isOneOf: true,
  fields: (t) => ({
    permission: t.field({ type: PermissionQuestionInput, description: 'May they use a permission there?' }),
    controller: t.field({ type: ControllerQuestionInput, description: 'Have they a level on a controller?' }),
    model: t.field({ type: ModelQuestionInput, description: 'Have they a level on a model?' }),
    mutation: t.field({ type: MutationQuestionInput, description: 'May they call a mutation? Only about now.' }),
  }),
})

export const CheckAccessInput = builder.inputType('CheckAccessInput', {
  description: 'About whom, and what. Neither `user` nor `apiKey` is the caller, with what they came with.',
  fields: (t) => ({
    user: t.string({ description: 'A username: all that this user holds.' }),
    apiKey: secretText(t, {
      required: false,
      description: 'A key as it was shown: what it may do. In a variable, by POST.',
    }),
    at: t.field({
      type: 'DateTime',
      description:
        'A moment in the past, at least 10 seconds ago: what they could do then. Not for a key; now by default.',
    }),
    questions: t.field({ type: [QuestionInput], required: true, description: 'From 1 to 100 questions.' }),
  }),
})
