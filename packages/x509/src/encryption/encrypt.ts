import { Integer, Sequence } from 'asn1js'
import { AlgorithmIdentifier, PBES2Params } from 'pkijs'
import { octetString } from '../asn1/encode.ts'
import type { WebCrypto } from '../webcrypto/provider.ts'
import { aes256CbcOid, encryptTripleDesCbc } from './ciphers.ts'
import { derivePbkdf2, hmacSha256, pbkdf2Of } from './key-derivation/pbkdf2.ts'
import { deriveKey, purposes, sha1 } from './key-derivation/pkcs12-kdf.ts'
import { pkcs12Pbe, pkcs5 } from './object-identifiers.ts'
import { blockLength } from './password-scheme.ts'
import { bmpPassword, type FilePassword } from './password.ts'

/** A ciphertext and its AlgorithmIdentifier. */
export interface Encrypted {
  readonly algorithm: AlgorithmIdentifier
  readonly ciphertext: Uint8Array
}

/** Encrypts with a password. Salt and initialisation vector are random. */
export type Encrypt = (
  plaintext: Uint8Array,
  password: FilePassword,
  iterations: number,
  crypto: WebCrypto,
) => Promise<Encrypted>

/** PBES2: AES-256-CBC under a key from PBKDF2 with HMAC-SHA-256. */
export const encryptPbes2: Encrypt = async (plaintext, password, iterations, crypto) => {
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const iv = crypto.getRandomValues(new Uint8Array(16))
  const keyBytes = await derivePbkdf2({ prf: hmacSha256, salt, iterations }, password, 32)
  const key = await importAndZeroKey(keyBytes, crypto)
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv }, key, plaintext))
  // keyLength is optional, and other writers leave it out: the cipher implies it.
  const parameters = new PBES2Params({
    keyDerivationFunc: pbkdf2Of(salt, iterations, null),
    encryptionScheme: new AlgorithmIdentifier({
      algorithmId: aes256CbcOid,
      algorithmParams: octetString(iv),
    }),
  })
  const algorithm = new AlgorithmIdentifier({
    algorithmId: pkcs5.pbes2,
    algorithmParams: parameters.toSchema(),
  })
  return { algorithm, ciphertext }
}

async function importAndZeroKey(
  keyBytes: Uint8Array,
  { subtle }: WebCrypto,
): ReturnType<WebCrypto['subtle']['importKey']> {
  try {
    return await subtle.importKey('raw', keyBytes, 'AES-CBC', false, ['encrypt'])
  } finally {
    keyBytes.fill(0)
  }
}

/** PBES1: 3DES under a key that is derived with SHA-1 (RFC 7292 App. B). Weak; for readers that support nothing better. */
export const encryptTripleDes: Encrypt = async (plaintext, password, iterations, crypto) => {
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const derivation = { digest: sha1, salt, iterations }
  const [key, iv] = await Promise.all([
    deriveKey(derivation, purposes.encryptionKey, bmpPassword(password), 24),
    deriveKey(derivation, purposes.initialisationVector, bmpPassword(password), blockLength),
  ])
  const ciphertext = await encryptTripleDesCbc(plaintext, key, iv).finally(() => key.fill(0))
  const algorithmParams = new Sequence({ value: [octetString(salt), new Integer({ value: iterations })] })
  return {
    algorithm: new AlgorithmIdentifier({ algorithmId: pkcs12Pbe.tripleDes, algorithmParams }),
    ciphertext,
  }
}
