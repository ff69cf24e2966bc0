import type { X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { expect, test } from 'vitest'
import { createSelfSignedCertificate } from '../../src/index.ts'
import { fromPkijs, SignerEngine, toPkijs } from '../../src/pkijs/index.ts'
import { policies } from '../examples/read-with-pkijs.ts'
import { pkijs, pkijsCertificate } from '../support/pkijs.ts'
import { encode, octets, oid, primitive, sequence, type Tlv } from '../support/tlv.ts'

const signer = createLocalSigner(privateKey('ES256'))

/** An OBJECT IDENTIFIER of 100,000 arcs. */
const longOid = primitive(0x06, new Uint8Array(100_000).fill(1))

test.each([...privateKeys.keys()])('a certificate goes to pkijs and back byte by byte: %s', async (name) => {
  const certificate = await createSelfSignedCertificate(
    createLocalSigner(privateKey(name), { algorithm: name }),
    {
      subject: 'CN=Jürgen+serialNumber=12,O=Contoso',
      profile: 'rootCa',
      extensions: { certificatePolicies: [{ policy: '1.2.3.4' }] },
    },
  )
  expect(fromPkijs(toPkijs(certificate)).raw.equals(certificate.raw)).toBe(true)
  expect(policies(certificate)).toMatchObject({
    oids: ['1.2.3.4'],
    certificate: { serialNumber: certificate.serialNumber },
  })
})

test('a certificate that pkijs has signed becomes an X509Certificate', async () => {
  const engine = new SignerEngine(signer)
  const certificate = await pkijsCertificate(signer, (document) =>
    document.sign(engine.privateKey, undefined, engine),
  )
  expect(fromPkijs(certificate).verify(signer.publicKey)).toBe(true)
})

test('one that is not signed, and what is none, is refused', async () => {
  expect(await failure('INVALID_ENCODING', () => fromPkijs(new pkijs.Certificate()))).not.toBe('')
  for (const wrong of ['a password', null, undefined, {}, { toSchema: 7 }]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await failure('INVALID_ARGUMENT', () => fromPkijs(wrong as never))).not.toContain('password')
    // oxlint-disable-next-line no-await-in-loop
    expect(await failure('INVALID_ARGUMENT', () => toPkijs(wrong as never))).not.toContain('password')
  }
})

test('the limits are those of the message, and can be raised', async () => {
  const names = Array.from({ length: 9000 }, (_, index) => ({
    type: 'dns' as const,
    value: `host-${index}.example.com`,
  }))
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=a', subjectAltNames: names })
  expect(await failure('LIMIT_EXCEEDED', () => toPkijs(certificate))).toContain('at most 131072 are allowed')
  const raised = { bytes: 2 ** 20, elements: 20_000 }
  expect(toPkijs(certificate, raised).extensions).toHaveLength(5)
  expect(await failure('INVALID_ARGUMENT', () => toPkijs(certificate, { bytes: Number.NaN }))).not.toBe('')
})

/** A certificate with a custom extension. */
function certificateWith(value: Tlv): Promise<X509Certificate> {
  const custom = [{ oid: '1.2.3.4', critical: false, value: encode(value) }]
  return createSelfSignedCertificate(signer, { subject: 'CN=a', extensions: { custom } })
}

/** OCTET STRINGs in each other. */
function nested(count: number): Tlv {
  let value = octets([])
  for (let level = 1; level < count; level++) value = octets(encode(value))
  return value
}

test.each([33, 9000])('%i OCTET STRINGs in each other are refused', async (count) => {
  expect(toPkijs(await certificateWith(nested(30))).extensions).toHaveLength(5)
  const hostile = await certificateWith(nested(count))
  expect(await failure('LIMIT_EXCEEDED', () => toPkijs(hostile))).toBe(
    'the certificate is nested more than 32 deep',
  )
})

test.each([longOid, sequence(oid('1.2.3'), longOid)])(
  'a long OBJECT IDENTIFIER is refused',
  async (value) => {
    const certificate = await certificateWith(value)
    const message = await failure('LIMIT_EXCEEDED', () => toPkijs(certificate))
    expect(message).toContain('OBJECT IDENTIFIER of 100000 bytes')
  },
)
