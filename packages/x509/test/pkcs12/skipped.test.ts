import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createRevocationList, createSelfSignedCertificate, readPkcs12 } from '../../src/index.ts'
import { createLocalSigner } from '@sealwright/core'
import { identity } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import {
  constructed,
  decode,
  encode,
  explicit0,
  int,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from '../support/tlv.ts'

/** What is said of items that are passed over: what each is, with its friendly name, and why. */

const { certificate, privateKey } = await identity('ec-p256')
const other = await identity('ec-p384')

/** ECPrivateKey (RFC 5915 §3), in the OCTET STRING of PKCS#8. */
function innerKey(pkcs8: Tlv): Tlv {
  return decode(pkcs8.children[2]?.content ?? new Uint8Array())
}

/** PKCS#8 of an EC key, with the public key of another. */
function mismatched(): Tlv {
  const { privateKey: foreign } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [own, another] = [privateKey, foreign].map((key) =>
    decode(key.export({ format: 'der', type: 'pkcs8' })),
  )
  if (own === undefined || another === undefined) throw new Error('unreachable')
  const [version = int(1), secret = int(1)] = innerKey(own).children
  const [, , publicKey = int(1)] = innerKey(another).children
  own.children[2] = octets(encode(sequence(version, secret, publicKey)))
  return own
}

async function crl(): Promise<Uint8Array> {
  const signer = createLocalSigner(other.privateKey)
  const root = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
  return createRevocationList({ signer, certificate: root }, { number: 1, revoked: [] })
}

const types = { crl: '1.2.840.113549.1.12.10.1.4', secret: '1.2.840.113549.1.12.10.1.5' }
const dsa = sequence(int(0), sequence(oid('1.2.840.10040.4.1')), octets([2, 1, 1]))

test('each with its name and the reason, or without a name where it has none', async () => {
  const values: readonly [string, string, Tlv, RegExp][] = [
    ['a bag', types.crl, octets(await crl()), /^it holds a CRL, which is not read from PKCS#12 files$/],
    ['a bag', types.secret, octets([1]), /^it holds a secret, which is not a private key$/],
    ['a bag', '1.2.3.4', octets([1]), /^it has the unknown type 1\.2\.3\.4$/],
    [
      'a certificate',
      pfx.oids.certificateBag,
      sequence(oid('1.2.840.113549.1.9.22.2'), explicit0(octets([1]))),
      /^a certificate bag holds a certificate of type 1\.2\.840\.113549\.1\.9\.22\.2; only X\.509 is supported$/,
    ],
    ['a private key', pfx.oids.keyBag, dsa, /DSA key, which cannot sign tokens$/],
    ['a private key', pfx.oids.shroudedKeyBag, sequence(pfx.pbes2(), octets(new Uint8Array(32))), /./],
    [
      'a private key',
      pfx.oids.keyBag,
      mismatched(),
      /^the private key does not belong to the public key it comes with$/,
    ],
  ]
  for (const [what, type, value, reason] of values) {
    for (const [attributes, shown] of [
      [[], what],
      [[pfx.friendlyName('a "b"')], `${what} "a \\"b\\""`],
    ] as const) {
      const file = pfx.sealed(
        pfx.plainSafe(pfx.certificateBag(certificate.raw), pfx.bag(type, value, ...attributes)),
      )
      // oxlint-disable-next-line no-await-in-loop
      const { keys, certificates, skipped } = await readPkcs12(file, pfx.password)
      expect([keys, certificates.map(({ raw }) => raw)]).toEqual([[], [certificate.raw]])
      expect(skipped).toEqual([{ what: shown, reason: expect.stringMatching(reason) }])
    }
  }
})

test('a bag that is none', async () => {
  const broken = sequence(oid(pfx.oids.certificateBag))
  const file = pfx.sealed(pfx.plainSafe(pfx.certificateBag(certificate.raw), broken))
  expect((await readPkcs12(file, pfx.password)).skipped).toEqual([
    { what: 'a bag', reason: 'a bag has no value' },
  ])
})

test.each([
  ['is not a SEQUENCE of bags', [0x04, 1, 1]],
  ['holds a SEQUENCE or SET that is not constructed', [0x10, 0]],
])('a safe that %s', async (problem, bytes) => {
  const safe = pfx.contentInfo(pfx.oids.data, octets(bytes))
  await expect(readPkcs12(pfx.sealed(safe), pfx.password)).rejects.toThrow(`a safe ${problem}`)
})

function attributeWithoutValue(type: string): Tlv {
  return sequence(oid(type), constructed(0x31))
}

test('an attribute without a value says nothing, and a friendlyName in segments is not read', async () => {
  const segments = constructed(0x3e, primitive(0x1e, [0, 0x61]))
  for (const [attributes, skipped] of [
    [[pfx.oids.friendlyName, pfx.oids.localKeyId, '1.2.3'].map(attributeWithoutValue), []],
    [
      [pfx.attribute(pfx.oids.friendlyName, segments), pfx.localKeyId(1)],
      [{ what: 'an attribute of a bag', reason: 'a friendlyName is not a BMPString' }],
    ],
  ] as const) {
    const bag = pfx.certificateBag(certificate.raw, ...attributes)
    // oxlint-disable-next-line no-await-in-loop
    const read = await readPkcs12(pfx.sealed(pfx.plainSafe(bag)), pfx.password)
    expect([read.certificates.length, read.skipped]).toEqual([1, skipped])
  }
})

test('an attribute of another type is passed over, whatever its value', async () => {
  const unknown = pfx.attribute('1.2.3', int(1))
  const key = pfx.keyBag(
    privateKey.export({ format: 'der', type: 'pkcs8' }),
    unknown,
    pfx.friendlyName('a'),
    unknown,
  )
  const { keys, skipped } = await readPkcs12(pfx.sealed(pfx.plainSafe(key)), pfx.password)
  expect([keys.map(({ friendlyName }) => friendlyName), skipped]).toEqual([['a'], []])
})
