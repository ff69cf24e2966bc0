import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createLocalSigner, isSyncSigner, type Signer, type SigningKey } from '../../src/index.ts'
import { wrapKey, wrapSigner } from '../../src/internal.ts'

const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const ways = {
  sign: async () => Buffer.from('async'),
  signSync: () => () => Buffer.from('sync'),
}

test('a wrapped signer signs in its own ways and is otherwise the same', async () => {
  const wrapped = wrapSigner(signer, ways)
  const { algorithm, keyId, publicKey } = signer
  expect(wrapped).toMatchObject({ algorithm, keyId, publicKey })
  expect(String(await wrapped.sign(Buffer.from('x')))).toBe('async')
  expect(isSyncSigner(wrapped) && String(wrapped.signSync(Buffer.from('x')))).toBe('sync')
})

test('a wrapped signer is synchronous only if the other one is', () => {
  const { algorithm, keyId, publicKey } = signer
  const remote: Signer = { algorithm, keyId, publicKey, sign: ways.sign }
  expect(isSyncSigner(wrapSigner(remote, ways))).toBe(false)
})

test('a wrapped key has what a store has as getters', () => {
  class StoredKey {
    readonly keyId = signer.keyId
    get location(): string {
      return '/keys/a.pfx'
    }
  }
  const wrapped = wrapKey(new StoredKey() as SigningKey, () => signer, [signer.algorithm])
  expect(wrapped).toMatchObject({
    keyId: signer.keyId,
    location: '/keys/a.pfx',
    algorithms: [signer.algorithm],
  })
  expect(wrapped.signer()).toBe(signer)
})
