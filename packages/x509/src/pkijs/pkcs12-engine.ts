import { createHmac, timingSafeEqual, webcrypto } from 'node:crypto'
import { types } from 'node:util'
import { SealwrightError } from '@sealwright/core'
import {
  anObject,
  aString,
  bytes,
  hasMethod,
  invalidArgument,
  must,
  type Check,
} from '@sealwright/core/internal'
import {
  CryptoEngine,
  PFX,
  type CryptoEngineDecryptParams,
  type CryptoEngineVerifyDataStampedWithPasswordParams,
} from 'pkijs'
import { malformed, readBer, type BerElement } from '../asn1/ber.ts'
import { encodeDer } from '../asn1/encode.ts'
import { derivationDigests, deriveKey, purposes } from '../encryption/key-derivation/pkcs12-kdf.ts'
import { defaultLimits, Pkcs12Budget, type Pkcs12Limits } from '../encryption/limits.ts'
import { resolveLimits } from '../limits.ts'
import { decryptValue } from '../encryption/decrypt-value.ts'
import { readEncryption } from '../encryption/password-scheme.ts'
import {
  assertPassword,
  bmpPassword,
  filePasswords,
  usualPassword,
  type FilePassword,
} from '../encryption/password.ts'
import { readBounded, defaultPkijsLimits } from './bounds.ts'

const aBuffer = must('an ArrayBuffer', types.isAnyArrayBuffer)
const anEncryptedContentInfo = must(
  'an EncryptedContentInfo of pkijs',
  (value) => hasMethod(value, 'getEncryptedContent') && hasMethod(value, 'toSchema'),
)

/** The arguments that pkijs passes to its engine. */
const decryptParameters: Check = (name, value) => {
  anObject(name, value)
  const { password, encryptedContentInfo } = Object(value)
  aBuffer(`${name}.password`, password)
  anEncryptedContentInfo(`${name}.encryptedContentInfo`, encryptedContentInfo)
}

const stampParameters: Check = (name, value) => {
  anObject(name, value)
  const members = Object(value)
  for (const member of ['password', 'salt', 'contentToVerify', 'signatureToVerify']) {
    aBuffer(`${name}.${member}`, members[member])
  }
  aString(`${name}.hashAlgorithm`, members.hashAlgorithm)
  aCount(`${name}.iterationCount`, members.iterationCount)
}

const aCount = must('a whole number', Number.isInteger)

/**
 * A crypto engine with which pkijs's own PFX classes read a file. It knows the encryptions that `readPkcs12` knows,
 * 3DES, RC2 and scrypt among them; derives keys without blocking the event loop; and refuses forged MACs and excessive
 * work. One engine reads one file: all that the file costs is charged to the limits of its engine.
 *
 * Prefer `readPkcs12`, which does not need pkijs. With this engine, call {@link Pkcs12Engine.parse} instead of `PFX.fromBER`,
 * and pass the engine to every `parseInternalValues`.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { Pkcs12Engine } from '@sealwright/x509/pkijs'
 *
 * const engine = new Pkcs12Engine()
 * const pfx = engine.parse(await readFile('my-app.pfx'))
 * const password = new TextEncoder().encode(process.env['PFX_PASSWORD']).buffer
 * await pfx.parseInternalValues({ password, checkIntegrity: true }, engine)
 * ```
 */
export class Pkcs12Engine extends CryptoEngine {
  readonly #limits: Pkcs12Limits
  readonly #budget: Pkcs12Budget
  /** In the writer's encoding, as the MAC has shown. */
  #password: FilePassword | null = null

  /**
   * @param limits as for `readPkcs12`, except the size of the file: default 128 KiB
   * @throws SealwrightError `INVALID_ARGUMENT`
   */
  constructor(limits: Partial<Pkcs12Limits> = {}) {
    super({ name: 'Sealwright PKCS#12', crypto: webcrypto })
    this.#limits = resolveLimits({ ...defaultLimits, bytes: defaultPkijsLimits.bytes }, limits)
    this.#budget = new Pkcs12Budget(this.#limits)
  }

