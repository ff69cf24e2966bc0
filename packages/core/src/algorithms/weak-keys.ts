import { createPublicKey, type KeyObject } from 'node:crypto'
import { SealwrightError } from '../errors.ts'
import { toBigInt } from '../internal/rsa-numbers.ts'
import { ecKeyProblem } from './key-details.ts'

/**
 * Refuses RSA keys that are too short, or too long for OpenSSL to verify with.
 *
 * @param key a private or public RSA key
 * @throws SealwrightError `UNSUPPORTED_KEY`
 */
export function assertRsaLength(key: KeyObject): void {
  const { modulusLength: bits = 0 } = key.asymmetricKeyDetails ?? {}
  if (bits < minimumRsaBits) {
    throw weak(`the RSA key has ${bits} bits; at least ${minimumRsaBits} are needed (RFC 7518 §3.3)`)
  }
  if (bits > maximumRsaBits) throw weak(`the RSA key has ${bits} bits; at most ${maximumRsaBits} are allowed`)
}

const minimumRsaBits = 2048
const maximumRsaBits = 16_384

/**
 * Refuses keys that anyone can sign for without the private key. OpenSSL accepts them all: RSA with a public
 * exponent that is even or below 3, with a modulus that is easy to factor, Ed25519 public keys of small order, and EC public
 * keys at infinity.
 *
 * @param key a private or public key of any type
 * @throws SealwrightError `UNSUPPORTED_KEY`; the message says what is wrong with the key
 */
export function assertUnforgeable(key: KeyObject): void {
  if (examined.has(key)) return
  const flaw = forgeryFlaw(key)
  if (flaw !== null) throw weak(flaw.message)
  examined.add(key)
}

/** Keys without a flaw. A KeyObject never changes, and encoding an EC key takes longer than signing with it. */
const examined = new WeakSet<KeyObject>()

/** Why anyone can sign for a key. */
interface KeyFlaw {
  /** A sentence about the key that says what to do. */
  readonly message: string
  /** The key in short, such as `an Ed25519 key of small order`. */
  readonly weakness: string
}

/** The reason why {@link assertUnforgeable} refuses a key; null for a key without a flaw. */
export function forgeryFlaw(key: KeyObject): KeyFlaw | null {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return (
        exponentFlaw(key.asymmetricKeyDetails?.publicExponent ?? 0n) ??
        modulusFlaw(toBigInt(publicMember(key, 'n')))
      )
    case 'rsa-pss':
      // Node exports no JWK of such a key, so its modulus is not examined.
      return exponentFlaw(key.asymmetricKeyDetails?.publicExponent ?? 0n)
    case 'ed25519':
      return orderFlaw('Ed25519', smallOrderPoints, publicMember(key, 'x'))
    case 'ed448':
      return orderFlaw('Ed448', smallOrderPointsOfEd448, publicMember(key, 'x'))
    default: {
      const problem = ecKeyProblem(key)
      return problem === null
        ? null
        : { message: `the EC key ${problem}`, weakness: `an EC key that ${problem}` }
    }
  }
}

/**
 * With the exponent 1 the padded digest is its own signature. An even exponent has no private exponent. An exponent longer
 * than FIPS 186-5 allows slows down verification and can hide a short private exponent.
 */
function exponentFlaw(exponent: bigint): KeyFlaw | null {
  const bits = exponent.toString(2).length
  if (bits > maximumExponentBits) {
    return {
      message: `the RSA key has a public exponent of ${bits} bits; at most ${maximumExponentBits} are allowed (FIPS 186-5 §A.1.1)`,
      weakness: `an RSA key with a public exponent of ${bits} bits`,
    }
  }
  if (exponent >= 3n && exponent % 2n === 1n) return null
  return {
    message:
      `the RSA key has the public exponent ${exponent}, which must be odd and at least 3 (RFC 8017 §3.1); ` +
      'generate a new key, usually with 65537',
    weakness: `an RSA key with the public exponent ${exponent}`,
  }
}

const maximumExponentBits = 256

/** Moduli that a small prime divides, and those of ROCA (CVE-2017-15361). */
function modulusFlaw(modulus: bigint): KeyFlaw | null {
  // One division of the long modulus; the other divisions are of a shorter number.
  const remainder = modulus % smallPrimesProduct
  const residues = smallPrimes.map((prime) => ({ prime, residue: Number(remainder % BigInt(prime)) }))
  const divisor = residues.find(({ residue }) => residue === 0)
  if (divisor !== undefined) {
    return {
      message: `the modulus of the RSA key is divisible by ${divisor.prime}; generate a new key`,
      weakness: `an RSA key whose modulus is divisible by ${divisor.prime}`,
    }
  }
  if (!residues.every(({ prime, residue }) => isPowerOf65537(residue, prime))) return null
  return {
    message:
      'the RSA key has the ROCA weakness (CVE-2017-15361): its private key can be computed from its public key; ' +
      'generate a new key with other software or hardware',
    weakness: 'an RSA key with the ROCA weakness (CVE-2017-15361)',
  }
}

/**
 * The first 126 primes. The faulty library made the primes of its keys as k·M + (65537^a mod M), where M is the product
 * of at least these primes for keys of 2048 bits and more. Modulo each of them its moduli are therefore powers of 65537
 * (Nemec et al., "The Return of Coppersmith's Attack", §2). One in 2^167 other moduli has this property, too.
 */
const smallPrimes: readonly number[] = Array.from({ length: 700 }, (_, index) => index + 2).filter(isPrime)

const smallPrimesProduct = smallPrimes.reduce((product, prime) => product * BigInt(prime), 1n)

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false
  return true
}

/** Whether `residue` is a power of 65537 modulo `prime`. */
function isPowerOf65537(residue: number, prime: number): boolean {
  let power = 1
  do {
    if (power === residue) return true
    power = (power * 65_537) % prime
  } while (power !== 1)
  return false
}

/** Points of small order, with which anyone can make signatures. No private key has such a public key. */
function orderFlaw(name: string, points: ReadonlySet<string>, point: Buffer): KeyFlaw | null {
  // The highest bit is the sign of x. Each of these points can have either sign.
  const y = Buffer.from(point)
  y.writeUInt8(y.readUInt8(y.length - 1) & 0x7f, y.length - 1)
  if (!points.has(y.toString('hex'))) return null
  return {
    message: `the ${name} key is a point of small order, so anyone can sign for it; generate a new key`,
    weakness: `an ${name} key of small order`,
  }
}

/** The points whose order divides 8 (RFC 8032 §5.1), and their other encodings, with a y of p and p + 1. Hexadecimal. */
const smallOrderPoints: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
])

/** The same of Ed448, where the order divides 4 (RFC 8032 §5.2). */
const smallOrderPointsOfEd448: ReadonlySet<string> = new Set([
  '00'.repeat(57),
  `01${'00'.repeat(56)}`,
  `fe${'ff'.repeat(27)}fe${'ff'.repeat(27)}00`,
  `${'ff'.repeat(28)}fe${'ff'.repeat(27)}00`,
  `${'00'.repeat(28)}${'ff'.repeat(28)}00`,
])

/** A number of the public key, from its JWK. */
function publicMember(key: KeyObject, name: 'n' | 'x'): Buffer {
  // Of the public key, so that no private number becomes a string.
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return Buffer.from(publicKey.export({ format: 'jwk' })[name] ?? '', 'base64url')
}

function weak(message: string): SealwrightError {
  return new SealwrightError('UNSUPPORTED_KEY', message)
}
