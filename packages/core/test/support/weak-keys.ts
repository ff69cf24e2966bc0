import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  generatePrimeSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'

/** An RSA public key of these numbers. */
export function rsaPublicKey(modulus: bigint, exponent: bigint): KeyObject {
  const key = { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) }
  return createPublicKey({ key, format: 'jwk' })
}

/** The numbers of an ordinary key of 2048 bits. */
export const rsaModulus: bigint = (() => {
  const { n = '' } = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  return BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
})()

/** The private JWK of a key with the public exponent 1, which OpenSSL takes: its private exponent is 1 as well. */
export const exponentOneJwk: JsonWebKey = (() => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), e: 'AQ', d: 'AQ', dp: 'AQ', dq: 'AQ' }
})()

/** The same as KeyObject. */
export const exponentOneKey: KeyObject = createPrivateKey({ key: exponentOneJwk, format: 'jwk' })

/**
 * A modulus whose primes are of the form that the faulty library of ROCA made (CVE-2017-15361).
 *
 * @param except a prime that the form leaves out
 */
export function rocaModulus(except?: bigint): bigint {
  const primes: bigint[] = []
  for (let number = 2n; primes.length < 126; number++) {
    if (primes.every((prime) => number % prime !== 0n)) primes.push(number)
  }
  const product = primes.filter((prime) => prime !== except).reduce((total, prime) => total * prime, 1n)
  return rocaPrime(3, product) * rocaPrime(1000, product)
}

function rocaPrime(exponent: number, product: bigint): bigint {
  let power = 1n
  for (let time = 0; time < exponent; time++) power = (power * 65_537n) % product
  return generatePrimeSync(1025, { add: product, rem: power, bigint: true })
}

export function base64url(number: bigint): string {
  const hex = number.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}
