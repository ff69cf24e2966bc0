import { createCipheriv, createDecipheriv, hash as digest, pbkdf2Sync } from 'node:crypto'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { parseBer, type BerElement } from './ber.ts'
import { badParameter } from '../protocol/errors.ts'
import { decryptRc2 } from './rc2.ts'

const sha1TripleDes = '1.2.840.113549.1.12.1.3'
const sha1Rc2: Readonly<Record<string, number>> = {
  '1.2.840.113549.1.12.1.5': 128,
  '1.2.840.113549.1.12.1.6': 40,
}
const pbes2 = '1.2.840.113549.1.5.13'
const pbkdf2 = '1.2.840.113549.1.5.12'

/** Bounds the work that a file can ask for. Other programs write a million or fewer. */
const maximumIterations = 2_000_000

/** Hash names by the OIDs of PBKDF2's pseudo-random functions (RFC 8018 App. B.1). */
const pseudoRandomFunctions: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

const ciphers: Readonly<Record<string, { readonly name: string; readonly keyLength: number }>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyLength: 32 },
}

/**
 * Decrypts with the schemes of PKCS#12 with SHA-1 and 3DES or RC2 (RFC 7292 App. C), or PBES2 with PBKDF2 and 3DES
 * or AES (RFC 8018 §6.2).
 *
 * @throws ServiceError 400 for any other scheme; whatever the cipher throws for a wrong password
 */
export function decrypt(algorithm: AlgorithmIdentifier, data: Uint8Array, password: string): Buffer {
  const [parameters] = parseBer(new Uint8Array(algorithm.parameters ?? new ArrayBuffer(0)))
  if (algorithm.algorithm === pbes2) return decryptPbes2(parameters, data, password)
  const rc2Bits = sha1Rc2[algorithm.algorithm]
  if (algorithm.algorithm !== sha1TripleDes && rc2Bits === undefined) {
    throw unsupported('encryption', algorithm.algorithm)
  }
  const [salt, iterations] = children(parameters)
  const rounds = boundedIterations(integerValue(iterations))
  const derive = (id: number, length: number): Buffer =>
    deriveBytes('sha1', password, salt?.content ?? new Uint8Array(), rounds, id, length)
  return rc2Bits === undefined
    ? decipher('des-ede3-cbc', derive(1, 24), derive(2, 8), data)
    : decryptRc2(derive(1, rc2Bits / 8), rc2Bits, derive(2, 8), data)
}

function decryptPbes2(parameters: BerElement | undefined, data: Uint8Array, password: string): Buffer {
  const [derivation, scheme] = children(parameters).map(children)
  if (oid(derivation?.[0]) !== pbkdf2) throw unsupported('key derivation', oid(derivation?.[0]))
  const [salt, iterations, ...rest] = children(derivation?.[1])
  const pseudoRandom = rest.find((element) => element.tag === 0x30)
  const hash = pseudoRandom === undefined ? 'sha1' : pseudoRandomFunctions[oid(children(pseudoRandom)[0])]
  const cipher = ciphers[oid(scheme?.[0])]
  if (hash === undefined || cipher === undefined) throw unsupported('encryption', oid(scheme?.[0]))
  const rounds = boundedIterations(integerValue(iterations))
  const key = pbkdf2Sync(password, salt?.content ?? new Uint8Array(), rounds, cipher.keyLength, hash)
  return decipher(cipher.name, key, scheme?.[1]?.content ?? new Uint8Array(), data)
}

/** What pbeWithSHAAnd3-KeyTripleDES-CBC derives from a password (RFC 7292 App. C). */
export interface TripleDesKey {
  readonly salt: Uint8Array
  readonly iterations: number
  readonly key: Uint8Array
  readonly initialValue: Uint8Array
}

export function deriveTripleDesKey(password: string, salt: Uint8Array, iterations: number): TripleDesKey {
  const derive = (id: number, length: number): Buffer =>
    deriveBytes('sha1', password, salt, iterations, id, length)
  return { salt, iterations, key: derive(1, 24), initialValue: derive(2, 8) }
}

