import { beforeAll, expect, test } from 'vitest'
import { isSealwrightError } from '@sealwright/core'
import { readPkcs12 } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import { encode, int, nul, octets, sequence, type Tlv } from '../support/tlv.ts'

/** Each field of a sound file is made another type, or is left out. The error names the field. */

const { oids, password } = pfx

/** A tree, and the file that is made of it. */
interface Part {
  readonly tree: Tlv
  readonly fileOf: (tree: Tlv) => Uint8Array
}

function inSafe(tree: Tlv): Uint8Array {
  return pfx.sealed(pfx.plainSafe(tree))
}

let parts: Readonly<Record<string, Part>>
beforeAll(async () => {
  const { certificate } = await identity('ec-p256')
  const safe = pfx.plainSafe(pfx.certificateBag(certificate.raw))
  const bytes = encode(sequence(safe))
  const data = pfx.contentInfo(oids.data, octets(bytes))
  const pbmac1 = pfx.macData(bytes, { digest: pfx.pbmac1({ keyLength: int(32) }) })
  const bag = pfx.certificateBag(certificate.raw, pfx.friendlyName('a'), pfx.localKeyId(1))
  const shrouded = pfx.bag(oids.shroudedKeyBag, sequence(pfx.pbes2(), octets(new Uint8Array(32))))
  parts = {
    PFX: { tree: sequence(int(3), data, pfx.macData(bytes, { iterations: int(1) })), fileOf: encode },
    MacData: { tree: pbmac1, fileOf: (tree) => pfx.pfx(data, tree) },
    AuthenticatedSafe: { tree: sequence(safe), fileOf: (tree) => pfx.sealedBytes(encode(tree)) },
    EncryptedData: { tree: pfx.soundEncryptedSafe(), fileOf: (tree) => pfx.sealed(tree) },
    CertBag: { tree: bag, fileOf: inSafe },
    PKCS8ShroudedKeyBag: { tree: shrouded, fileOf: inSafe },
  }
})

