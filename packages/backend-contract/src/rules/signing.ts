import assert from 'node:assert/strict'
import { KeyObject, verify } from 'node:crypto'
import { inspect, types } from 'node:util'
import type { KeyTypeName, SignatureAlgorithm, Signer } from '@sealwright/core'
import { compactVerify } from 'jose'
import type { Rule } from '../subject.ts'
import { anyKeyType, rejection, uniqueName } from '../support.ts'

/** jose 6 does not know secp256k1 (RFC 8812). */
const unknownToJose = new Set(['ES256K'])

export const signing: readonly Rule[] = [
  {
    rule: 'each key has the requested type, and Node and jose verify its signatures with every algorithm',
    async check({ store }, capabilities) {
      await Promise.all(
        capabilities.keyTypes.map(async (keyType) => {
          const key = await store.create(uniqueName(), { keyType })
          assert.deepEqual(typeOf(key.publicKey), expectedTypes[keyType])
          assert.equal(key.enabled, true)
          assert(key.algorithms.length > 0, `the ${keyType} key lists no algorithm`)
          for (const algorithm of key.algorithms) {
            const signer = key.signer(algorithm.name)
            assert.equal(signer.algorithm.name, algorithm.name)
            await assertVerifies(signer, Buffer.from('the data'))
            if (!unknownToJose.has(algorithm.name)) await assertJwsVerifies(signer)
          }
        }),
      )
    },
  },
  {
    rule: 'the default algorithm is the first of the list',
    async check({ store }, capabilities) {
      const key = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      assert.equal(key.signer().algorithm.name, key.algorithms[0]?.name)
    },
  },
  {
    rule: 'an algorithm that the key does not support is UNSUPPORTED_ALGORITHM, and the message lists those it does',
    async check({ store }, capabilities) {
      const key = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      const available = key.algorithms.map((algorithm) => algorithm.name)
      const others = ['RS256', 'PS512', 'ES256', 'ES384', 'Ed25519'].filter(
        (name) => !available.some((each) => each === name),
      )
      for (const name of [...others, 'none', 'HS256', 'rs256', '']) {
        const { message } = await rejection(
          Promise.resolve().then(() => key.signer(name)),
          'UNSUPPORTED_ALGORITHM',
        )
        for (const each of available) assert(message.includes(each), `${message}: ${each} is not named`)
      }
    },
  },
  {
    rule: 'no bytes at all, a mebibyte and a pooled Buffer can be signed',
    async check({ store }, capabilities) {
      const signer = (await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })).signer()
      await assertVerifies(signer, new Uint8Array())
      await assertVerifies(signer, new Uint8Array(2 ** 20).fill(0xa5))
      await assertVerifies(signer, Buffer.from('pooled').subarray(1, 4))
    },
  },
  {
    rule: 'each of 50 simultaneous signatures is that of its own data',
    async check({ store }, capabilities) {
      const signer = (await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })).signer()
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => assertVerifies(signer, Buffer.from(`data ${i}`))),
      )
    },
  },
  {
    rule: 'sign rejects with the reason of an aborted signal, and the next signature succeeds',
    async check({ store }, capabilities) {
      const signer = (await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })).signer()
      const reason = new Error('no longer wanted')
      await assert.rejects(signer.sign(Buffer.from('data'), { signal: AbortSignal.abort(reason) }), reason)
      const controller = new AbortController()
      const signature = signer.sign(Buffer.from('data'), { signal: controller.signal })
      controller.abort(reason)
      await assert.rejects(signature, reason)
      await assertVerifies(signer, Buffer.from('data'))
    },
  },
  {
    rule: 'a key that an administrator has disabled is listed as disabled and stops signing at once',
    appliesTo: (capabilities) => capabilities.switchOff,
    async check({ store, reopen, switchOff }, capabilities) {
      assert(switchOff !== undefined)
      const name = uniqueName()
      const key = await store.create(name, { keyType: anyKeyType(capabilities) })
      await switchOff(name, key.version)
      const disabled = await (await reopen()).get(name, { version: key.version })
      assert.equal(disabled?.enabled, false)
      await rejection(disabled.signer().sign(Buffer.from('data')), 'ACCESS_DENIED')
      await rejection(key.signer().sign(Buffer.from('data')), 'ACCESS_DENIED')
    },
  },
  {
    rule: 'no property, inspection or JSON of keys, signers and the store shows the private key',
    async check({ store }, capabilities) {
      const key = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      for (const value of [key, key.signer(), store]) {
        const text = inspect(value, { depth: 10, showHidden: true, getters: true }) + JSON.stringify(value)
        assert.doesNotMatch(text, /PRIVATE KEY|PrivateKeyObject|type: 'private'|"d":|\bd: '/)
        assertHoldsNoPrivateKey(value)
      }
    },
  },
]

