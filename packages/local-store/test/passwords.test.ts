import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openFolderStore } from '../src/index.ts'

test('the password of an import and of an export can be a function', async () => {
  const store = await openFolderStore(join(scratchFolder(), 'keys'))
  const key = await store.create('key', { keyType: 'ec-p256' })
  const pfx = await store.exportPkcs12('key', async () => 'of the file')
  expect((await store.importPkcs12('copy', pfx, () => 'of the file')).keyId).toBe(key.keyId)
})

test('an export without a password is refused', async () => {
  const store = await openFolderStore(join(scratchFolder(), 'keys'))
  await store.create('key', { keyType: 'ec-p256' })
  for (const password of [undefined, null, 7, {}]) {
    await expect(store.exportPkcs12('key', password as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'password must be a string, or a function that returns one',
    })
  }
})
