import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { marvellRoots } from '../../src/attestation/marvell-roots.ts'
import { verifyKeyAttestation, type KeyAttestation } from '../../src/index.ts'
import {
  attestPair,
  attestSingle,
  attributesOf,
  makeModule,
  type AttributeList,
  type HardwareModule,
} from '../support/attested-key.ts'

let genuine: HardwareModule
let foreign: HardwareModule
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
beforeAll(async () => {
  genuine = await makeModule()
  foreign = await makeModule('Another')
})

function attestationOf(blob: Uint8Array, from: HardwareModule = genuine): KeyAttestation {
  return {
    version: 'MRVL-1',
    // In no order, the root among them.
    certificates: [from.partition, from.root, from.module].map(String).join(''),
    privateKeyAttestation: blob,
    publicKeyAttestation: null,
  }
}

function pairOf(publicKey: KeyObject): Buffer {
  return attestPair(
    [attributesOf(publicKey), attributesOf(publicKey, { privateKey: false })],
    genuine.partitionKey,
  )
}

const without = (attributes: AttributeList, ...types: number[]): AttributeList =>
  attributes.filter(([type]) => !types.includes(type))

function verify(attestation: KeyAttestation, publicKey: KeyObject): ReturnType<typeof verifyKeyAttestation> {
  return verifyKeyAttestation(attestation, publicKey, { roots: [genuine.root] })
}

describe('an attestation', () => {
  test.each([
    ['RSA', rsa],
    ['EC', ec],
  ])('of an %s key says where it was made, and by which module', (_, publicKey) => {
    const expected = {
      id: 'pool/my-app-auth/0123',
      namesPublicKey: true,
      madeInHardware: true,
      extractable: false,
      neverExtractable: true,
    }
    const { chain, ...attested } = verify(attestationOf(pairOf(publicKey)), publicKey)
    expect(attested).toEqual(expected)
    expect(chain.map(({ subject }) => subject)).toEqual(['CN=partition', 'CN=module of Maker', 'CN=Maker'])
    const single = attestSingle(attributesOf(publicKey), genuine.partitionKey)
    expect(verify(attestationOf(single), publicKey)).toMatchObject(expected)
  })

  test('is verified with Marvell’s roots by default', () => {
    const fingerprints = marvellRoots().map(({ raw }) => createHash('sha256').update(raw).digest('hex'))
    expect(fingerprints).toEqual([
      '230143df00e0b452743e068a5b3fc08df8f06cefc4854ea627aeb7ebd70ee2f4',
      '17644de0d33bc73b2f4ef4c20a11f6c8cc1f723a4cd83ee600361cbb24d8d2e5',
    ])
    expect(() => verifyKeyAttestation(attestationOf(pairOf(rsa)), rsa)).toThrow(/leads to a trusted root/)
  })

  test('whose public half is apart is verified with both', () => {
    const [privateKey, publicKey] = [true, false].map((isPrivate) =>
      attestPair([attributesOf(rsa, { privateKey: isPrivate })], genuine.partitionKey),
    ) as [Buffer, Buffer]
    expect(
      verify({ ...attestationOf(privateKey), publicKeyAttestation: publicKey }, rsa).namesPublicKey,
    ).toBe(true)
    publicKey[60] = (publicKey[60] ?? 0) ^ 1
    expect(() => verify({ ...attestationOf(privateKey), publicKeyAttestation: publicKey }, rsa)).toThrow(
      /not signed by a module/,
    )
  })

  test('that names no public key says so, and what it does not say is null', () => {
    const few = without(attributesOf(rsa), 0x0120, 0x1003, 0x0162, 0x0163, 0x0164)
    expect(verify(attestationOf(attestPair([few], genuine.partitionKey)), ec)).toMatchObject({
      namesPublicKey: false,
      madeInHardware: null,
      extractable: null,
      neverExtractable: null,
    })
  })
})