/** What is said, by the place in the tree. */
const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  PFX: {
    all: 'the file is not PKCS#12: it does not begin with the byte 30 of a DER SEQUENCE',
    '0': 'the file is DER, but not PKCS#12. To make PKCS#12 of a key and its certificate: openssl pkcs12 -export -inkey KEY -in CERTIFICATE -out FILE.p12',
    '1.0': 'a ContentInfo contentType is not an OBJECT IDENTIFIER',
    '1.1': 'the content of a ContentInfo is not a single value with the expected tag',
    '1.1.0': 'the authSafe is not an OCTET STRING',
    '2': 'the PKCS#12 file has too many fields',
    '2.0': 'MacData mac is not a SEQUENCE',
    '2.0.0': 'MacData mac digestAlgorithm is not a SEQUENCE',
    '2.0.0.0': 'MacData mac digestAlgorithm algorithm is not an OBJECT IDENTIFIER',
    '2.0.1': 'MacData mac digest is not an OCTET STRING',
    '2.1': 'MacData macSalt is not an OCTET STRING',
    '2.2': 'MacData has too many fields',
    '1.1 left out': 'a ContentInfo has no content',
    '2.0.1 left out': 'MacData mac has no digest',
  },
  MacData: {
    all: 'the PKCS#12 file has too many fields',
    '0': 'MacData mac is not a SEQUENCE',
    '0.0': 'MacData mac digestAlgorithm is not a SEQUENCE',
    '0.0.0': 'MacData mac digestAlgorithm algorithm is not an OBJECT IDENTIFIER',
    '0.0.1': 'PBMAC1 parameters is not a SEQUENCE',
    '0.0.1.0': 'PBMAC1 parameters keyDerivationFunc is not a SEQUENCE',
    '0.0.1.0.0': 'PBMAC1 parameters keyDerivationFunc algorithm is not an OBJECT IDENTIFIER',
    '0.0.1.0.1': 'PBMAC1 parameters keyDerivationFunc parameters is not a SEQUENCE',
    '0.0.1.0.1.0': 'the MAC PBKDF2 salt is not an OCTET STRING',
    '0.0.1.0.1.1': 'PBMAC1 parameters keyDerivationFunc parameters iterationCount is not an INTEGER',
    '0.0.1.0.1.2': 'PBMAC1 parameters keyDerivationFunc parameters has too many fields',
    '0.0.1.0.1.3.0': 'the MAC PBKDF2 prf algorithm is not an OBJECT IDENTIFIER',
    '0.0.1.1': 'PBMAC1 parameters messageAuthScheme is not a SEQUENCE',
    '0.0.1.1.0': 'PBMAC1 parameters messageAuthScheme algorithm is not an OBJECT IDENTIFIER',
    '0.1': 'MacData mac digest is not an OCTET STRING',
    '1': 'MacData macSalt is not an OCTET STRING',
    '0.0.1 left out': 'MacData mac digestAlgorithm has no parameters',
    '0.0.1.0.1 left out': 'PBMAC1 parameters keyDerivationFunc has no parameters',
    '0.0.1.0.1.1 left out': 'the MAC has no keyLength, which PBMAC1 requires (RFC 9879)',
    '0.0.1.1 left out': 'PBMAC1 parameters has no messageAuthScheme',
    '0.1 left out': 'MacData mac has no digest',
    '1 left out': 'MacData has no macSalt',
  },
  AuthenticatedSafe: {
    all: 'the AuthenticatedSafe is not a SEQUENCE',
    '0': 'a ContentInfo is not a SEQUENCE',
    '0.0': 'a ContentInfo contentType is not an OBJECT IDENTIFIER',
    '0.1': 'the content of a ContentInfo is not a single value with the expected tag',
    '0.1.0': 'a safe is not an OCTET STRING',
    '0.1 left out': 'a ContentInfo has no content',
  },
  EncryptedData: {
    all: 'a ContentInfo is not a SEQUENCE',
    '0': 'a ContentInfo contentType is not an OBJECT IDENTIFIER',
    '1': 'the content of a ContentInfo is not a single value with the expected tag',
    '1.0': 'a safe in the PKCS#12 file is not a SEQUENCE',
    '1.0.0': 'a safe in the PKCS#12 file version is not an INTEGER',
    '1.0.1': 'a safe in the PKCS#12 file content info is not a SEQUENCE',
    '1.0.1.0': 'a safe in the PKCS#12 file content info content type is not an OBJECT IDENTIFIER',
    '1.0.1.1': 'a safe in the PKCS#12 file encryption algorithm is not a SEQUENCE',
    '1.0.1.1.0': 'a safe in the PKCS#12 file encryption algorithm algorithm is not an OBJECT IDENTIFIER',
    '1.0.1.1.1': 'a safe in the PKCS#12 file PBES2 parameters is not a SEQUENCE',
    '1.0.1.1.1.0': 'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc is not a SEQUENCE',
    '1.0.1.1.1.0.0':
      'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc algorithm is not an OBJECT IDENTIFIER',
    '1.0.1.1.1.0.1':
      'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc parameters is not a SEQUENCE',
    '1.0.1.1.1.0.1.0': 'a safe in the PKCS#12 file PBKDF2 salt is not an OCTET STRING',
    '1.0.1.1.1.0.1.1':
      'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc parameters iterationCount is not an INTEGER',
    '1.0.1.1.1.0.1.2':
      'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc parameters has too many fields',
    '1.0.1.1.1.0.1.2.0': 'a safe in the PKCS#12 file PBKDF2 prf algorithm is not an OBJECT IDENTIFIER',
    '1.0.1.1.1.1': 'a safe in the PKCS#12 file PBES2 parameters encryptionScheme is not a SEQUENCE',
    '1.0.1.1.1.1.0':
      'a safe in the PKCS#12 file PBES2 parameters encryptionScheme algorithm is not an OBJECT IDENTIFIER',
    '1.0.1.1.1.1.1': 'a safe in the PKCS#12 file initialisation vector is not an OCTET STRING',
    '1.0.1.2': "a safe in the PKCS#12 file's content is not an OCTET STRING",
    '1 left out': 'a ContentInfo has no content',
    '1.0.1 left out': 'a safe in the PKCS#12 file has no content info',
    '1.0.1.1.1 left out': 'a safe in the PKCS#12 file encryption algorithm has no parameters',
    '1.0.1.1.1.0.1 left out':
      'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc has no parameters',
    '1.0.1.1.1.1 left out': 'a safe in the PKCS#12 file PBES2 parameters has no encryptionScheme',
    '1.0.1.1.1.1.1 left out':
      'a safe in the PKCS#12 file PBES2 parameters encryptionScheme has no parameters',
    '1.0.1.2 left out': 'a safe in the PKCS#12 file content info has no encrypted content',
  },
  CertBag: {
    all: 'a bag is not a SEQUENCE',
    '0': 'a bag type is not an OBJECT IDENTIFIER',
    '1': "a bag's value is not a single value with the expected tag",
    '1.0': 'a certificate bag is not a SEQUENCE',
    '1.0.0': 'a certificate bag certId is not an OBJECT IDENTIFIER',
    '1.0.1': 'a certificate bag certValue is not a single value with the expected tag',
    '1.0.1.0': 'a certificate bag is not an OCTET STRING',
    '2': 'a bag has too many fields',
    '2.0': "a bag's attribute is not a SEQUENCE",
    '2.0.0': "a bag's attribute type is not an OBJECT IDENTIFIER",
    '2.0.1.0': 'a friendlyName is not a BMPString',
    '2.1.1.0': 'a localKeyID is not an OCTET STRING',
    '1.0.1 left out': 'a certificate bag has no certValue',
    '2.0.1 left out': "a bag's attribute has no values",
  },
  PKCS8ShroudedKeyBag: {
    '1.0': 'the private key is not a SEQUENCE',
    '1.0.0': 'the private key encryption algorithm is not a SEQUENCE',
    '1.0.0.0': 'the private key encryption algorithm algorithm is not an OBJECT IDENTIFIER',
    '1.0.1': 'the private key encryptedData is not an OCTET STRING',
    '1.0.0.1 left out': 'the private key encryption algorithm has no parameters',
    '1.0.1 left out': 'the private key has no encryptedData',
  },
}

