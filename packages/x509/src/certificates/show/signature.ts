import { constants, verify, type KeyObject } from 'node:crypto'
import { tags, type BerElement } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeObjectIdentifier } from '../../asn1/values.ts'
import { signatureAlgorithmByIdentifier } from '../../signing/identify-algorithm.ts'
import { readPssParameters, rsassaPssOid } from '../../signing/pss-parameters.ts'
import type { SignedDocument } from '../../signing/read-signed-document.ts'
import type { Findings } from './findings.ts'

/** An algorithm that documents are signed with. */
interface ShownAlgorithm {
  /** The JOSE name where core's table has the algorithm; otherwise a name for people, or the OID. */
  readonly name: string
  /** As Node spells it; null for the algorithms that hash for themselves. Undefined where nothing verifies it here. */
  readonly digest?: string | null
  readonly keyTypes?: readonly string[]
  /** The hash that makes it weak. */
  readonly weakHash?: string
  readonly saltLength?: number
}

const rsa = ['rsa']
const ec = ['ec']

/** Those that core's table does not have, by OID: RFC 3279 §2.2, RFC 4055 §5, RFC 5758 §3 and NIST's registry. */
const algorithms: Readonly<Record<string, ShownAlgorithm>> = {
  '1.2.840.113549.1.1.2': { name: 'RSA with MD2', weakHash: 'MD2' },
  '1.2.840.113549.1.1.3': { name: 'RSA with MD4', weakHash: 'MD4' },
  '1.2.840.113549.1.1.4': { name: 'RSA with MD5', digest: 'md5', keyTypes: rsa, weakHash: 'MD5' },
  '1.2.840.113549.1.1.5': { name: 'RSA with SHA-1', digest: 'sha1', keyTypes: rsa, weakHash: 'SHA-1' },
  '1.3.14.3.2.29': { name: 'RSA with SHA-1', digest: 'sha1', keyTypes: rsa, weakHash: 'SHA-1' },
  '1.2.840.113549.1.1.14': { name: 'RSA with SHA-224', digest: 'sha224', keyTypes: rsa },
  '1.2.840.113549.1.1.11': { name: 'RS256', digest: 'sha256', keyTypes: rsa },
  '1.2.840.113549.1.1.12': { name: 'RS384', digest: 'sha384', keyTypes: rsa },
  '1.2.840.113549.1.1.13': { name: 'RS512', digest: 'sha512', keyTypes: rsa },
  '1.2.840.113549.1.1.15': { name: 'RSA with SHA-512/224', digest: 'sha512-224', keyTypes: rsa },
  '1.2.840.113549.1.1.16': { name: 'RSA with SHA-512/256', digest: 'sha512-256', keyTypes: rsa },
  '2.16.840.1.101.3.4.3.13': { name: 'RSA with SHA3-224', digest: 'sha3-224', keyTypes: rsa },
  '2.16.840.1.101.3.4.3.14': { name: 'RSA with SHA3-256', digest: 'sha3-256', keyTypes: rsa },
  '2.16.840.1.101.3.4.3.15': { name: 'RSA with SHA3-384', digest: 'sha3-384', keyTypes: rsa },
  '2.16.840.1.101.3.4.3.16': { name: 'RSA with SHA3-512', digest: 'sha3-512', keyTypes: rsa },
  '1.2.840.10045.4.1': { name: 'ECDSA with SHA-1', digest: 'sha1', keyTypes: ec, weakHash: 'SHA-1' },
  '1.2.840.10045.4.3.1': { name: 'ECDSA with SHA-224', digest: 'sha224', keyTypes: ec },
  '1.2.840.10045.4.3.2': { name: 'ES256', digest: 'sha256', keyTypes: ec },
  '1.2.840.10045.4.3.3': { name: 'ES384', digest: 'sha384', keyTypes: ec },
  '1.2.840.10045.4.3.4': { name: 'ES512', digest: 'sha512', keyTypes: ec },
  '2.16.840.1.101.3.4.3.10': { name: 'ECDSA with SHA3-256', digest: 'sha3-256', keyTypes: ec },
  '2.16.840.1.101.3.4.3.11': { name: 'ECDSA with SHA3-384', digest: 'sha3-384', keyTypes: ec },
  '2.16.840.1.101.3.4.3.12': { name: 'ECDSA with SHA3-512', digest: 'sha3-512', keyTypes: ec },
  '1.2.840.10040.4.3': { name: 'DSA with SHA-1', weakHash: 'SHA-1' },
  '2.16.840.1.101.3.4.3.1': { name: 'DSA with SHA-224' },
  '2.16.840.1.101.3.4.3.2': { name: 'DSA with SHA-256' },
  '1.3.101.112': { name: 'Ed25519', digest: null, keyTypes: ['ed25519'] },
  '1.3.101.113': { name: 'Ed448', digest: null, keyTypes: ['ed448'] },
  '2.16.840.1.101.3.4.3.17': { name: 'ML-DSA-44', digest: null, keyTypes: ['ml-dsa-44'] },
  '2.16.840.1.101.3.4.3.18': { name: 'ML-DSA-65', digest: null, keyTypes: ['ml-dsa-65'] },
  '2.16.840.1.101.3.4.3.19': { name: 'ML-DSA-87', digest: null, keyTypes: ['ml-dsa-87'] },
}

