import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { failInput } from '../../support/change.ts'
import { withoutWriting } from '../../support/rows.ts'
import { createOrganization, createRole } from '../../support/seed.ts'

const app = startApp()

test('the roles of an organization are those that can be granted in it: its own and those of the server', async () => {
  await createOrganization(app, 'acme')
  await createOrganization(app, 'globex')
  await createRole(app, 'EDITOR', ['doc.edit'])
  await createRole(app, 'OF_ACME', ['doc.edit'], 'acme')
  await createRole(app, 'OF_GLOBEX', ['doc.edit'], 'globex')

  const { organization } = await app.root.ok(
    '{ organization(name: "acme") { roles { totalCount nodes { name isBuiltIn organization { name } } } } }',
  )

  const builtIn = (name: string) => ({ name, isBuiltIn: true, organization: null })
  expect(organization.roles).toEqual({
    totalCount: 6,
    nodes: [
      builtIn('AUDITOR'),
      { name: 'EDITOR', isBuiltIn: false, organization: null },
      { name: 'OF_ACME', isBuiltIn: false, organization: { name: 'acme' } },
      builtIn('ORGANIZATION_ADMIN'),
      builtIn('PROJECT_MANAGER'),
      builtIn('VERSION_MANAGER'),
    ],
  })
})

test('a permission that is to be added and removed at once is refused, in roles and in organizations', async () => {
  await createRole(app, 'EDITOR', ['doc.edit'])
  const role = { role: 'EDITOR', addPermissions: ['doc.read', 'doc.edit'], removePermissions: ['doc.edit'] }
  const base = { organization: 'default', addBasePermissions: ['a.b'], removeBasePermissions: ['a.b'] }

  await withoutWriting(app, () => failInput(app.root, ['addPermissions.1'], 'updateRole', role))
  await withoutWriting(app, () => failInput(app.root, ['addBasePermissions.0'], 'updateOrganization', base))
})
