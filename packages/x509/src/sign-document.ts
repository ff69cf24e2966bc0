import { verify } from 'node:crypto'
import { ecdsaSignatureToDer, SealwrightError, type Signer } from '@sealwright/core'
import { signatureAlgorithmIdentifier } from './algorithm-identifiers.ts'
import { bitString, sequence, type DerValue } from './asn1/der.ts'

/**
 * The one place where X.509 meets a key: signs what was encoded and puts the document together. Certificates (RFC 5280
 * §4.1), certificate requests (RFC 2986 §4.2) and CRLs (RFC 5280 §5.1) all are
 * `SEQUENCE { toBeSigned, signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }`.
 *
 * @param toBeSigned where it names its signature algorithm, it is that of the signer
 * @returns DER
 * @throws SealwrightError `INVALID_SIGNATURE` when what the signer returned does not verify with its own public key; or what
 *   the signer throws
 */
export async function signDocument(toBeSigned: DerValue, signer: Signer): Promise<Uint8Array> {
  const signature = toX509Signature(await signer.sign(toBeSigned), signer)
  const { digest, pss } = signer.algorithm
  if (!verify(digest, toBeSigned, { key: signer.publicKey, ...pss }, signature)) {
    throw invalidSignature(signer)
  }
  return sequence(toBeSigned, signatureAlgorithmIdentifier(signer.algorithm), bitString(signature))
}

/** A Signer signs as JWS has it; for ECDSA, X.509 wants Ecdsa-Sig-Value (RFC 3279 §2.2.3) instead of R‖S. */
function toX509Signature(signature: Uint8Array, signer: Signer): Uint8Array {
  const { coordinateLength } = signer.algorithm
  if (coordinateLength === null) return signature
  try {
    return ecdsaSignatureToDer(signature, coordinateLength)
  } catch (cause) {
    throw invalidSignature(signer, cause)
  }
}

function invalidSignature(signer: Signer, cause?: unknown): SealwrightError {
  return new SealwrightError(
    'INVALID_SIGNATURE',
    `the ${signer.algorithm.name} signature made with the key ${signer.keyId} does not verify with its public key`,
    cause === undefined ? undefined : { cause },
  )
}
