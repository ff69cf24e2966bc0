import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createLocalSigner, publicJwk, type Signer } from '@sealwright/core'
import { privateKey } from '@sealwright/test-kit/keys'
import { describe, expect, test } from 'vitest'
import { isSealSigned, parseSeal, sealKey, sealPayload, signSeal, type Seal } from '../../src/format/seal.ts'
import { signer } from '../support/logs.ts'

const stream = '20261126T120000Z-0123456789abcdef'
const head = { sequence: 7, chain: 'A'.repeat(43) }
const header = { alg: 'ES256', typ: 'sealwright-audit-seal', kid: 'k' }

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

async function sealBy(by: Signer): Promise<Seal> {
  const seal = parseSeal(await signSeal(by, stream, head, new AbortController().signal))
  if (seal === null) throw new Error('no seal')
  return seal
}

describe('a seal is read', () => {
  test('as it was signed', async () => {
    const { alg, kid, payload, input, signature } = await sealBy(signer)
    expect([alg, kid, payload]).toEqual(['ES256', signer.keyId, sealPayload(stream, head)])
    const text = `${encode({ alg, typ: header.typ, kid })}.${encode(payload)}`
    expect([String(input), signature.length]).toEqual([text, 64])
  })

  test.each<[string, unknown]>([
    ['no algorithm', { ...header, alg: 7 }],
    ['no key', { ...header, kid: ['k'] }],
    ['no type', { ...header, typ: undefined }],
    ['the type of a token', { ...header, typ: 'at+jwt' }],
    ['an extension that must be understood', { ...header, crit: ['exp'] }],
    ['a header that is not an object', [header]],
    ['a header that is not JSON', 'x'],
  ])('unless it has %s', (_, changed) => {
    expect(parseSeal(`${encode(header)}.e30.AA`)).toMatchObject({ alg: 'ES256', kid: 'k' })
    expect(parseSeal(`${encode(changed)}.e30.AA`)).toBeNull()
  })

  test.each(['', 'e30', `${encode(header)}.e30`, `${encode(header)}.e30.AA=`, `=${encode(header)}.e30.AA`])(
    'unless it is not in compact serialisation: %j',
    (text) => {
      expect(parseSeal(text)).toBeNull()
    },
  )
})

describe('the key of a seal', () => {
  const jwk = { ...publicJwk(signer.publicKey) }

  test('is the one that the kid is the thumbprint of', () => {
    expect(sealKey(signer.keyId, jwk)?.equals(signer.publicKey)).toBe(true)
    expect(sealKey('k', jwk)).toBeNull()
  })

  test('is neither private, nor weak, nor anything else', () => {
    const key = privateKey('ES256')
    const { keyId } = createLocalSigner(key)
    expect(sealKey(keyId, { ...publicJwk(createPublicKey(key)) })).not.toBeNull()
    expect(sealKey(keyId, { ...key.export({ format: 'jwk' }) })).toBeNull()
    expect(sealKey('k', { kty: 'oct', k: 'AA' })).toBeNull()
    expect(sealKey('k', {})).toBeNull()
  })
})

describe('the signature of a seal', () => {
  test('is that of the key, in the algorithm of the header', async () => {
    for (const name of ['ES256', 'RS256', 'PS256', 'Ed25519']) {
      const by = createLocalSigner(privateKey(name), { algorithm: name })
      // oxlint-disable-next-line no-await-in-loop
      const seal = await sealBy(by)
      expect(isSealSigned(seal, by.publicKey), name).toBe(true)
      expect(isSealSigned({ ...seal, input: Buffer.from('x') }, by.publicKey), name).toBe(false)
      expect(isSealSigned({ ...seal, alg: 'none' }, by.publicKey), name).toBe(false)
    }
  })

  test('is not that of another key of its type, nor in another algorithm of the key', async () => {
    const seal = await sealBy(signer)
    expect(isSealSigned(seal, generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)).toBe(false)
    const rsa = createLocalSigner(privateKey('RS256'), { algorithm: 'RS256' })
    expect(isSealSigned({ ...(await sealBy(rsa)), alg: 'PS256' }, rsa.publicKey)).toBe(false)
  })
})
