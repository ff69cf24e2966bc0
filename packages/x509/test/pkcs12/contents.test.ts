import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { brokenKey } from '@sealwright/test-kit/keys'
import { beforeAll, describe, expect, test } from 'vitest'
import { createSelfSignedCertificate, generatePrivateKey, type Issuer } from '../../src/index.ts'
import type { Bag, CertificateBag, KeyBag } from '../../src/pkcs12/bags.ts'
import { assembleContents, type Pkcs12Contents } from '../../src/pkcs12/contents.ts'
import { SkippedItems, type SkippedItem } from '../../src/skipped-items.ts'
import { identity, issueTo, type Identity } from '../support/certificates.ts'

/** Keys and their certificates, put together from bags as they come out of a file. */

type Attributes = Partial<Pick<CertificateBag, 'friendlyName' | 'localKeyId'>>

function certificateBag(certificate: X509Certificate, attributes: Attributes = {}): CertificateBag {
  return { kind: 'certificate', certificate, friendlyName: null, localKeyId: null, ...attributes }
}

function keyBag(privateKey: KeyObject, attributes: Attributes = {}): KeyBag {
  return { kind: 'key', privateKey, friendlyName: null, localKeyId: null, ...attributes }
}

async function assemble(
  ...bags: readonly Bag[]
): Promise<Pick<Pkcs12Contents, 'keys' | 'certificates'> & { readonly skipped: readonly SkippedItem[] }> {
  const skipped = new SkippedItems()
  return { ...(await assembleContents(bags, skipped)), skipped: skipped.items }
}

const p256 = { namedCurve: 'P-256' }
const id = (value: number): Uint8Array => Uint8Array.of(value)
const subjects = (certificates: readonly X509Certificate[] | undefined): readonly string[] | undefined =>
  certificates?.map(({ subject }) => subject)

/** A root, and certificates below each other: `count` in all, the last one first. */
async function chainOf(count: number): Promise<{ leafKey: KeyObject; chain: X509Certificate[] }> {
  let privateKey = await generatePrivateKey('ec-p256')
  let issuer: Issuer = {
    signer: createLocalSigner(privateKey),
    certificate: await createSelfSignedCertificate(createLocalSigner(privateKey), {
      subject: 'CN=0',
      profile: 'rootCa',
    }),
  }
  const chain = [issuer.certificate]
  for (let index = 1; index < count; index++) {
    // oxlint-disable-next-line no-await-in-loop
    privateKey = await generatePrivateKey('ec-p256')
    const options = { subject: `CN=${index}`, profile: 'rootCa' as const }
    // oxlint-disable-next-line no-await-in-loop
    const certificate = await issueTo(issuer, createPublicKey(privateKey), options)
    issuer = { signer: createLocalSigner(privateKey), certificate }
    chain.unshift(certificate)
  }
  return { leafKey: privateKey, chain }
}

/** The certificate with some of its bytes replaced by as many others. Its signature is invalid. */
function forged(certificate: X509Certificate, from: Uint8Array, to: Uint8Array): X509Certificate {
  const der = Buffer.from(certificate.raw)
  const at = der.indexOf(from)
  if (at === -1 || from.length !== to.length) throw new Error('there is nothing to replace')
  der.set(to, at)
  return new X509Certificate(der)
}

const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })

let ec: Identity
let ed25519: Identity
beforeAll(async () => {
  ;[ec, ed25519] = await Promise.all([identity('ec-p256'), identity('ed25519')])
})

