import { createPublicKey, type AsymmetricKeyDetails, type KeyObject } from 'node:crypto'
import { SealwrightError } from '../errors.ts'

/**
 * The `asymmetricKeyDetails` of an untrusted key. Node 20 and 22 crash when they are asked for the details or the JWK of some
 * EC keys, and anyone can put such a key into a certificate; see {@link ecKeyProblem}.
 *
 * @param key a private or public key
 * @throws SealwrightError `UNSUPPORTED_KEY` for such a key
 */
export function keyDetails(key: KeyObject): AsymmetricKeyDetails {
  assertEcKey(key)
  return key.asymmetricKeyDetails ?? {}
}

/**
 * Must be called before an untrusted key is exported as JWK. Accepts all keys of other types.
 *
 * @throws SealwrightError `UNSUPPORTED_KEY`
 */
export function assertEcKey(key: KeyObject): void {
  const problem = ecKeyProblem(key)
  if (problem !== null) throw new SealwrightError('UNSUPPORTED_KEY', `the EC key ${problem}`)
}

/**
 * The problem with an EC key that OpenSSL accepts: its point is at infinity (SEC 1 §2.3.3), or it has explicit curve
 * parameters, where RFC 5480 §2.1.1 requires a named curve. null for every other key.
 */
export function ecKeyProblem(key: KeyObject): string | null {
  if (key.asymmetricKeyType !== 'ec') return null
  const encoding = publicKeyInfo(key)
  if (encoding === null) return noEncoding
  if (pointAtInfinity.test(encoding)) return 'has the point at infinity as its public key'
  return namedCurve.test(encoding)
    ? null
    : 'has explicit parameters instead of a named curve (RFC 5480 §2.1.1)'
}

/** SubjectPublicKeyInfo, hexadecimal. */
function publicKeyInfo(key: KeyObject): string | null {
  try {
    const publicKey = key.type === 'private' ? createPublicKey(key) : key
    return publicKey.export({ format: 'der', type: 'spki' }).toString('hex')
  } catch {
    return null
  }
}

/** Newer versions of OpenSSL do not encode a point at infinity. Oakley's curves have no OID. */
const noEncoding = 'cannot be encoded: its public key is the point at infinity, or its curve has no OID'

/** The BIT STRING at the end holds only the octet 00. */
const pointAtInfinity = /03020000$/

/** `SEQUENCE { SEQUENCE { id-ecPublicKey, OBJECT IDENTIFIER …`; of a named curve the second SEQUENCE is short. */
const namedCurve = /^30(?:81)?..30..06072a8648ce3d020106/