/** Encrypts with pbeWithSHAAnd3-KeyTripleDES-CBC, as in the service's own PKCS#12 files. */
export function encryptTripleDes(
  data: Uint8Array,
  { salt, iterations, key, initialValue }: TripleDesKey,
): { algorithm: AlgorithmIdentifier; data: Buffer } {
  const cipher = createCipheriv('des-ede3-cbc', key, initialValue)
  const parameters = Uint8Array.of(
    0x30,
    salt.length + 6,
    0x04,
    salt.length,
    ...salt,
    0x02,
    0x02,
    iterations >> 8,
    iterations & 0xff,
  )
  return {
    algorithm: new AlgorithmIdentifier({ algorithm: sha1TripleDes, parameters: parameters.buffer }),
    data: Buffer.concat([cipher.update(data), cipher.final()]),
  }
}

/**
 * The key derivation of PKCS#12 (RFC 7292 App. B.2).
 *
 * @param id the purpose of the bytes (App. B.3): 1 an encryption key, 2 an initial value, 3 a MAC key
 */
export function deriveBytes(
  hash: string,
  password: string,
  salt: Uint8Array,
  iterations: number,
  id: number,
  length: number,
): Buffer {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64
  const diversifier = Buffer.alloc(block, id)
  const input = Buffer.concat([fill(salt, block), fill(bmpString(password), block)])
  const output: Buffer[] = []
  for (let made = 0; made < length;) {
    // One shot, because it runs hundreds of thousands of times.
    let a = digest(hash, Buffer.concat([diversifier, input]), 'buffer')
    for (let i = 1; i < iterations; i++) a = digest(hash, a, 'buffer')
    output.push(a)
    made += a.length
    if (made < length) addToBlocks(input, fill(a, block), block)
  }
  return Buffer.concat(output).subarray(0, length)
}

/** @throws ServiceError 400 when it is out of bounds */
export function boundedIterations(iterations: number): number {
  if (!(iterations >= 1 && iterations <= maximumIterations)) {
    throw badParameter(
      `The PKCS#12 content asks for ${iterations} iterations; at most ${maximumIterations} are accepted.`,
    )
  }
  return iterations
}

/** Repeats bytes to a whole number of blocks; empty stays empty. */
function fill(bytes: Uint8Array, block: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes)
}

/** I_j = (I_j + B + 1) mod 2^(8 * block) for every block (RFC 7292 App. B.2, step 6C). */
function addToBlocks(input: Buffer, b: Buffer, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let carry = 1
    for (let i = block - 1; i >= 0; i--) {
      carry += (input[start + i] ?? 0) + (b[i] ?? 0)
      input[start + i] = carry & 0xff
      carry >>= 8
    }
  }
}

/** UTF-16, big endian, with a NUL at the end (RFC 7292 App. B.1). */
function bmpString(password: string): Buffer {
  return Buffer.from(`${password}\0`, 'utf16le').swap16()
}

function decipher(cipher: string, key: Uint8Array, iv: Uint8Array, data: Uint8Array): Buffer {
  const decipherer = createDecipheriv(cipher, key, iv)
  return Buffer.concat([decipherer.update(data), decipherer.final()])
}

function children(element: BerElement | undefined): readonly BerElement[] {
  return element?.children ?? []
}

function integerValue(element: BerElement | undefined): number {
  if (element === undefined || element.content.length > 4) return Number.NaN
  return Number(`0x${Buffer.from(element.content).toString('hex') || '0'}`)
}

function oid(element: BerElement | undefined): string {
  if (element?.tag !== 0x06) return ''
  const arcs: number[] = []
  let arc = 0
  for (const byte of element.content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const first = Math.min(Math.floor((arcs[0] ?? 0) / 40), 2)
  return [first, (arcs[0] ?? 0) - 40 * first, ...arcs.slice(1)].join('.')
}

function unsupported(purpose: string, algorithm: string): Error {
  return badParameter(`The ${purpose} ${algorithm} of the PKCS#12 content is not supported by this emulator.`)
}
