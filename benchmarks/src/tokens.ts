import { randomUUID, verify, type KeyObject } from 'node:crypto'
import { createSigner as createFastJwtSigner } from 'fast-jwt'
import { SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { Subject } from './keys.ts'

/** What all tokens say: an access token as RFC 9068 has it. */
export const issuer = 'https://auth.example.com'
export const audience = 'https://api.example.com'
export const claims = {
  sub: '248289761001',
  client_id: 's6BhdRkqt3',
  scope: 'orders.read orders.write profile',
} as const
const typ = 'at+jwt'
const lifetime = 3600

/** One library making one token, in the way its own documentation shows; keys are made into what it keeps once. */
export interface TokenMaker {
  readonly name: string
  readonly mode: 'sync' | 'async'
  readonly make: () => string | Promise<string>
}

/** The peers that can do the algorithm. */
export function peers(subject: Subject, kid: string): TokenMaker[] {
  return [jose(subject, kid), fastJwt(subject, kid), ...jsonWebToken(subject, kid)]
}

function jose({ algorithm, privateKey }: Subject, kid: string): TokenMaker {
  return {
    name: 'jose',
    mode: 'async',
    make: () =>
      new SignJWT({ ...claims, nbf: now() })
        .setProtectedHeader({ alg: algorithm, typ, kid })
        .setJti(randomUUID())
        .setIssuer(issuer)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
  }
}

/** Takes PEM text only, which it makes a KeyObject of, once; it knows Ed25519 under the older name. */
function fastJwt({ algorithm, privateKey }: Subject, kid: string): TokenMaker {
  const sign = createFastJwtSigner({
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    algorithm: (algorithm === 'Ed25519' ? 'EdDSA' : algorithm) as 'ES256',
    header: { typ, alg: algorithm },
    kid,
    iss: issuer,
    aud: audience,
    expiresIn: lifetime * 1000,
  })
  return {
    name: 'fast-jwt',
    mode: 'sync',
    make: () => sign({ ...claims, nbf: now(), jti: randomUUID() }),
  }
}

/** Has no Ed25519. */
function jsonWebToken({ algorithm, privateKey }: Subject, kid: string): TokenMaker[] {
  if (algorithm === 'Ed25519') return []
  const options = { keyid: kid, issuer, audience, expiresIn: lifetime, notBefore: 0 }
  return [
    {
      name: 'jsonwebtoken',
      mode: 'sync',
      make: () =>
        jsonwebtoken.sign({ ...claims, jti: randomUUID() }, privateKey, {
          ...options,
          algorithm: algorithm as 'ES256',
          header: { typ, alg: algorithm },
        }),
    },
  ]
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

/**
 * Makes sure that a contestant makes what it is measured for: a token with all of the claims, and a signature that Node
 * verifies with parameters of its own.
 */
export function assertToken(token: string, { algorithm, privateKey }: Subject, publicKey: KeyObject): void {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const said = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const expected = { ...claims, iss: issuer, aud: audience }
  for (const [name, value] of Object.entries(expected)) {
    if (said[name] !== value) throw new Error(`the token's ${name} is wrong`)
  }
  for (const name of ['iat', 'nbf', 'exp', 'jti']) {
    if (said[name] === undefined) throw new Error(`the token has no ${name}`)
  }
  if (Number(said['exp']) - Number(said['iat']) !== lifetime) throw new Error("the token's lifetime is wrong")
  const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: string }
  const verifies = verify(
    privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256',
    Buffer.from(`${header}.${payload}`),
    {
      key: publicKey,
      dsaEncoding: 'ieee-p1363',
      ...(algorithm === 'PS256' && { padding: 6, saltLength: 32 }),
    },
    Buffer.from(signature, 'base64url'),
  )
  if (!verifies) throw new Error(`the signature by ${alg} does not verify`)
}
