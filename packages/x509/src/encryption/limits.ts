import { SealwrightError } from '@sealwright/core'
import type { BerBudget } from '../asn1/ber.ts'
import { fileLimitExceeded, ItemLimitExceeded, itemLimitExceeded } from '../limits.ts'
import { defaultKeyLimits, type KeyLimits } from '../keys/key-limits.ts'

/**
 * Limits on a PKCS#12 file. They are checked before anything is parsed or computed. A file beyond a limit is refused. One item
 * beyond a limit is passed over: a key that is too long, a salt, a derivation that alone takes more than the whole file may.
 */
export interface Pkcs12Limits extends KeyLimits {
  /** Size of the file in bytes. Default 1 MiB. */
  readonly bytes: number
  /** Nesting of ASN.1 values, in the file and in each OCTET STRING that is parsed. Default 32. */
  readonly depth: number
  /** Number of ASN.1 values in the whole file, without those inside certificates and CRLs. Default 10,000. */
  readonly elements: number
  /**
   * Total iterations of all key derivations in the file: the MAC and each encryption. Default 10,000,000, which takes a few
   * seconds. A password that is empty or not ASCII can cost the iterations of the MAC twice, because it has two encodings. A key
   * that is longer than its hash costs the iterations once for each block of the hash: RC2 twice, 3DES three times. scrypt costs
   * N·r·p.
   */
  readonly iterations: number
  /** Length of each salt in bytes. Default 1024. */
  readonly saltBytes: number
  /** Bags: keys, certificates and everything else that PKCS#12 holds. Default 1,000. */
  readonly bags: number
  /** Memory of each scrypt derivation in bytes: 128·r·(N + p). Default 64 MiB, twice the limit of OpenSSL. */
  readonly scryptBytes: number
}

export const defaultLimits: Pkcs12Limits = Object.freeze({
  bytes: 2 ** 20,
  depth: 32,
  elements: 10_000,
  iterations: 10_000_000,
  saltBytes: 1024,
  bags: 1000,
  scryptBytes: 64 * 2 ** 20,
  ...defaultKeyLimits,
})

/** @throws SealwrightError `LIMIT_EXCEEDED` */
export function checkLength(file: Uint8Array, limits: Pkcs12Limits, source: string): void {
  if (file.length > limits.bytes) {
    throw fileLimitExceeded(`${source} has ${file.length} bytes`, limits.bytes, 'bytes')
  }
}

/** The limits of one file, and how much of them is left. */
export class Pkcs12Budget implements BerBudget {
  elements: number
  readonly depth: number
  readonly raisedBy = { elements: 'limits.elements', depth: 'limits.depth' } as const
  readonly limits: Pkcs12Limits
  #iterations: number
  #bags: number

  constructor(limits: Pkcs12Limits) {
    this.limits = limits
    this.elements = limits.elements
    this.depth = limits.depth
    this.#iterations = limits.iterations
    this.#bags = limits.bags
  }

  /**
   * Charges a key derivation before it runs. Zero and negative counts are refused: some implementations accept a MAC
   * with them under any password.
   *
   * @param rounds how often the derivation runs its iterations
   * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
   */
  chargeIterations(count: number, source: string, rounds = 1): void {
    if (count < 1)
      throw new SealwrightError('INVALID_ENCODING', `${source} has an iteration count of ${count}`)
    const total = count * rounds
    if (total > this.#iterations) {
      const { iterations } = this.limits
      const message = `${source} takes ${total} iterations; the file may take ${iterations} in all; limits.iterations raises the limit`
      throw total > iterations
        ? new ItemLimitExceeded(message)
        : new SealwrightError('LIMIT_EXCEEDED', message)
    }
    this.#iterations -= total
  }

  /** @throws SealwrightError `LIMIT_EXCEEDED` */
  chargeBag(): void {
    if (this.#bags <= 0) {
      throw fileLimitExceeded(`the file has more than ${this.limits.bags} bags`, this.limits.bags, 'bags')
    }
    this.#bags--
  }

  /** @throws SealwrightError `LIMIT_EXCEEDED` */
  checkSalt(salt: Uint8Array, source: string): void {
    const { saltBytes } = this.limits
    if (salt.length > saltBytes) {
      throw itemLimitExceeded(`${source} has a salt of ${salt.length} bytes`, saltBytes, 'saltBytes')
    }
  }

  /**
   * @param bytes of one derivation
   * @throws SealwrightError `LIMIT_EXCEEDED`
   */
  checkScryptMemory(bytes: number, source: string): void {
    const { scryptBytes } = this.limits
    if (bytes > scryptBytes) {
      throw itemLimitExceeded(
        `${source} needs ${bytes} bytes of memory for scrypt`,
        scryptBytes,
        'scryptBytes',
      )
    }
  }
}