describe('an attestation is refused', () => {
  test.each([
    ['by its modulus', 0x1003],
    ['by its hash', 0x0120],
  ])('when it is about another key, %s', (_, missing) => {
    const blob = attestPair([without(attributesOf(rsa), missing)], genuine.partitionKey)
    const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    expect(() => verify(attestationOf(blob), another)).toThrow(/about another key/)
    expect(() => verify(attestationOf(blob), ec)).toThrow(/about another key/)
  })

  test('when its halves are of two keys: one that was made in the module, and the public half of another', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    // The private half of an EC key may hold nothing of the public key.
    const privateHalf = without(attributesOf(ec), 0x1003)
    const publicHalf = (id: string): AttributeList => attributesOf(other, { privateKey: false, id })
    const apart = (id: string, half = privateHalf): KeyAttestation => ({
      ...attestationOf(attestPair([half], genuine.partitionKey)),
      publicKeyAttestation: attestPair([publicHalf(id)], genuine.partitionKey),
    })
    const together = attestPair([privateHalf, publicHalf('pool/imported/0123')], genuine.partitionKey)
    const withoutIds = apart('', without(privateHalf, 0x0102))
    for (const attestation of [apart('pool/imported/0123'), apart(''), withoutIds, attestationOf(together)]) {
      expect(() => verify(attestation, other)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ENCODING',
          message: expect.stringContaining('the id of one key') as string,
        }),
      )
    }
    expect(verify(apart('pool/my-app-auth/0123'), other).namesPublicKey).toBe(true)
  })

  test('when a bit of it is changed, wherever', () => {
    for (const blob of [pairOf(rsa), attestSingle(attributesOf(rsa), genuine.partitionKey)]) {
      for (let at = 0; at < blob.length; at += 7) {
        const changed = Buffer.from(blob)
        changed[at] = (changed[at] ?? 0) ^ 1
        expect(() => verify(attestationOf(changed), rsa)).toThrow(/key attestation/)
      }
    }
  })

  test('when another maker’s module signed it, whatever certificates it brings', () => {
    const blob = attestPair([attributesOf(rsa)], foreign.partitionKey)
    expect(() => verify(attestationOf(blob, foreign), rsa)).toThrow(/leads to a trusted root/)
    expect(() => verify(attestationOf(blob), rsa)).toThrow(/not signed by a module/)
  })

  test('when a module’s own key signed it: only partitions attest', () => {
    const { root, module } = genuine
    const attestation = attestationOf(attestPair([attributesOf(rsa)], genuine.partitionKey))
    const certificates = `${String(root)}${String(module)}`
    expect(() => verify({ ...attestation, certificates }, rsa)).toThrow(/leads to a trusted root/)
  })

  test.each<[string, (attestation: KeyAttestation) => Partial<KeyAttestation>, RegExp]>([
    ['in another format', () => ({ version: 'MRVL-2' }), /only key attestations in the format MRVL-1/],
    ['without certificates', () => ({ certificates: '' }), /has 0 certificates; 1 to 20/],
    [
      'with too many certificates',
      ({ certificates }) => ({ certificates: certificates.repeat(7) }),
      /has 21 certificates/,
    ],
    [
      'with a certificate that does not parse',
      () => ({ certificates: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }),
      /does not parse/,
    ],
    ['of its signature alone', () => ({ privateKeyAttestation: Buffer.alloc(256) }), /it has 256 bytes/],
    ['of 64 KiB', () => ({ privateKeyAttestation: Buffer.alloc(65_537) }), /it has 65537 bytes/],
    ['of zeros', () => ({ privateKeyAttestation: Buffer.alloc(600) }), /neither of Marvell’s layouts/],
    [
      'of no private key',
      () => ({
        privateKeyAttestation: attestPair([attributesOf(rsa, { privateKey: false })], genuine.partitionKey),
      }),
      /not about one private key/,
    ],
    [
      'of two private keys',
      () => ({
        privateKeyAttestation: attestPair([attributesOf(rsa), attributesOf(rsa)], genuine.partitionKey),
      }),
      /not about one private key/,
    ],
    [
      'of a private key and a secret one',
      () => ({
        privateKeyAttestation: attestPair([attributesOf(rsa), [[0, Uint8Array.of(4)]]], genuine.partitionKey),
      }),
      /not about one private key/,
    ],
    [
      'with an attribute that comes twice',
      () => ({
        privateKeyAttestation: attestPair(
          [[...attributesOf(rsa), [0x0163, Uint8Array.of(0)]]],
          genuine.partitionKey,
        ),
      }),
      /neither of Marvell’s layouts/,
    ],
  ])('%s', (_, change, message) => {
    const attestation = attestationOf(pairOf(rsa))
    expect(() => verify({ ...attestation, ...change(attestation) }, rsa)).toThrow(message)
  })

  test('when what is given is not an attestation, or not a public key', () => {
    const attestation = attestationOf(pairOf(rsa))
    // @ts-expect-error -- as a caller in JavaScript may
    expect(() => verifyKeyAttestation('attestation', rsa)).toThrow(/^attestation must be an object/)
    const privateKey = createPublicKey(rsa.export({ format: 'pem', type: 'spki' }))
    expect(verify(attestation, privateKey).namesPublicKey).toBe(true)
    const secret = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(() => verify(attestation, secret)).toThrow('publicKey must be a public KeyObject')
  })
})
