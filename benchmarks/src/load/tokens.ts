import { randomUUID, verify, type KeyObject } from 'node:crypto'
import { createSigner as createFastJwtSigner } from 'fast-jwt'
import { importPKCS8, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import type { Subject } from './keys.ts'

/** The claims of all tokens: an access token of RFC 9068. */
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
  /** Whether the promise comes from a signature in the caller's thread all the same. Default no. */
  readonly blocks?: boolean
  readonly make: () => string | Promise<string>
}

/** The peers that can do the algorithm, in every mode they have. */
export async function peers(subject: Subject, kid: string): Promise<TokenMaker[]> {
  return [await jose(subject, kid), ...fastJwt(subject, kid), ...jsonWebToken(subject, kid)]
}

/** With a CryptoKey: it also takes a KeyObject, makes a CryptoKey of it once, and is no faster. */
async function jose({ algorithm, privateKey }: Subject, kid: string): Promise<TokenMaker> {
  const key = await importPKCS8(toPem(privateKey), algorithm)
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
        .sign(key),
  }
}

/**
 * Takes PEM text only and makes a KeyObject of it: once if it gets the text, and each time if it gets a function that
 * resolves with the text, which makes it asynchronous. It knows Ed25519 under the older name.
 */
function fastJwt({ algorithm, privateKey }: Subject, kid: string): TokenMaker[] {
  const pem = toPem(privateKey)
  const options = {
    algorithm: (algorithm === 'Ed25519' ? 'EdDSA' : algorithm) as 'ES256',
    header: { typ, alg: algorithm },
    kid,
    iss: issuer,
    aud: audience,
    expiresIn: lifetime * 1000,
  }
  const sign = createFastJwtSigner({ ...options, key: pem })
  const signLater = createFastJwtSigner({ ...options, key: async () => pem })
  return [
    { name: 'fast-jwt', mode: 'sync', make: () => sign({ ...claims, nbf: now(), jti: randomUUID() }) },
    {
      name: 'fast-jwt',
      mode: 'async',
      blocks: true,
      make: () => signLater({ ...claims, nbf: now(), jti: randomUUID() }),
    },
  ]
}

/** Has no Ed25519. With a callback it signs in the same thread, too. */
function jsonWebToken({ algorithm, privateKey }: Subject, keyid: string): TokenMaker[] {
  if (algorithm === 'Ed25519') return []
  const options: jsonwebtoken.SignOptions = {
    keyid,
    issuer,
    audience,
    expiresIn: lifetime,
    notBefore: 0,
    algorithm: algorithm as 'ES256',
    header: { typ, alg: algorithm },
  }
  return [
    {
      name: 'jsonwebtoken',
      mode: 'sync',
      make: () => jsonwebtoken.sign({ ...claims, jti: randomUUID() }, privateKey, options),
    },
    {
      name: 'jsonwebtoken',
      mode: 'async',
      blocks: true,
      make: () =>
        new Promise((resolve, reject) => {
          jsonwebtoken.sign({ ...claims, jti: randomUUID() }, privateKey, options, (error, token) =>
            token === undefined ? reject(error ?? new Error('no token')) : resolve(token),
          )
        }),
    },
  ]
}

function toPem(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

/**
 * Makes sure that a contestant makes what it is measured for: a token with all of the claims, and a signature that Node
 * verifies with parameters of its own.
 */
export function assertToken(
  token: string,
  { algorithm }: Pick<Subject, 'algorithm'>,
  publicKey: KeyObject,
): void {
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
    publicKey.asymmetricKeyType === 'ed25519' ? null : 'sha256',
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
