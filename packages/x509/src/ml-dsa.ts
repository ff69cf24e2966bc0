import { SealwrightError } from '@sealwright/core'

/** For messages: where ML-DSA keys can be used. */
export const mlDsaNeeds = 'ML-DSA needs Node 24.7 or newer'

/** id-ml-dsa-44, -65 and -87 (RFC 9881 §2) but for the last byte, as DER has them. */
const identifierPrefix = Buffer.from('06096086480165030403', 'hex')

/** What is wrong with a key that OpenSSL did not take: null unless it is an ML-DSA key, which older ones do not know. */
export function mlDsaProblem(what: string, der: Uint8Array, cause: unknown): SealwrightError | null {
  // In PrivateKeyInfo (RFC 5958 §2) the AlgorithmIdentifier comes after two headers and the version.
  const at = Buffer.from(der.buffer, der.byteOffset, Math.min(der.length, 32)).indexOf(identifierPrefix)
  const last = at === -1 ? 0 : (der[at + identifierPrefix.length] ?? 0)
  if (last < 17 || last > 19) return null
  return new SealwrightError('UNSUPPORTED_KEY', `${what} is an ML-DSA key; ${mlDsaNeeds}`, { cause })
}
