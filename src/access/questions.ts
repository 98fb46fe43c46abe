/** The input of `checkAccess`: a question has one member per kind of question. */

import { builder } from '../graphql/builder.ts'
import { ControllerAccess, ModelAccess } from '../graphql/enums.ts'
import { secretText } from '../graphql/secret-input.ts'
import { askableMutations } from '../mutation/declare.ts'

/** Asks whether the subject may use a permission on a scope, which exactly one of the other members names. */
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

/** The name of a mutation, with the input it would be called with. */
export type MutationQuestion = Record<string, Record<string, unknown> | null | undefined>

export interface Question {
  permission?: PermissionQuestion | null
  controller?: ControllerQuestion | null
  model?: ModelQuestion | null
  mutation?: MutationQuestion | null
}

const PermissionQuestionInput = builder.inputRef<PermissionQuestion>('PermissionQuestionInput').implement({
  description:
    'A permission and the scope on which it would be used: exactly one of `project`, `organization` and `everywhere`.',
  fields: (t) => ({
    permission: t.string({ required: true, description: 'The dotted name of the permission, like `version.create`.' }),
    project: t.string({ description: 'The code or id of the project to ask about.' }),
    organization: t.string({ description: 'The name or id of the organization to ask about.' }),
    everywhere: t.boolean({ description: 'True to ask about the scope everywhere.' }),
  }),
})

const ControllerQuestionInput = builder.inputRef<ControllerQuestion>('ControllerQuestionInput').implement({
  description: 'A controller and the level that is asked about.',
  fields: (t) => ({
    controller: t.string({ required: true, description: 'The name or id of the controller.' }),
    access: t.field({ type: ControllerAccess, required: true, description: 'The lowest level that is sufficient.' }),
  }),
})

const ModelQuestionInput = builder.inputRef<ModelQuestion>('ModelQuestionInput').implement({
  description: 'A model and the level that is asked about.',
  fields: (t) => ({
    controller: t.string({ required: true, description: 'The name or id of the controller of the model.' }),
    model: t.string({ required: true, description: 'The name or id of the model.' }),
    access: t.field({ type: ModelAccess, required: true, description: 'The lowest level that is sufficient.' }),
  }),
})

const MutationQuestionInput = builder.inputRef<MutationQuestion>('MutationQuestionInput').implement({
  description:
    'A mutation and the input it would be called with: exactly one member is given. Input that does not affect the decision, like the text of a new password, can have any value.',
  isOneOf: true,
  fields: (t) =>
    Object.fromEntries(
      [...askableMutations].map(([name, { input }]) => [
        name,
        t.field({ type: input, description: `The input with which the subject would call \`${name}\`.` }),
      ]),
    ) as never,
})

const QuestionInput = builder.inputRef<Question>('AccessQuestionInput').implement({
  description: 'One question about access: exactly one member is given.',
  isOneOf: true,
  fields: (t) => ({
    permission: t.field({
      type: PermissionQuestionInput,
      description: 'Asks whether the subject may use a permission on a scope.',
    }),
    controller: t.field({
      type: ControllerQuestionInput,
      description: 'Asks whether the subject has a level on a controller.',
    }),
    model: t.field({ type: ModelQuestionInput, description: 'Asks whether the subject has a level on a model.' }),
    mutation: t.field({
      type: MutationQuestionInput,
      description: 'Asks whether the subject may call a mutation now; not allowed with `at`.',
    }),
  }),
})

export const CheckAccessInput = builder.inputType('CheckAccessInput', {
  description:
    'The subject and the questions. Without `user` and `apiKey`, the subject is the caller with the credential of the request.',
  fields: (t) => ({
    user: t.string({ description: 'The username or id of the subject, with everything that this user holds.' }),
    apiKey: secretText(t, {
      required: false,
      description: 'The secret of the API key that is the subject. It must be sent in a variable, by POST.',
    }),
    at: t.field({
      type: 'DateTime',
      description:
        'A time in the past, at least 10 seconds ago, for which the questions are answered; now by default. Not allowed with `apiKey` or mutations.',
    }),
    questions: t.field({ type: [QuestionInput], required: true, description: 'The list of 1 to 100 questions.' }),
  }),
})
