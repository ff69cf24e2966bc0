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
  const members = {
    name: 'a',
    version: '1',
    location: '/keys/a.pfx',
    keyId: signer.keyId,
    publicKey: signer.publicKey,
    algorithms: [],
    certificates: [],
    notBefore: new Date(1),
    notAfter: new Date(2),
    enforcesValidity: true,
    createdAt: null,
    enabled: true,
  }
  const getters = Object.entries(members).map(([name, value]) => [name, { get: () => value }])
  const stored = Object.create(Object.create({}, Object.fromEntries(getters))) as SigningKey
  const own = (): Signer => signer
  expect(wrapKey(stored, own)).toEqual({ ...members, signer: own })
  const algorithms = [signer.algorithm]
  expect(wrapKey(stored, own, algorithms)).toEqual({ ...members, algorithms, signer: own })
})
