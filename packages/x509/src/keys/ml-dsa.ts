import { createPublicKey, type KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'

/** For messages: where ML-DSA keys can be used. */
export const mlDsaNeeds = 'ML-DSA needs Node 24.7 or newer'

/** id-ml-dsa-44, -65 and -87 (RFC 9881 §2) without the last byte, in DER. */
const identifierPrefix = Buffer.from('06096086480165030403', 'hex')

/**
 * Why OpenSSL rejected a key: null unless it is an ML-DSA key and this Node has no ML-DSA.
 *
 * @param der PrivateKeyInfo (RFC 5958 §2) or SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)
 * @param cause undefined where OpenSSL accepted it and Node did not
 */
export function mlDsaProblem(source: string, der: Uint8Array, cause?: unknown): SealwrightError | null {
  // In both the AlgorithmIdentifier comes after no more than two headers and a version.
  const at = Buffer.from(der.buffer, der.byteOffset, Math.min(der.length, 32)).indexOf(identifierPrefix)
  const last = at === -1 ? 0 : (der[at + identifierPrefix.length] ?? 0)
  if (last < 17 || last > 19 || hasMlDsa()) return null
  return new SealwrightError('UNSUPPORTED_KEY', `${source} is an ML-DSA key; ${mlDsaNeeds}`, { cause })
}

/**
 * Refuses a key that OpenSSL has read but Node has no name for, such as ML-DSA on Node 22 with OpenSSL 3.5. It cannot
 * be used.
 *
 * @param der the encoded key, as for {@link mlDsaProblem}
 * @throws SealwrightError `UNSUPPORTED_KEY`
 */
export function assertKnownType(key: KeyObject, source: string, der: Uint8Array): void {
  if (key.asymmetricKeyType !== undefined) return
  throw (
    mlDsaProblem(source, der) ??
    new SealwrightError(
      'UNSUPPORTED_KEY',
      `${source} is of a kind that this version of Node does not support`,
    )
  )
}

/** Asked only where something has failed. Any 1,312 bytes parse as an ML-DSA-44 public key, so this tests support. */
function hasMlDsa(): boolean {
  const header = Buffer.from('30820532300b06096086480165030403110382052100', 'hex')
  try {
    const key = Buffer.concat([header, Buffer.alloc(1312)])
    // Undefined where OpenSSL has it and Node has not.
    return createPublicKey({ key, format: 'der', type: 'spki' }).asymmetricKeyType !== undefined
  } catch {
    return false
  }
}