export async function assertVerifies(signer: Signer, data: Uint8Array): Promise<void> {
  const signature = await signer.sign(data)
  assert(signature instanceof Uint8Array)
  assert.equal(signature.length, lengthOf(signer.algorithm, signer.publicKey), 'the signature’s length')
  assert(isValid(signer, data, signature), `the ${signer.algorithm.name} signature does not verify`)
  const other = Buffer.concat([data, Buffer.from('!')])
  assert(!isValid(signer, other, signature), 'the signature verifies with other data')
}

function isValid({ algorithm, publicKey }: Signer, data: Uint8Array, signature: Uint8Array): boolean {
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' as const, ...algorithm.pss }
  return verify(algorithm.digest, data, key, signature)
}

/** R‖S (RFC 7518 §3.4), the modulus's length, 64 (RFC 8032 §5.1.6), or that of ML-DSA. */
function lengthOf({ name, kty, coordinateLength }: SignatureAlgorithm, publicKey: KeyObject): number {
  if (kty === 'AKP') return mlDsaLengths[name] ?? 0
  const { modulusLength } = publicKey.asymmetricKeyDetails ?? {}
  if (modulusLength !== undefined) return modulusLength / 8
  return coordinateLength === null ? 64 : 2 * coordinateLength
}

/** FIPS 204 §4, table 2. */
const mlDsaLengths: Readonly<Record<string, number>> = {
  'ML-DSA-44': 2420,
  'ML-DSA-65': 3309,
  'ML-DSA-87': 4627,
}

async function assertJwsVerifies(signer: Signer): Promise<void> {
  const { name } = signer.algorithm
  const header = Buffer.from(JSON.stringify({ alg: name, kid: signer.keyId })).toString('base64url')
  const payload = Buffer.from('{"sub":"contract"}').toString('base64url')
  const input = `${header}.${payload}`
  const signature = Buffer.from(await signer.sign(Buffer.from(input))).toString('base64url')
  await compactVerify(`${input}.${signature}`, signer.publicKey, { algorithms: [name] })
}

/** Follows every property, own or inherited, hidden or not, that ordinary code could follow. */
function assertHoldsNoPrivateKey(root: unknown): void {
  const seen = new Set<unknown>()
  const open: unknown[] = [root]
  for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value) || seen.size > 10_000) continue
    seen.add(value)
    assert(!(value instanceof KeyObject && value.type !== 'public'), 'a private KeyObject can be reached')
    assert(!(types.isCryptoKey(value) && value.type !== 'public'), 'a private CryptoKey can be reached')
    for (const property of Reflect.ownKeys(value)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(value, property)
      if (descriptor !== undefined && 'value' in descriptor) open.push(descriptor.value)
    }
  }
}

const expectedTypes: Readonly<Record<KeyTypeName, ReturnType<typeof typeOf>>> = {
  'rsa-2048': { type: 'rsa', size: 2048 },
  'rsa-3072': { type: 'rsa', size: 3072 },
  'rsa-4096': { type: 'rsa', size: 4096 },
  'ec-p256': { type: 'ec', size: 'prime256v1' },
  'ec-p384': { type: 'ec', size: 'secp384r1' },
  'ec-p521': { type: 'ec', size: 'secp521r1' },
  'ec-secp256k1': { type: 'ec', size: 'secp256k1' },
  ed25519: { type: 'ed25519', size: undefined },
  'ml-dsa-44': { type: 'ml-dsa-44', size: undefined },
  'ml-dsa-65': { type: 'ml-dsa-65', size: undefined },
  'ml-dsa-87': { type: 'ml-dsa-87', size: undefined },
}

function typeOf(key: KeyObject): { type: string | undefined; size: number | string | undefined } {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {}
  return { type: key.asymmetricKeyType, size: modulusLength ?? namedCurve }
}
