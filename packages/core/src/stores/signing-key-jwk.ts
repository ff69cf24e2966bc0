import { createHash } from 'node:crypto'
import { publicJwk, type PublicJwk } from '../jwk/public-jwk.ts'
import type { SigningKey } from './key-store.ts'

/** What a JWK Set publishes of a signing key (RFC 7517 §4). */
export type SigningJwk = PublicJwk & {
  readonly use: 'sig'
  readonly kid: string
  /** Only where one was asked for; without it verifiers choose among what the key type allows. */
  readonly alg?: string
  /**
   * The certificates, the key's own first, standard base64 of the DER (RFC 7517 §4.7). A new array each time, and not
   * readonly, so that the JWK types of other libraries take it.
   */
  readonly x5c?: string[]
  /** SHA-1 thumbprint of the key's own certificate, base64url (RFC 7517 §4.8). */
  readonly x5t?: string
  /** SHA-256 thumbprint of the key's own certificate, base64url (RFC 7517 §4.9). */
  readonly 'x5t#S256'?: string
}

/**
 * The public JWK of a signing key, with its certificates and their thumbprints where it has any: an entry of a JWK Set.
 *
 * @param algorithm the one JOSE `alg` the key is used with, to be published as `alg`
 */
export function signingKeyJwk(key: SigningKey, algorithm?: string): SigningJwk {
  const [certificate] = key.certificates
  return {
    ...publicJwk(key.publicKey),
    use: 'sig',
    kid: key.keyId,
    ...(algorithm !== undefined && { alg: algorithm }),
    ...(certificate !== undefined && {
      x5c: key.certificates.map((each) => each.raw.toString('base64')),
      x5t: createHash('sha1').update(certificate.raw).digest('base64url'),
      'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
    }),
  }
}
