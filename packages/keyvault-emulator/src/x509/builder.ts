import { createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto'
import { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  Attribute,
  Certificate,
  Extensions,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
  type Extension,
  type Name,
} from '@peculiar/asn1-x509'
import { EmulatorError } from '../protocol/errors.ts'

const extensionRequest = '1.2.840.113549.1.9.14'
const derNull = new Uint8Array([5, 0]).buffer

/**
 * A certificate, encoded by asn1-x509 and signed by node:crypto.
 *
 * @returns DER
 */
export function buildCertificate(template: {
  readonly subject: Name
  readonly issuer: Name
  /** Private or public; its public half is certified. */
  readonly subjectKey: KeyObject
  readonly issuerKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  readonly extensions: readonly Extension[]
}): Buffer {
  const { algorithm, hash } = signatureAlgorithm(template.issuerKey)
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: template.issuer,
    validity: new Validity({ notBefore: template.notBefore, notAfter: template.notAfter }),
    subject: template.subject,
    subjectPublicKeyInfo: publicKeyInfo(template.subjectKey),
    extensions: new Extensions([...template.extensions]),
  })
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: signature(hash, AsnConvert.serialize(tbsCertificate), template.issuerKey),
  })
  return Buffer.from(AsnConvert.serialize(certificate))
}

/**
 * A certification request (RFC 2986) that asks for these extensions.
 *
 * @returns DER
 */
export function buildCertificationRequest(
  subject: Name,
  key: KeyObject,
  extensions: readonly Extension[],
): Buffer {
  const { algorithm, hash } = signatureAlgorithm(key)
  const certificationRequestInfo = new CertificationRequestInfo({
    subject,
    subjectPKInfo: publicKeyInfo(key),
    attributes: new Attributes([
      new Attribute({
        type: extensionRequest,
        values: [AsnConvert.serialize(new Extensions([...extensions]))],
      }),
    ]),
  })
  const request = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: algorithm,
    signature: signature(hash, AsnConvert.serialize(certificationRequestInfo), key),
  })
  return Buffer.from(AsnConvert.serialize(request))
}

export function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return AsnConvert.parse(publicKey.export({ format: 'der', type: 'spki' }), SubjectPublicKeyInfo)
}

/** Positive, 127 random bits (RFC 5280 §4.1.2.2: at most 20 octets). */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return Uint8Array.from(bytes).buffer
}

function signature(hash: string, data: ArrayBuffer, key: KeyObject): ArrayBuffer {
  return Uint8Array.from(sign(hash, Buffer.from(data), key)).buffer
}

/**
 * SHA-256 with RSA; with EC the hash that goes with the curve. RSA has NULL parameters (RFC 4055 §5), ECDSA none.
 */
function signatureAlgorithm(key: KeyObject): { algorithm: AlgorithmIdentifier; hash: string } {
  if (key.asymmetricKeyType === 'rsa') {
    return {
      algorithm: new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: derNull }),
      hash: 'sha256',
    }
  }
  const scheme = ecdsaSchemes[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (scheme === undefined) throw new EmulatorError(`cannot sign with a ${key.asymmetricKeyType} key`)
  return { algorithm: new AlgorithmIdentifier({ algorithm: scheme.oid }), hash: scheme.hash }
}

const ecdsaSchemes: Readonly<Record<string, { readonly oid: string; readonly hash: string }>> = {
  prime256v1: { oid: '1.2.840.10045.4.3.2', hash: 'sha256' },
  secp256k1: { oid: '1.2.840.10045.4.3.2', hash: 'sha256' },
  secp384r1: { oid: '1.2.840.10045.4.3.3', hash: 'sha384' },
  secp521r1: { oid: '1.2.840.10045.4.3.4', hash: 'sha512' },
}
