import { createPublicKey } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'

/** For messages: where ML-DSA keys can be used. */
export const mlDsaNeeds = 'ML-DSA needs Node 24.7 or newer'

/** id-ml-dsa-44, -65 and -87 (RFC 9881 §2) but for the last byte, as DER has them. */
const identifierPrefix = Buffer.from('06096086480165030403', 'hex')

/**
 * What is wrong with a key that OpenSSL did not take: null unless it is an ML-DSA key and this Node has no ML-DSA.
 *
 * @param der PrivateKeyInfo (RFC 5958 §2) or SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)
 */
export function mlDsaProblem(what: string, der: Uint8Array, cause: unknown): SealwrightError | null {
  // In both the AlgorithmIdentifier comes after no more than two headers and a version.
  const at = Buffer.from(der.buffer, der.byteOffset, Math.min(der.length, 32)).indexOf(identifierPrefix)
  const last = at === -1 ? 0 : (der[at + identifierPrefix.length] ?? 0)
  if (last < 17 || last > 19 || hasMlDsa()) return null
  return new SealwrightError('UNSUPPORTED_KEY', `${what} is an ML-DSA key; ${mlDsaNeeds}`, { cause })
}

/** Asked only where something has failed. Every 1,312 bytes are a public key of ML-DSA-44, as far as its encoding goes. */
function hasMlDsa(): boolean {
  const header = Buffer.from('30820532300b06096086480165030403110382052100', 'hex')
  try {
    createPublicKey({ key: Buffer.concat([header, Buffer.alloc(1312)]), format: 'der', type: 'spki' })
    return true
  } catch {
    return false
  }
}
