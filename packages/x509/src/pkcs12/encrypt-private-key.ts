import type { KeyObject } from 'node:crypto'
import type { Password } from '@sealwright/core'
import { aKeyObject, aNumber, invalidArgument, optionsOf } from '@sealwright/core/internal'
import { PKCS8ShroudedKeyBag } from 'pkijs'
import { encodeDer, octetString } from '../asn1/encode.ts'
import { encryptPbes2, type Encrypted } from '../encryption/encrypt.ts'
import { defaultLimits } from '../encryption/limits.ts'
import { passwordAsker, usualPassword } from '../encryption/password.ts'
import { aWebCrypto } from '../webcrypto/arguments.ts'
import { nodeWebCrypto, type WebCrypto } from '../webcrypto/provider.ts'
import { protectionOf } from './profiles.ts'

/** How {@link encryptPrivateKey} encrypts. */
export interface EncryptPrivateKeyOptions {
  /** Of PBKDF2. Default 600,000. */
  readonly iterations?: number | undefined
  /** For AES and random numbers. Default Node's. */
  readonly crypto?: WebCrypto | undefined
}

const checkOptions = optionsOf({
  iterations: aNumber,
  crypto: aWebCrypto,
})

/**
 * Encrypts a private key with a password: an EncryptedPrivateKeyInfo (RFC 5958 §3), which `encodePem` labels `ENCRYPTED PRIVATE
 * KEY`. AES-256-CBC with PBKDF2-HMAC-SHA-256, salt and IV fresh each time.
 *
 * @param password or a function that is asked for it; not empty
 * @returns DER
 * @throws SealwrightError `INVALID_ARGUMENT` for anything but a private key, an empty or malformed password, or a count of
 *   iterations that readers refuse
 * @example
 * ```ts
 * import type { KeyObject } from 'node:crypto'
 * import { writeFile } from 'node:fs/promises'
 * import { encodePem, encryptPrivateKey } from '@sealwright/x509'
 *
 * async function save(privateKey: KeyObject, password: string) {
 *   const der = await encryptPrivateKey(privateKey, password)
 *   await writeFile('my-app.key', encodePem('ENCRYPTED PRIVATE KEY', der), { mode: 0o600 })
 * }
 * ```
 */
export async function encryptPrivateKey(
  privateKey: KeyObject,
  password: Password,
  options: EncryptPrivateKeyOptions = {},
): Promise<Uint8Array> {
  aKeyObject('privateKey', privateKey)
  checkOptions('options', options)
  assertPrivate(privateKey)
  const { iterations = protectionOf('modern').defaultIterations, crypto = nodeWebCrypto } = options
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > defaultLimits.iterations) {
    throw invalidArgument(`options.iterations must be a whole number from 1 to ${defaultLimits.iterations}`)
  }
  const text = await passwordAsker(password)()
  if (text === '') throw invalidArgument('the password is empty')
  const encrypted = await encryptKey(privateKey, (plaintext) =>
    encryptPbes2(plaintext, usualPassword(text), iterations, crypto),
  )
  return encodeDer(encryptedKeyInfo(encrypted))
}

/**
 * @throws SealwrightError `INVALID_ARGUMENT`
 *
 * @internal
 */
export function assertPrivate(privateKey: KeyObject): void {
  if (privateKey.type !== 'private') {
    throw invalidArgument(`privateKey must be a private key, not a ${privateKey.type} one`)
  }
}

/**
 * An EncryptedPrivateKeyInfo. The bag of PKCS#12 is the same structure.
 *
 * @internal
 */
export function encryptedKeyInfo({ algorithm, ciphertext }: Encrypted): PKCS8ShroudedKeyBag {
  return new PKCS8ShroudedKeyBag({
    encryptionAlgorithm: algorithm,
    encryptedData: octetString(ciphertext),
  })
}

/**
 * Encrypts the PKCS#8 form of a key, and wipes the plain one.
 *
 * @internal
 */
export async function encryptKey(
  privateKey: KeyObject,
  encrypt: (plaintext: Uint8Array) => Promise<Encrypted>,
): Promise<Encrypted> {
  const pkcs8: Uint8Array = privateKey.export({ format: 'der', type: 'pkcs8' })
  try {
    return await encrypt(pkcs8)
  } finally {
    pkcs8.fill(0)
  }
}
