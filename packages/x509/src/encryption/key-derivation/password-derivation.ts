import type { FilePassword } from '../password.ts'

/** A key derivation of PBES2. Its parameters are read and checked; it is not charged or run yet. */
export interface PasswordDerivation {
  /** For display, such as `PBKDF2-HMAC-SHA-256`. */
  readonly name: string
  /** Iterations of PBKDF2. For scrypt N·r·p, which takes about as long. */
  readonly iterations: number
  /** In bytes; null where the file leaves it to the cipher. */
  readonly keyLength: number | null
  /** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` */
  charge(length: number): void
  /**
   * Runs in libuv's threads.
   *
   * @returns a new array of `length` bytes; the caller zeroes it after use
   */
  derive(password: FilePassword, length: number): Promise<Uint8Array>
}
