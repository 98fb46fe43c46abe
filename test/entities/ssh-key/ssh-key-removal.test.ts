import { expect, test } from 'vitest'
import { startApp } from '../../support/app.ts'
import { change, failInput } from '../../support/change.ts'
import { withoutWriting } from '../../support/rows.ts'
import { ed25519Line } from '../../support/ssh-wire.ts'

const app = startApp()

test('a key is removed by the line that was added, with another comment too', async () => {
  const line = ed25519Line('root@laptop')
  await change(app.root, 'addSshKey', { key: line })
  const renamed = `${line.split(' ').slice(0, 2).join(' ')} another@comment`

  const { changed } = await change(app.root, 'removeSshKey', { key: renamed }, 'changed')

  expect(changed).toBe(true)
  expect(await change(app.root, 'removeSshKey', { key: line }, 'changed')).toMatchObject({ changed: false })
})

test('the removal names the key or its fingerprint, and not both', async () => {
  const key = ed25519Line('root@laptop')
  const fingerprint = `SHA256:${'A'.repeat(43)}`

  for (const input of [{}, { key, fingerprint }])
    await withoutWriting(app, () => failInput(app.root, ['fingerprint'], 'removeSshKey', input))
  await withoutWriting(app, () => failInput(app.root, ['key'], 'removeSshKey', { key: 'no key' }))
})
