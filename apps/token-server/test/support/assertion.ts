import { generateKeyPairSync, randomBytes, randomUUID, type KeyObject } from 'node:crypto'
import { SignJWT, type JWK, type JWTPayload } from 'jose'
import { clientKeyProblem } from '../../src/settings/client-key.ts'

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export interface ClientKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: JWK
}

export function ecKey(members: Readonly<JWK> = {}): ClientKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...members } }
}

export function rsaKey(members: Readonly<JWK> = {}): ClientKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...members } }
}

/** A public RSA key, which takes no time to make. No one has its primes. */
export function rsaJwk(bits = 2048, e = 'AQAB'): JWK {
  for (;;) {
    const modulus = randomBytes(Math.ceil(bits / 8))
    const unused = modulus.length * 8 - bits
    modulus[0] = ((modulus[0] ?? 0) & (0xff >> unused)) | (0x80 >> unused)
    modulus[modulus.length - 1] = (modulus.at(-1) ?? 0) | 1
    const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e }
    if (clientKeyProblem(jwk) === null) return jwk
  }
}

/** The claims of RFC 7523 §3 that the client `client` makes; undefined leaves one out. */
export function claims(
  now: Date,
  audience: string,
  changes: Readonly<Record<string, unknown>> = {},
): JWTPayload {
  const all = {
    iss: 'client',
    sub: 'client',
    aud: audience,
    jti: randomUUID(),
    iat: seconds(now),
    exp: seconds(now) + 60,
    ...changes,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

export const seconds = (time: Date): number => Math.floor(time.getTime() / 1000)

export function sign(
  payload: JWTPayload,
  key: KeyObject | Uint8Array,
  header: { readonly alg: string; readonly kid?: string } = { alg: 'ES256' },
): Promise<string> {
  return new SignJWT(payload).setProtectedHeader(header).sign(key)
}
