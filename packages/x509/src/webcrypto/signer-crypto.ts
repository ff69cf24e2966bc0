import type { webcrypto } from 'node:crypto'
import { SealwrightError, type Signer } from '@sealwright/core'
import { isRecord, must, oneOf } from '@sealwright/core/internal'
import { aSignerOfX509 } from '../signing/algorithm-identifiers.ts'
import { someBytes } from '../signing/signer-engine.ts'
import { verifySignature } from '../signing/verify-signature.ts'
import { providerFor } from './provider.ts'
import { toCryptoKey } from './to-crypto-key.ts'

/** A Signer's key for libraries that take a `Crypto` and CryptoKeys. */
export interface SignerCrypto {
  /** A Web Cryptography implementation that signs with the signer. For everything else it is the implementation below it. */
  readonly crypto: webcrypto.Crypto
  /** The private key is a handle: it is not extractable, and only `crypto` signs with it. The public key is extractable. */
  readonly keys: webcrypto.CryptoKeyPair
}

/**
 * Puts a Signer behind the Web Cryptography API. Libraries that take a `Crypto`, such as @peculiar/x509 and pkijs, then
 * sign with its key, which may be in a vault. Each signature is verified with the public key before it is released.
 *
 * `crypto.subtle.sign` accepts only the signer's own algorithm. With the handle it throws a SealwrightError
 * `UNSUPPORTED_ALGORITHM` for another algorithm, hash or salt length, `INVALID_ARGUMENT` for data that is not bytes,
 * `INVALID_SIGNATURE`, and what the signer throws.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for anything but a Signer; `UNSUPPORTED_KEY` where WebCrypto cannot import the
 *   public key, such as ML-DSA before Node 24.7
 * @example
 * ```ts
 * import type { Signer } from '@sealwright/core'
 * import { signerCrypto } from '@sealwright/x509'
 *
 * async function sign(signer: Signer, data: Uint8Array) {
 *   const { crypto, keys } = await signerCrypto(signer)
 *   return crypto.subtle.sign(signer.algorithm.webCrypto, keys.privateKey, data)
 * }
 * ```
 */
export async function signerCrypto(signer: Signer): Promise<SignerCrypto> {
  aSignerOfX509('signer', signer)
  const { webCrypto } = signer.algorithm
  const base = await providerFor(webCrypto)
  const publicKey = await toCryptoKey(signer.publicKey, { crypto: base, algorithm: signer.algorithm.name })
  const privateKey = privateKeyHandle(publicKey)
  const { subtle } = base
  const sign: SubtleCrypto['sign'] = async (algorithm, key, data) => {
    if (key !== privateKey) return subtle.sign(algorithm, key, data)
    aSignAlgorithm('algorithm', algorithm)
    someBytes('data', data)
    assertOwnAlgorithm(algorithm, signer)
    return signVerified(signer, copyOf(data))
  }
  /** `exportKey(format, key)` and `wrapKey(format, key, …)`. */
  const guarded =
    (name: 'exportKey' | 'wrapKey') =>
    async (...args: readonly unknown[]): Promise<unknown> => {
      // Implementations quote a format that they do not know.
      aKeyFormat('format', args[0])
      // What WebCrypto throws for any key that cannot be exported.
      if (args[1] === privateKey) throw new DOMException('the key is not extractable', 'InvalidAccessError')
      const value: unknown = await Reflect.apply(subtle[name], subtle, args)
      return value
    }
  const ownSubtle = overlay(subtle, { sign, exportKey: guarded('exportKey'), wrapKey: guarded('wrapKey') })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Crypto like the one below it
  const crypto = overlay(base, { subtle: ownSubtle }) as webcrypto.Crypto
  return { crypto, keys: { privateKey, publicKey } }
}

const aKeyFormat = oneOf([
  'jwk',
  'pkcs8',
  'raw',
  'raw-private',
  'raw-public',
  'raw-secret',
  'raw-seed',
  'spki',
])

const isNamed = (value: unknown): boolean =>
  typeof value === 'string' || (isRecord(value) && typeof value['name'] === 'string')
const aSignAlgorithm = must(
  "an algorithm such as { name: 'ECDSA', hash: 'SHA-256' }",
  (value) => isNamed(value) && (!isRecord(value) || value['hash'] === undefined || isNamed(value['hash'])),
)

type SubtleCrypto = webcrypto.SubtleCrypto

/** `instanceof CryptoKey` holds, as for the public key; there is no key material. */
function privateKeyHandle(publicKey: webcrypto.CryptoKey): webcrypto.CryptoKey {
  const { algorithm } = publicKey
  const members: webcrypto.CryptoKey = { type: 'private', extractable: false, algorithm, usages: ['sign'] }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made of a CryptoKey's members and prototype
  const handle = Object.create(
    Reflect.getPrototypeOf(publicKey),
    Object.getOwnPropertyDescriptors(members),
  ) as webcrypto.CryptoKey
  return Object.freeze(handle)
}

/** WebCrypto lets callers change the data once the call has returned. */
function copyOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    : new Uint8Array(data.slice(0))
}

async function signVerified(signer: Signer, data: Uint8Array): Promise<ArrayBuffer> {
  const signature = await signer.sign(data)
  if (await verifySignature(signer, data, signature, 'ieee-p1363')) return Uint8Array.from(signature).buffer
  throw new SealwrightError(
    'INVALID_SIGNATURE',
    `the ${signer.algorithm.name} signature made with the key ${signer.keyId} does not verify with its public key`,
  )
}

/** The parameters of `sign` that are compared. */
type SignParameters =
  string | (webcrypto.Algorithm & { hash?: string | { name: string }; saltLength?: number })

/** The algorithm comes from the key: another one, or another hash or salt length, is refused. */
function assertOwnAlgorithm(asked: SignParameters, { algorithm, keyId }: Signer): void {
  const { name, hash, saltLength } = algorithm.webCrypto
  const parameters = typeof asked === 'string' ? { name: asked } : asked
  const askedHash = typeof parameters.hash === 'object' ? parameters.hash.name : parameters.hash
  const same =
    parameters.name.toUpperCase() === name.toUpperCase() &&
    (askedHash === undefined || hash === undefined || askedHash.toUpperCase() === hash) &&
    (parameters.saltLength === undefined || saltLength === undefined || parameters.saltLength === saltLength)
  if (!same)
    throw new SealwrightError('UNSUPPORTED_ALGORITHM', `the key ${keyId} signs with ${algorithm.name} only`)
}

/** An object with some members replaced. Other methods run on the object below, because they check their `this`. */
function overlay<T extends object>(below: T, own: Readonly<Record<string, unknown>>): T {
  return new Proxy(below, {
    get: (target, name): unknown => {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
