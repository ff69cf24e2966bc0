import { verify, type KeyObject } from 'node:crypto'
import { SealwrightError, type SignatureAlgorithm } from '@sealwright/core'
import { assertUnforgeable } from '@sealwright/core/internal'
import { signatureAlgorithmByIdentifier } from './identify-algorithm.ts'
import { malformed, readBer, type BerBudget, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeBitString } from '../asn1/values.ts'

/** A certificate, certificate request or CRL split into its parts. Nothing in it is verified yet. */
export interface SignedDocument {
  readonly toBeSigned: BerElement
  /** The AlgorithmIdentifier. */
  readonly algorithm: BerElement
  readonly signature: Uint8Array
}

/**
 * Reads `SEQUENCE { toBeSigned, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }`.
 *
 * @param source for messages, such as `the certificate request`
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function readSignedDocument(der: Uint8Array, source: string, budget: BerBudget): SignedDocument {
  const document = new SequenceReader(readBer(der, source, budget), source)
  const toBeSigned = document.any('part that is signed')
  const algorithm = document.any('signatureAlgorithm')
  const { bytes, unusedBits } = decodeBitString(document.any('signature'), `the signature of ${source}`)
  document.end()
  if (unusedBits !== 0) throw malformed(source, 'has a signature whose length is not a whole number of bytes')
  return { toBeSigned, algorithm, signature: bytes }
}

/**
 * Checks that a certificate or CRL has the same algorithm inside and outside the signed part (RFC 5280 §4.1.1.2
 * and §5.1.1.2).
 *
 * @param signature the field of that name in the part that is signed
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function checkSignatureAlgorithm(
  signature: BerElement,
  { algorithm }: SignedDocument,
  source: string,
): void {
  if (Buffer.compare(signature.bytes, algorithm.bytes) !== 0) {
    throw malformed(source, 'has two different signature algorithms')
  }
}

/** Whether a key of that type can have signed with the algorithm; X.509 does not restrict its curve. */
function goesWith({ kty, name }: SignatureAlgorithm, { asymmetricKeyType }: KeyObject): boolean {
  switch (kty) {
    case 'RSA':
      return asymmetricKeyType === 'rsa'
    case 'EC':
      return asymmetricKeyType === 'ec'
    case 'OKP':
      return asymmetricKeyType === 'ed25519'
    default:
      return asymmetricKeyType?.toUpperCase() === name
  }
}

/**
 * Checks that a key has signed a document.
 *
 * @param source for messages
 * @throws SealwrightError `INVALID_SIGNATURE`; `UNSUPPORTED_ALGORITHM` for an unsupported kind of signature, such
 *   as one with SHA-1; `UNSUPPORTED_KEY` for a key that anyone can sign for
 */
export function verifyDocument(document: SignedDocument, publicKey: KeyObject, source: string): void {
  const row = signatureAlgorithmByIdentifier(document.algorithm)
  // The algorithm comes from the key: the document has to match it.
  if (row === undefined || !goesWith(row, publicKey)) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `${source} is signed with an algorithm that does not match its key or is not supported`,
    )
  }
  assertUnforgeable(publicKey)
  // X.509 allows any hash with any curve; JWS does not. The hash comes from the row, the curve from the key.
  if (!verify(row.digest, document.toBeSigned.bytes, { key: publicKey, ...row.pss }, document.signature)) {
    throw new SealwrightError('INVALID_SIGNATURE', `${source} is not signed with the expected key`)
  }
}