const cases = Object.entries(messages).flatMap(([part, byPlace]) =>
  Object.entries(byPlace).map(([place, message]) => ({ part, place, message })),
)

test.each(cases)('$part $place: $message', async ({ part, place, message }) => {
  const { tree, fileOf } = parts[part]!
  const [where = '', leftOut] = place.split(' ')
  const path = where === 'all' ? [] : where.split('.').map(Number)
  expect(await problemOf(fileOf(leftOut === undefined ? retyped(tree, path) : without(tree, path)))).toBe(
    message,
  )
})

/** The message that a file is refused with, or the reason why its one item was passed over. */
async function problemOf(file: Uint8Array): Promise<string | undefined> {
  try {
    return (await readPkcs12(file, password)).skipped[0]?.reason
  } catch (error) {
    if (isSealwrightError(error, 'INVALID_ENCODING')) return error.message
    throw error
  }
}

/** A copy with a value of another type at that place. */
function retyped(node: Tlv, [at, ...path]: readonly number[]): Tlv {
  if (at === undefined) return node.tag === nul().tag ? int(1) : nul()
  return withChild(node, at, (child) => retyped(child, path))
}

function without(node: Tlv, [at, ...path]: readonly number[]): Tlv {
  if (path.length === 0) return { ...node, children: node.children.filter((_, index) => index !== at) }
  return withChild(node, at, (child) => without(child, path))
}

function withChild(node: Tlv, at: number | undefined, change: (child: Tlv) => Tlv): Tlv {
  const children = node.children.map((child, index) => (index === at ? change(child) : child))
  return { ...node, children }
}
