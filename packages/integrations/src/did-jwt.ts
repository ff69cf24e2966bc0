import { createPublicKey } from 'node:crypto'
import { publicJwk, SealwrightError, type PublicJwk, type Signer } from '@sealwright/core'
import { aSigner, isRecord, must } from '@sealwright/core/internal'
import type { KeyRing } from '@sealwright/keyring'
import type { Signer as DidJwtSigner } from 'did-jwt'
import { aKeyRing } from './shared/ring.ts'

/** The algorithms of did-jwt that are registered for JWS. */
const algorithms = ['ES256', 'ES256K', 'Ed25519', 'EdDSA'] as const

/**
 * Returns a `Signer` of did-jwt that signs with a Sealwright signer, whose key may be in a vault. Set `alg` in the
 * header: did-jwt uses ES256K by default, and a header with another algorithm than the key's is refused.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; `UNSUPPORTED_ALGORITHM` for a key that signs none of ES256, ES256K, Ed25519 and
 *   EdDSA
 *
 * @example
 * ```ts
 * import { didJwtSigner } from '@sealwright/integrations/did-jwt'
 * import type { KeyRing } from '@sealwright/keyring'
 * import { createJWT } from 'did-jwt'
 *
 * export function sign(ring: KeyRing, did: string) {
 *   const signer = ring.signer()
 *   const header = { alg: signer.algorithm.name, kid: `${did}#${signer.keyId}` }
 *   return createJWT({ sub: 'alice' }, { issuer: did, signer: didJwtSigner(signer), expiresIn: 300 }, header)
 * }
 * ```
 */
export function didJwtSigner(signer: Signer): DidJwtSigner {
  aSigner('signer', signer)
  const { name } = signer.algorithm
  if (!algorithms.some((each) => each === name)) {
    throw new SealwrightError(
      'UNSUPPORTED_ALGORITHM',
      `did-jwt does not support ${name}; use a key for one of ${algorithms.join(', ')}`,
    )
  }
  return async (data) => {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    checkHeader(bytes, signer)
    return Buffer.from(await signer.sign(bytes)).toString('base64url')
  }
}

/** Verifiers would refuse what a header with another algorithm says. Data that is no JWS is signed as it is. */
function checkHeader(data: Uint8Array, { algorithm: { name } }: Signer): void {
  const [encoded = ''] = Buffer.from(data).toString('latin1').split('.')
  let header: unknown
  try {
    header = JSON.parse(Buffer.from(encoded, 'base64url').toString())
  } catch {
    return
  }
  if (!isRecord(header) || header['alg'] === undefined || header['alg'] === name) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `the alg of the header is not ${name}, the algorithm of the key; pass { alg: '${name}' } as the header`,
  )
}

/** A DID document (DID Core §5): the part that verifiers of JWTs read. */
export interface DidDocument {
  /** The JSON-LD contexts, for readers that need them. */
  readonly '@context': readonly string[]
  /** The DID. */
  readonly id: string
  /** The public keys. */
  readonly verificationMethod: readonly DidVerificationMethod[]
  /** The ids of the keys that sign claims, such as credentials. */
  readonly assertionMethod: readonly string[]
  /** The ids of the keys that authenticate the subject. */
  readonly authentication: readonly string[]
}

/** A public key of a DID document. */
export interface DidVerificationMethod {
  /** The DID, `#` and the `kid`. */
  readonly id: string
  /** The verification method type for JWKs that did-jwt and other verifiers support. */
  readonly type: 'JsonWebKey2020'
  /** The DID. */
  readonly controller: string
  /** The public key. */
  readonly publicKeyJwk: PublicJwk
}

/**
 * Returns the DID document with the keys of a ring, for a method whose document the issuer serves itself, such as
 * did:web. Serve it with the `max-age` of the ring's policy: it changes when a key is announced and when one is
 * retired.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; `UNAVAILABLE` while the ring has no JWK Set
 *
 * @example
 * ```ts
 * import { didDocument } from '@sealwright/integrations/did-jwt'
 * import type { KeyRing } from '@sealwright/keyring'
 *
 * // https://auth.example.com/.well-known/did.json
 * export const document = (ring: KeyRing) => didDocument('did:web:auth.example.com', ring)
 * ```
 */
export function didDocument(did: string, ring: KeyRing): DidDocument {
  aDid('did', did)
  aKeyRing('ring', ring)
  const verificationMethod = ring.jwks().keys.map((jwk): DidVerificationMethod => {
    const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    const id = `${did}#${jwk.kid}`
    return { id, type: 'JsonWebKey2020', controller: did, publicKeyJwk: publicJwk(publicKey) }
  })
  const ids = verificationMethod.map(({ id }) => id)
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
    id: did,
    verificationMethod,
    assertionMethod: ids,
    authentication: ids,
  }
}

/** DID Core §3.1. */
const aDid = must('a DID', (value) => typeof value === 'string' && /^did:[a-z0-9]+:[\w.:%-]+$/.test(value))
