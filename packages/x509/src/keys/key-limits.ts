/** Limits on one private key. */
export interface KeyLimits {
  /** Length of one private key in bytes, decrypted. Default 6,144: RSA-8192 has about 4,700, ML-DSA-87 about 5,000. */
  readonly privateKeyBytes: number
  /** Length of an RSA key's modulus in bits. Default 8192. The time of each signature grows with its third power. */
  readonly rsaModulusBits: number
}

export const defaultKeyLimits: KeyLimits = Object.freeze({ privateKeyBytes: 6 * 1024, rsaModulusBits: 8192 })
