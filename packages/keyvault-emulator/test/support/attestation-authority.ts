import { createPublicKey, sign, type JsonWebKey, type KeyObject } from 'node:crypto'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'

/** An attestation authority, and an environment that it vouches for. */
export interface AttestationAuthority {
  /** The option `attestationAuthorities`. */
  readonly option: Readonly<Record<string, { readonly keys: readonly JsonWebKey[] }>>
  /** A release policy in base64url that asks for the claim `sdk-test`, as those of the SDK's tests do. */
  readonly policy: string
  /** The private key of the environment. */
  readonly environmentKey: KeyObject
  /** A token with the claims of an environment and these, which win. */
  attest(claims?: object): string
}

export const authorityUrl = 'https://attestation.example.org/'

export function createAttestationAuthority(): AttestationAuthority {
  const authorityKey = rsaKey(2048)
  const environmentKey = rsaKey(3072)
  return {
    option: { [authorityUrl]: { keys: [publicJwk(authorityKey)] } },
    policy: encode({
      anyOf: [{ anyOf: [{ claim: 'sdk-test', equals: 'true' }], authority: authorityUrl }],
      version: '1.0.0',
    }),
    environmentKey,
    attest(claims = {}) {
      const jwk = { ...publicJwk(environmentKey), kid: 'environment', use: 'enc' }
      const all = {
        iss: authorityUrl,
        exp: 4_102_444_800,
        'x-ms-runtime': { keys: [jwk] },
        ...claims,
      }
      const input = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(all)}`
      return `${input}.${sign('sha256', Buffer.from(input), authorityKey).toString('base64url')}`
    },
  }
}

export function publicJwk(key: KeyObject): JsonWebKey {
  return createPublicKey(key).export({ format: 'jwk' })
}

/** JSON in base64url. */
export function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
