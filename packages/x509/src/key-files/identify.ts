import { tags, type BerElement } from '../asn1/ber.ts'

/** The format of a file. `PEM`, `JSON` and `XML` are for several items; one item has its own format. */
export type KeyFileFormat =
  | 'PKCS#12'
  | 'PKCS#8'
  | 'encrypted PKCS#8'
  | 'SEC1'
  | 'PKCS#1'
  | 'public key'
  | 'JWK'
  | 'JWK Set'
  | 'RSAKeyValue'
  | 'PKCS#7'
  | 'PVK'
  | 'MSBLOB'
  | 'certificate'
  | 'certificate request'
  | 'CRL'
  | 'PEM'
  | 'JSON'
  | 'XML'

/** The format of DER. `PKCS#1 public key` is a public key without its SubjectPublicKeyInfo. */
export type DerFormat =
  | 'PKCS#12'
  | 'PKCS#8'
  | 'encrypted PKCS#8'
  | 'SEC1'
  | 'PKCS#1'
  | 'public key'
  | 'PKCS#1 public key'
  | 'PKCS#7'
  | 'certificate'
  | 'certificate request'
  | 'CRL'

/** As deep as {@link identify} looks. */
export const identifiedLevels = 3

/** The labels of RFC 7468 and, for SEC1 and PKCS#1, OpenSSL. The first is the right one. */
const labels: Readonly<Record<DerFormat, readonly string[]>> = {
  'PKCS#12': ['PKCS12'],
  'PKCS#8': ['PRIVATE KEY'],
  'encrypted PKCS#8': ['ENCRYPTED PRIVATE KEY'],
  SEC1: ['EC PRIVATE KEY'],
  'PKCS#1': ['RSA PRIVATE KEY'],
  'public key': ['PUBLIC KEY'],
  'PKCS#1 public key': ['RSA PUBLIC KEY'],
  'PKCS#7': ['PKCS7', 'CMS'],
  certificate: ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'],
  'certificate request': ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'],
  CRL: ['X509 CRL'],
}

/** The warning for a label that does not match the contents of the block. Null for a label that is right. */
export function labelRemark(label: string, format: DerFormat): string | null {
  const [right = ''] = labels[format]
  return labels[format].includes(label)
    ? null
    : `the PEM block ${label} holds a ${format}; other readers want the label ${right}`
}

/**
 * Identifies a value by its tags and those inside it; its reader checks the rest. Null for any other value.
 *
 * @param element read to {@link identifiedLevels}
 */
export function identify(element: BerElement): DerFormat | null {
  if (element.tag !== tags.sequence) return null
  const [first, second, third] = element.children
  if (first?.tag === tags.integer) {
    if (second?.tag === tags.octetString) return 'SEC1'
    if (second?.tag === tags.integer) return identifyNumbers(first, element.children.length)
    return third?.tag === tags.octetString ? 'PKCS#8' : 'PKCS#12'
  }
  if (first?.tag === tags.objectIdentifier) return 'PKCS#7'
  if (first?.tag !== tags.sequence) return null
  if (second?.tag === tags.octetString) return 'encrypted PKCS#8'
  if (second?.tag === tags.bitString) return 'public key'
  return third?.tag === tags.bitString ? identifyDocument(first.children) : null
}

/** A shorter modulus is not a key: signatures of ECDSA are two numbers as well. */
const minimumModulusBytes = 64

function identifyNumbers(first: BerElement, count: number): DerFormat | null {
  if (count > 2) return 'PKCS#1'
  return first.content.length >= minimumModulusBytes ? 'PKCS#1 public key' : null
}

/** Certificates, requests and CRLs have one outer structure. The signed part differs. */
function identifyDocument(fields: readonly BerElement[]): DerFormat {
  if (fields.some(({ tag }) => tag === tags.utcTime || tag === tags.generalizedTime)) return 'CRL'
  // INTEGER, Name, SubjectPublicKeyInfo, [0]; a certificate has six fields at least.
  return fields.length <= 4 ? 'certificate request' : 'certificate'
}
