import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { rsaKey } from './rsa-keys.ts'

const rsa = rsaKey(2048)
const ed25519 = generateKeyPairSync('ed25519').privateKey
const ec = (namedCurve: string): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey

/** One private key for each JOSE algorithm that every Node has (so none for ML-DSA). One RSA key serves the six RSA algorithms. */
export const privateKeys: ReadonlyMap<string, KeyObject> = new Map([
  ['RS256', rsa],
  ['RS384', rsa],
  ['RS512', rsa],
  ['PS256', rsa],
  ['PS384', rsa],
  ['PS512', rsa],
  ['ES256', ec('P-256')],
  ['ES384', ec('P-384')],
  ['ES512', ec('P-521')],
  ['ES256K', ec('secp256k1')],
  ['Ed25519', ed25519],
  ['EdDSA', ed25519],
])

/** The key of {@link privateKeys} for an algorithm. */
export function privateKey(algorithm: string): KeyObject {
  const key = privateKeys.get(algorithm)
  if (key === undefined) throw new Error(`no test key for ${algorithm}`)
  return key
}

/** An RSA key that Node loads but OpenSSL cannot sign with: its first prime is even. */
export const brokenKey: KeyObject = makeBrokenKey()

function makeBrokenKey(): KeyObject {
  const der = rsa.export({ type: 'pkcs1', format: 'der' })
  const { p = '' } = rsa.export({ format: 'jwk' })
  const prime = Buffer.from(p, 'base64url')
  const last = der.indexOf(prime) + prime.length - 1
  der[last] = (der[last] ?? 0) & 0xfe
  return createPrivateKey({ key: der, type: 'pkcs1', format: 'der' })
}