describe('the certificate of a key', () => {
  test('is found by its public key, in any place; all are listed in file order', async () => {
    const bags = [certificateBag(ed25519.certificate), keyBag(ec.privateKey), certificateBag(ec.certificate)]
    const { keys, certificates, skipped } = await assemble(...bags)
    expect(keys).toEqual([{ privateKey: ec.privateKey, friendlyName: null, certificates: [ec.certificate] }])
    expect(certificates).toEqual([ed25519.certificate, ec.certificate])
    expect(skipped).toEqual([])
  })

  test('of several is the one with the same localKeyID, or else the first', async () => {
    const signer = createLocalSigner(ec.privateKey)
    const renewed = await createSelfSignedCertificate(signer, { subject: 'CN=renewed' })
    for (const [old, young, own, expected] of [
      [null, id(1), id(1), renewed],
      [id(2), id(1), id(1), renewed],
      [id(2), id(1), null, ec.certificate],
      [id(2), id(1), id(3), ec.certificate],
      [null, null, null, ec.certificate],
      [null, null, id(1), ec.certificate],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      const { keys } = await assemble(
        certificateBag(ec.certificate, { localKeyId: old }),
        certificateBag(renewed, { localKeyId: young }),
        keyBag(ec.privateKey, { localKeyId: own }),
      )
      expect(keys[0]?.certificates).toEqual([expected])
    }
  })

  test.each([
    ['key', 'certificate', 'key'],
    [null, 'certificate', 'certificate'],
    ['key', null, 'key'],
    [null, null, null],
  ])('names the key where it has no name itself (%s, %s)', async (ofKey, ofCertificate, expected) => {
    const { keys } = await assemble(
      keyBag(ec.privateKey, { friendlyName: ofKey }),
      certificateBag(ed25519.certificate, { friendlyName: 'other' }),
      certificateBag(ec.certificate, { friendlyName: ofCertificate }),
    )
    expect(keys.map(({ friendlyName }) => friendlyName)).toEqual([expected])
  })
})

describe('the chain', () => {
  test.each([1, 3, 8])('of %i certificates is put in order', async (count) => {
    const { leafKey, chain } = await chainOf(count)
    const bags = [...chain, ed25519.certificate].map((certificate) => certificateBag(certificate))
    for (const ordered of [bags, bags.toReversed()]) {
      // oxlint-disable-next-line no-await-in-loop
      const { keys } = await assemble(keyBag(leafKey), ...ordered)
      expect(subjects(keys[0]?.certificates)).toEqual(subjects(chain))
    }
  })

  test('has eight certificates at most', async () => {
    const { leafKey, chain } = await chainOf(10)
    const { keys, certificates } = await assemble(
      keyBag(leafKey),
      ...chain.map((each) => certificateBag(each)),
    )
    expect(subjects(keys[0]?.certificates)).toEqual(subjects(chain.slice(0, 8)))
    expect(certificates).toHaveLength(10)
  })

  test('ends where the issuer is missing', async () => {
    const { leafKey, chain } = await chainOf(3)
    const [leaf, , root] = chain
    if (leaf === undefined || root === undefined) throw new Error('unreachable')
    const { keys } = await assemble(keyBag(leafKey), certificateBag(root), certificateBag(leaf))
    expect(keys[0]?.certificates).toEqual([leaf])
  })

  test('passes over certificates with the name and key identifier of the issuer, which did not sign', async () => {
    const { leafKey, chain } = await chainOf(2)
    const [leaf, root] = chain
    if (leaf === undefined || root === undefined) throw new Error('unreachable')
    const prime256v1 = Buffer.from('2a8648ce3d030107', 'hex')
    const unknownCurve = Buffer.from('2a8648ce3d03017f', 'hex')
    const others = [
      forged(root, spki(root.publicKey), spki(ec.certificate.publicKey)),
      forged(root, prime256v1, unknownCurve),
    ]
    expect(others.map((other) => leaf.checkIssued(other))).toContain(true)
    const bags = [...others, root, leaf].map((each) => certificateBag(each))
    const { keys } = await assemble(keyBag(leafKey), ...bags)
    expect(keys[0]?.certificates).toEqual([leaf, root])
  })

  test('is looked for with 1000 signature checks at most, for all keys together', async () => {
    const { leafKey, chain } = await chainOf(2)
    const [leaf, root] = chain
    if (leaf === undefined || root === undefined) throw new Error('unreachable')
    const other = certificateBag(forged(root, spki(root.publicKey), spki(ec.certificate.publicKey)))
    const withOthers = (count: number): Promise<unknown> =>
      assemble(
        keyBag(leafKey),
        ...Array.from({ length: count }, () => other),
        certificateBag(root),
        certificateBag(leaf),
      )
    // Each is tried as the issuer of both, and the root of the leaf.
    await expect(withOthers(499)).resolves.toMatchObject({ keys: [{ certificates: [leaf, root] }] })
    await expect(withOthers(500)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message:
        'the certificates have too many possible issuers: 1000 signature checks did not find the right ones',
    })
  })
})

test('a key without a certificate has its name and no certificates', async () => {
  const bags = [keyBag(ec.privateKey, { friendlyName: 'a' }), certificateBag(ed25519.certificate)]
  const { keys, skipped } = await assemble(...bags)
  expect(keys).toEqual([{ privateKey: ec.privateKey, friendlyName: 'a', certificates: [] }])
  expect(skipped).toEqual([])
})

describe('keys are passed over, with their names,', () => {
  test('that come with the public key of another', async () => {
    const [own, other] = [generateKeyPairSync('ec', p256), generateKeyPairSync('ec', p256)]
    const point = ({ publicKey }: typeof own): Buffer =>
      publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)
    // As PKCS #8, since Node 26 refuses such a JWK.
    const key = own.privateKey.export({ type: 'pkcs8', format: 'der' })
    point(other).copy(key, key.indexOf(point(own)))
    const mixed = createPrivateKey({ key, type: 'pkcs8', format: 'der' })
    const { keys, skipped } = await assemble(keyBag(mixed))
    expect(keys).toEqual([])
    expect(skipped).toEqual([
      {
        what: 'a private key',
        reason: 'the private key does not belong to the public key it comes with',
      },
    ])
  })

  test.each([
    ['rsa', () => brokenKey],
    ['x25519', () => generateKeyPairSync('x25519').privateKey],
  ])('that cannot sign (%s)', async (type, make) => {
    const { keys, certificates, skipped } = await assemble(
      keyBag(make(), { friendlyName: 'a "b"' }),
      keyBag(make()),
      keyBag(ec.privateKey),
      certificateBag(ec.certificate),
    )
    expect([keys.length, certificates.length]).toEqual([1, 1])
    const reason = `the private key, of type ${type}, cannot sign`
    expect(skipped).toEqual([
      { what: String.raw`a private key "a \"b\""`, reason },
      { what: 'a private key', reason },
    ])
  })
})

test.each(['ec-p256', 'ec-p521', 'ed25519', 'rsa-2048'] as const)(
  'a key of type %s is kept',
  async (type) => {
    const { privateKey, certificate } = await identity(type)
    const { keys } = await assemble(keyBag(privateKey), certificateBag(certificate))
    expect(keys).toEqual([{ privateKey, friendlyName: null, certificates: [certificate] }])
  },
)

test('a signal ends it with its reason', async () => {
  const reason = new Error('enough')
  const bags = [keyBag(ec.privateKey), certificateBag(ec.certificate)]
  await expect(assembleContents(bags, new SkippedItems(), AbortSignal.abort(reason))).rejects.toBe(reason)
})