  /**
   * `PFX.fromBER` for a file from elsewhere.
   *
   * @param file DER or BER
   * @throws SealwrightError `LIMIT_EXCEEDED`, `INVALID_ENCODING`; `INVALID_ARGUMENT` for anything but bytes
   */
  parse(file: Uint8Array): PFX {
    bytes('file', file)
    const source = 'the PKCS#12 file'
    assertMacIterations(readBounded(file, source, this.#limits.bytes, this.#budget))
    try {
      return PFX.fromBER(Uint8Array.from(file))
    } catch (cause) {
      throw malformed(source, 'cannot be parsed by pkijs', cause)
    }
  }

  /**
   * Decrypts a safe or a key.
   *
   * @throws SealwrightError `UNSUPPORTED_ALGORITHM`, `INVALID_ENCODING`, `WRONG_PASSWORD`, `LIMIT_EXCEEDED`
   */
  override async decryptEncryptedContentInfo(parameters: CryptoEngineDecryptParams): Promise<ArrayBuffer> {
    decryptParameters('parameters', parameters)
    const { password, encryptedContentInfo } = parameters
    const source = 'the encrypted content'
    const algorithm = encodeDer(encryptedContentInfo.contentEncryptionAlgorithm)
    const encryption = readEncryption(readBer(algorithm, source, this.#budget), source, this.#budget)
    const text = decodePassword(password)
    const ciphertext = new Uint8Array(encryptedContentInfo.getEncryptedContent())
    const filePassword = this.#password?.text === text ? this.#password : usualPassword(text)
    const context = { password: filePassword, crypto: webcrypto, signal: undefined }
    const plaintext = await decryptValue(encryption, ciphertext, context, source)
    try {
      readBounded(plaintext, source, this.#limits.bytes, this.#budget)
      return Uint8Array.from(plaintext).buffer
    } finally {
      plaintext.fill(0)
    }
  }

  /**
   * Verifies the MAC.
   *
   * @throws SealwrightError `INVALID_ENCODING` for an iteration count of zero or less, with which anybody can make a MAC;
   *   `UNSUPPORTED_ALGORITHM`, `LIMIT_EXCEEDED`
   */
  override async verifyDataStampedWithPassword(
    stamped: CryptoEngineVerifyDataStampedWithPasswordParams,
  ): Promise<boolean> {
    stampParameters('parameters', stamped)
    const { password, hashAlgorithm, salt, iterationCount, contentToVerify, signatureToVerify } = stamped
    const source = 'the MAC'
    const name = hashAlgorithm.toLowerCase().replace('-', '')
    const digest = derivationDigests.find((row) => row.name === name)
    if (digest === undefined)
      throw new SealwrightError('UNSUPPORTED_ALGORITHM', 'the MAC uses an unsupported hash')
    const given = new Uint8Array(signatureToVerify)
    if (given.length !== digest.length) throw malformed(source, `has ${given.length} bytes`)
    const parameters = { digest, salt: new Uint8Array(salt), iterations: iterationCount }
    this.#budget.checkSalt(parameters.salt, source)
    for (const candidate of filePasswords(decodePassword(password))) {
      this.#budget.chargeIterations(iterationCount, source)
      // One after the other: few files need the second.
      // oxlint-disable-next-line no-await-in-loop
      const key = await deriveKey(parameters, purposes.macKey, bmpPassword(candidate), digest.length)
      const mac = createHmac(name, key).update(new Uint8Array(contentToVerify)).digest()
      key.fill(0)
      if (timingSafeEqual(mac, given)) {
        this.#password = candidate
        return true
      }
    }
    return false
  }

  /**
   * Always refuses. pkijs calls it for a file with a signature instead of a MAC, but does not check who signed it.
   *
   * @throws SealwrightError `UNSUPPORTED_ALGORITHM`
   */
  override async verifyWithPublicKey(): Promise<boolean> {
    return Promise.reject(
      new SealwrightError(
        'UNSUPPORTED_ALGORITHM',
        'the PKCS#12 file is protected by a signature (public-key integrity mode), not by a password',
      ),
    )
  }
}

/**
 * Refuses iteration counts of four octets and more, which pkijs reads as 0 and takes for 1.
 *
 * @param pfx `SEQUENCE { version, authSafe, macData SEQUENCE { mac, macSalt, iterations } }` (RFC 7292 §4)
 */
function assertMacIterations({ children: [, , macData] }: BerElement): void {
  const octets = macData?.children[2]?.content.length ?? 0
  if (octets > 3)
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the MAC has an iteration count of ${octets} bytes; pkijs reads 3 bytes (8,388,607 iterations)`,
    )
}

/** pkijs takes passwords as UTF-8. */
function decodePassword(password: ArrayBuffer): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(password)
  } catch {
    throw invalidArgument('the password is not UTF-8')
  }
  assertPassword(text)
  return text
}