/** The algorithm that signed a document, reliable or not. */
export function showAlgorithm({ algorithm }: SignedDocument, findings: Findings): ShownAlgorithm {
  const shown = findings.attempt(() => describeAlgorithm(algorithm), { name: 'unknown' })
  if (shown.weakHash !== undefined) findings.weaknesses.push(`a signature with ${shown.weakHash}`)
  return shown
}

function describeAlgorithm(identifier: BerElement): ShownAlgorithm {
  const reader = new SequenceReader(identifier, 'the signature algorithm')
  const oid = decodeObjectIdentifier(reader.any('algorithm'), 'the signature algorithm')
  if (oid !== rsassaPssOid) return algorithms[oid] ?? { name: oid }
  const shown = describePss(reader.optional(tags.sequence))
  const joseName = signatureAlgorithmByIdentifier(identifier)?.name
  return joseName === undefined ? shown : { ...shown, name: joseName }
}

function describePss(element: BerElement | null): ShownAlgorithm {
  const { hash, maskHash, saltLength, trailer } = readPssParameters(element)
  const hashName = hash.toUpperCase().replace('SHA', 'SHA-')
  return {
    name: `RSASSA-PSS with ${hashName} and a salt of ${saltLength} bytes`,
    // Node has one hash for both, MGF1 and one trailer.
    ...(hash === maskHash && trailer === 1 && saltLength >= 0 && { digest: hash, saltLength }),
    keyTypes: ['rsa', 'rsa-pss'],
    ...((hash === 'sha1' || hash === 'md5') && { weakHash: hashName }),
  }
}

/**
 * Whether the key made the signature; null where this cannot be verified here. A wrong signature is a problem.
 *
 * @param shown of the same document
 */
export function showVerification(
  { toBeSigned, signature }: SignedDocument,
  { digest, keyTypes = [], saltLength, name }: ShownAlgorithm,
  publicKey: KeyObject | null,
  findings: Findings,
): boolean | null {
  if (publicKey === null || digest === undefined) return null
  if (!keyTypes.includes(publicKey.asymmetricKeyType ?? '')) {
    findings.problems.push(`its signature algorithm, ${name}, does not match its key`)
    return false
  }
  const pss = saltLength !== undefined && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  let right: boolean
  try {
    right = verify(digest, toBeSigned.bytes, { key: publicKey, ...pss }, signature)
  } catch {
    // A Node in FIPS mode has no MD5, and others lack SHA-3.
    return null
  }
  if (!right) findings.problems.push('its signature is wrong')
  return right
}
