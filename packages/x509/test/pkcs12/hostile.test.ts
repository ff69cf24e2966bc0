import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { readPkcs12 } from '../../src/index.ts'
import { defaultLimits } from '../../src/encryption/limits.ts'
import { identity, rejectionCode } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import {
  decode,
  encode,
  explicit0,
  int,
  nul,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from '../support/tlv.ts'

const { oids, password } = pfx

function codeOf(file: Uint8Array, limits = {}): Promise<string> {
  return rejectionCode(readPkcs12(file, password, { limits }))
}

function many(count: number): Tlv[] {
  return Array.from({ length: count }, nul)
}

/** A sound file, but for what is done to its MacData. */
function withMac(options: pfx.MacOptions): Uint8Array {
  return pfx.sealedBytes(encode(sequence(pfx.plainSafe())), options)
}

test('the files these tests start from are sound', async () => {
  const contents = { keys: [], certificates: [], encryptions: [] }
  await expect(readPkcs12(pfx.sealed(pfx.plainSafe()), password)).resolves.toMatchObject(contents)
  await expect(readPkcs12(withMac({ iterations: int(1) }), password)).resolves.toMatchObject(contents)
})

describe('iteration counts', () => {
  const counts: readonly (readonly [string, Tlv, string])[] = [
    ['0', int(0), 'INVALID_ENCODING'],
    // With pkijs, -1 and -5 verify against a known key, whatever the password.
    ['-1', int(-1), 'INVALID_ENCODING'],
    ['-5', int(-5), 'INVALID_ENCODING'],
    ['-2^31', int(-(2 ** 31)), 'INVALID_ENCODING'],
    ['10,000,001', int(10_000_001), 'LIMIT_EXCEEDED'],
    ['2^31-1', int(2 ** 31 - 1), 'LIMIT_EXCEEDED'],
    ['2^32+1', int(2 ** 32 + 1), 'LIMIT_EXCEEDED'],
    ['1 in two bytes', primitive(0x02, [0, 1]), 'INVALID_ENCODING'],
    ['none', primitive(0x02), 'INVALID_ENCODING'],
    ['1,000 bytes of them', primitive(0x02, new Uint8Array(1000).fill(1)), 'LIMIT_EXCEEDED'],
    ['1,000 bytes of zero', primitive(0x02, new Uint8Array(1000)), 'INVALID_ENCODING'],
    ['text', primitive(0x0c, [0x31]), 'INVALID_ENCODING'],
  ]

  test.each(counts)('%s of the MAC', async (_, iterations, code) => {
    expect(await codeOf(withMac({ iterations }))).toBe(code)
  })

  test.each(counts)('%s of an encrypted safe', async (_, iterations, code) => {
    expect(await codeOf(pfx.sealed(pfx.encryptedSafe(pfx.pbes2({ iterations }))))).toBe(code)
  })

  test.each(counts)('%s of a shrouded key', async (_, iterations, code) => {
    expect(await codeOf(pfx.sealed(pfx.shroudedKey(pfx.pbes2({ iterations }))))).toBe(code)
  })

  test('all of a file together', async () => {
    const safe = pfx.encryptedSafe(pfx.pbes2({ iterations: int(400) }))
    expect(await codeOf(pfx.sealed(safe, safe), { iterations: 801 })).toBe('INVALID_ENCODING')
    expect(await codeOf(pfx.sealed(safe, safe), { iterations: 800 })).toBe('LIMIT_EXCEEDED')
  })

  test('as often as PBKDF2 runs them for a key longer than its hash', async () => {
    // 32 bytes of SHA-1, twice 20; 1024 of SHA-256, 32 times 32.
    const safe = pfx.encryptedSafe(pfx.pbes2({ iterations: int(400), prf: '1.2.840.113549.2.7' }))
    expect(await codeOf(pfx.sealed(safe), { iterations: 801 })).toBe('INVALID_ENCODING')
    expect(await codeOf(pfx.sealed(safe), { iterations: 800 })).toBe('LIMIT_EXCEEDED')
    const mac = withMac({ digest: pfx.pbmac1({ iterations: int(10), keyLength: int(1024) }) })
    expect(await codeOf(mac, { iterations: 320 })).toBe('WRONG_PASSWORD')
    expect(await codeOf(mac, { iterations: 319 })).toBe('LIMIT_EXCEEDED')
  })

  test('both tries of the empty password', async () => {
    const file = withMac({ iterations: int(2) })
    expect(await rejectionCode(readPkcs12(file, '', { limits: { iterations: 4 } }))).toBe('WRONG_PASSWORD')
    expect(await rejectionCode(readPkcs12(file, '', { limits: { iterations: 3 } }))).toBe('LIMIT_EXCEEDED')
  })
})

describe('size', () => {
  test('more than 1 MiB is refused before it is looked at', async () => {
    expect(await codeOf(new Uint8Array(2 ** 20 + 1))).toBe('LIMIT_EXCEEDED')
  })

  test('nesting', async () => {
    let nested: Tlv = nul()
    for (let depth = 0; depth < 40; depth++) nested = sequence(nested)
    expect(await codeOf(encode(nested))).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(pfx.sealed(nested))).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(pfx.sealed(pfx.plainSafe(nested)))).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(new Uint8Array(2 ** 20).fill(0x30))).not.toBe('')
    const indefinite = new Uint8Array(2 ** 20).map((_, at) => (at % 2 === 0 ? 0x30 : 0x80))
    expect(await codeOf(indefinite)).toBe('LIMIT_EXCEEDED')
    let safe = sequence()
    for (let depth = 0; depth < 20; depth++) safe = sequence(pfx.bag(oids.safeContentsBag, safe))
    expect(await codeOf(pfx.sealed(pfx.plainSafe(...safe.children)))).toBe('LIMIT_EXCEEDED')
  })

  test('elements, in all parts together', async () => {
    expect(await codeOf(encode(sequence(...many(20_000))))).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(pfx.sealed(...many(20_000)))).toBe('LIMIT_EXCEEDED')
    const safes = Array.from({ length: 100 }, () => pfx.plainSafe(pfx.bag('1.2.3', sequence(...many(150)))))
    expect(await codeOf(pfx.sealed(...safes))).toBe('LIMIT_EXCEEDED')
  })

  test('bags', async () => {
    const bags = Array.from({ length: 1001 }, () => pfx.bag('1.2.3', nul()))
    await expect(readPkcs12(pfx.sealed(pfx.plainSafe(...bags)), password)).rejects.toThrow(
      /more than 1000 bags.*limits\.bags raises the limit/,
    )
    const all = { limits: { bags: 1001 } }
    expect((await readPkcs12(pfx.sealed(pfx.plainSafe(...bags)), password, all)).skipped).toHaveLength(1001)
    expect((await readPkcs12(pfx.sealed(pfx.plainSafe(...bags.slice(1))), password)).keys).toEqual([])
  })

  test('salts', async () => {
    const salt = new Uint8Array(1025)
    expect(await codeOf(withMac({ salt }))).toBe('LIMIT_EXCEEDED')
    expect(await codeOf(pfx.sealed(pfx.encryptedSafe(pfx.pbes2({ salt }))))).toBe('LIMIT_EXCEEDED')
    await expect(readPkcs12(withMac({ salt: new Uint8Array() }), password)).resolves.toBeDefined()
    await expect(readPkcs12(withMac({ salt: salt.subarray(1) }), password)).resolves.toBeDefined()
  })

  test.each([Number.NaN, -1, 1.5, Infinity, null, '1'])('a limit of %s is refused', async (limit) => {
    for (const name of Object.keys(defaultLimits)) {
      expect(await codeOf(pfx.sealed(), { [name]: limit })).toBe('INVALID_ARGUMENT')
    }
  })
})

describe('protection', () => {
  const safe = encode(sequence(pfx.plainSafe()))
  const data = pfx.contentInfo(oids.data, octets(safe))

  test.each([
    ['no MAC', pfx.pfx(data, null), 'INVALID_ENCODING'],
    [
      'a signature',
      pfx.pfx(pfx.contentInfo(oids.signedData, sequence(int(1))), null),
      'UNSUPPORTED_ALGORITHM',
    ],
    [
      'a signature and a MAC',
      pfx.pfx(pfx.contentInfo(oids.signedData, sequence(int(1))), pfx.macData(safe)),
      'UNSUPPORTED_ALGORITHM',
    ],
    [
      'encryption in its place',
      pfx.pfx(pfx.encryptedSafe(pfx.pbes2()), pfx.macData(safe)),
      'INVALID_ENCODING',
    ],
    ['version 2', pfx.pfx(data, pfx.macData(safe), 2), 'INVALID_ENCODING'],
    ['another field', encode(sequence(int(3), data, pfx.macData(safe), nul())), 'INVALID_ENCODING'],
    ['an empty authSafe', pfx.sealedBytes(new Uint8Array()), 'INVALID_ENCODING'],
    ['a primitive authSafe', pfx.sealedBytes(Uint8Array.of(0x10, 0)), 'INVALID_ENCODING'],
    [
      'a primitive safe',
      pfx.sealed(pfx.contentInfo(oids.data, octets(Uint8Array.of(0x10, 0)))),
      'INVALID_ENCODING',
    ],
    [
      'a short MAC',
      pfx.pfx(data, sequence(sequence(sequence(oid(oids.sha256), nul()), octets([])), octets([1]))),
      'INVALID_ENCODING',
    ],
    ['PBMAC1 without parameters', withMac({ digest: sequence(oid(oids.pbmac1), nul()) }), 'INVALID_ENCODING'],
    ['PBMAC1 without a key length', withMac({ digest: pfx.pbmac1({}) }), 'INVALID_ENCODING'],
    ['PBMAC1 with a short key', withMac({ digest: pfx.pbmac1({ keyLength: int(19) }) }), 'INVALID_ENCODING'],
    ['PBMAC1 with a huge key', withMac({ digest: pfx.pbmac1({ keyLength: int(1e9) }) }), 'INVALID_ENCODING'],
    [
      'PBMAC1 with an unknown hash',
      withMac({ digest: pfx.pbmac1({ keyLength: int(32) }, '1.2.3') }),
      'UNSUPPORTED_ALGORITHM',
    ],
    [
      'PBMAC1 with too many iterations',
      withMac({ digest: pfx.pbmac1({ keyLength: int(32), iterations: int(10_000_001) }) }),
      'LIMIT_EXCEEDED',
    ],
    ['PBMAC1 of another key', withMac({ digest: pfx.pbmac1({ keyLength: int(32) }) }), 'WRONG_PASSWORD'],
    ['a MAC of something else', pfx.pfx(data, pfx.macData(Uint8Array.of(1))), 'WRONG_PASSWORD'],
  ])('%s is refused', async (_, file, code) => {
    expect(await codeOf(file)).toBe(code)
  })
})

const rc2 = (version: number): pfx.Pbes2Options => ({
  cipher: '1.2.840.113549.3.2',
  iv: sequence(int(version), octets(new Uint8Array(8))),
})

/** The code that a file gets whose one safe is encrypted with PBES1, its salt of that many bytes, and with those iterations. */
function pbes1Codes(
  algorithm: string,
): (salt: number, iterations: number, limits?: Parameters<typeof codeOf>[1]) => Promise<string> {
  return (salt, iterations, limits) => {
    const parameters = sequence(octets(new Uint8Array(salt)), int(iterations))
    return codeOf(pfx.sealed(pfx.encryptedSafe(sequence(oid(algorithm), parameters))), limits)
  }
}

describe('encryption', () => {
  test.each(['1.2.840.113549.1.12.1.3', '1.2.840.113549.1.12.1.6'])(
    'PBES1 (%s) with salts, counts and ciphertexts that are wrong',
    async (algorithm) => {
      const code = pbes1Codes(algorithm)
      expect(await code(8, 1)).toBe('INVALID_ENCODING')
      expect(await code(1025, 1)).toBe('LIMIT_EXCEEDED')
      expect(await code(8, 0)).toBe('INVALID_ENCODING')
      expect(await code(8, -1)).toBe('INVALID_ENCODING')
      expect(await code(8, 2 ** 31 - 1)).toBe('LIMIT_EXCEEDED')
      // Key and vector are derived one after the other, and each is charged.
      expect(await code(8, 100, { iterations: 200 })).toBe('LIMIT_EXCEEDED')
      expect(await code(8, 100, { iterations: 301 })).toBe('INVALID_ENCODING')
    },
  )

  test.each(['1.2.840.113549.1.5.3', '1.2.840.113549.1.5.11'])(
    'PBES1 with PBKDF1 (%s) with salts, counts and ciphertexts that are wrong',
    async (algorithm) => {
      const code = pbes1Codes(algorithm)
      expect(await code(8, 1)).toBe('INVALID_ENCODING')
      expect(await code(1025, 1)).toBe('LIMIT_EXCEEDED')
      expect(await code(8, 0)).toBe('INVALID_ENCODING')
      expect(await code(8, 2 ** 31 - 1)).toBe('LIMIT_EXCEEDED')
      expect(await code(8, 100, { iterations: 100 })).toBe('LIMIT_EXCEEDED')
      expect(await code(8, 100, { iterations: 101 })).toBe('INVALID_ENCODING')
    },
  )

  test.each<[string, pfx.Pbes2Options, string]>([
    [
      'AES-256-GCM',
      { cipher: '2.16.840.1.101.3.4.1.46', iv: sequence(octets(new Uint8Array(12))) },
      'UNSUPPORTED_ALGORITHM',
    ],
    ['3DES with the vector of AES', { cipher: '1.2.840.113549.3.7' }, 'INVALID_ENCODING'],
    [
      '3DES under the wrong key',
      { cipher: '1.2.840.113549.3.7', iv: octets(new Uint8Array(8)) },
      'INVALID_ENCODING',
    ],
    ['RC2 with the vector of AES', { cipher: '1.2.840.113549.3.2' }, 'INVALID_ENCODING'],
    ['RC2 under the wrong key', rc2(160), 'INVALID_ENCODING'],
    ['RC2 of a version that is none', rc2(161), 'INVALID_ENCODING'],
    ['RC2 of a number of bits that is not one of bytes', rc2(257), 'INVALID_ENCODING'],
    ['RC2 with an empty key', { ...rc2(160), keyLength: int(0) }, 'INVALID_ENCODING'],
    ['RC2 with a key of 129 bytes', { ...rc2(160), keyLength: int(129) }, 'INVALID_ENCODING'],
    ['HMAC-MD5', { prf: '1.2.840.113549.2.6' }, 'UNSUPPORTED_ALGORITHM'],
    ['bcrypt', { derivation: '1.3.6.1.4.1.11591.4.12' }, 'UNSUPPORTED_ALGORITHM'],
    ['scrypt with the parameters of PBKDF2', { derivation: '1.3.6.1.4.1.11591.4.11' }, 'INVALID_ENCODING'],
    ['an algorithm nobody knows', { cipher: '1.2.3' }, 'UNSUPPORTED_ALGORITHM'],
    ['a short initialisation vector', { iv: octets(new Uint8Array(15)) }, 'INVALID_ENCODING'],
    ['a key too long', { keyLength: int(33) }, 'INVALID_ENCODING'],
    ['a key of no length', { keyLength: int(0) }, 'INVALID_ENCODING'],
    ['ciphertext that does not decrypt', {}, 'INVALID_ENCODING'],
  ])('%s', async (_, options, code) => {
    expect(await codeOf(pfx.sealed(pfx.encryptedSafe(pfx.pbes2(options))))).toBe(code)
    expect(await codeOf(pfx.sealed(pfx.shroudedKey(pfx.pbes2(options))))).toBe(code)
  })

  test.each([
    ['N that is no power of two', [1000, 8, 1], 'INVALID_ENCODING'],
    ['N of one', [1, 8, 1], 'INVALID_ENCODING'],
    ['N of 2^16 where r is 1', [2 ** 16, 1, 1], 'INVALID_ENCODING'],
    ['N below nothing', [-1024, 8, 1], 'INVALID_ENCODING'],
    ['no blocks', [1024, 0, 1], 'INVALID_ENCODING'],
    ['no lanes', [1024, 8, 0], 'INVALID_ENCODING'],
    ['more memory than is allowed', [2 ** 16, 8, 1], 'LIMIT_EXCEEDED'],
    ['more memory in lanes than is allowed', [2, 1, 2 ** 20], 'LIMIT_EXCEEDED'],
    ['numbers that are as large as they can be', [2 ** 30, 2 ** 31 - 1, 2 ** 31 - 1], 'LIMIT_EXCEEDED'],
    ['more work than is allowed', [2 ** 14, 8, 100], 'LIMIT_EXCEEDED'],
    ['parameters that are sound', [2, 1, 1], 'INVALID_ENCODING'],
  ] as const)('scrypt with %s', async (_, [N, r, p], code) => {
    const parameters = sequence(octets(new Uint8Array(8)), int(N), int(r), int(p))
    const derivation = sequence(oid('1.3.6.1.4.1.11591.4.11'), parameters)
    const scheme = sequence(oid(oids.aes256Cbc), octets(new Uint8Array(16)))
    const algorithm = sequence(oid(oids.pbes2), sequence(derivation, scheme))
    expect(await codeOf(pfx.sealed(pfx.encryptedSafe(algorithm)))).toBe(code)
  })

  test.each([0, 1, 15, 17])('ciphertext of %d bytes', async (length) => {
    expect(await codeOf(pfx.sealed(pfx.encryptedSafe(pfx.pbes2(), new Uint8Array(length))))).toBe(
      'INVALID_ENCODING',
    )
  })

  test('to a public key', async () => {
    expect(await codeOf(pfx.sealed(pfx.contentInfo(oids.envelopedData, sequence(int(0)))))).toBe(
      'UNSUPPORTED_ALGORITHM',
    )
  })

  test('a limit is found to be exceeded before anything is derived', async () => {
    const slow = pfx.encryptedSafe(pfx.pbes2({ iterations: int(9_000_000) }))
    // Deriving would take seconds, and would end in INVALID_ENCODING.
    expect(await codeOf(pfx.sealed(slow, slow))).toBe('LIMIT_EXCEEDED')
  })

  test('a safe under an algorithm that is not read does not spoil the others', async () => {
    const { certificate } = await identity('ec-p256')
    const gcm = pfx.encryptedSafe(pfx.pbes2({ cipher: '2.16.840.1.101.3.4.1.46' }))
    const plain = pfx.plainSafe(pfx.certificateBag(certificate.raw))
    const { certificates, skipped } = await readPkcs12(pfx.sealed(gcm, plain), password)
    expect(certificates).toHaveLength(1)
    expect(skipped).toEqual([
      { what: 'a safe with all that is in it', reason: expect.stringContaining('AES-256-GCM') as string },
    ])
  })
})

describe('keys and certificates', () => {
  test('a private key that is not that of the public key beside it', async () => {
    const other = decode(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' }),
    )
    const { privateKey } = await identity('ec-p256')
    const own = decode(privateKey.export({ format: 'der', type: 'pkcs8' }))
    // PrivateKeyInfo { version, algorithm, OCTET STRING { ECPrivateKey { version, privateKey, [1] publicKey } } }
    const ecKey = decode(own.children[2]?.content ?? new Uint8Array())
    const publicKey = decode(other.children[2]?.content ?? new Uint8Array()).children[2]
    const forged = sequence(
      int(0),
      own.children[1] ?? nul(),
      octets(encode(sequence(...ecKey.children.slice(0, 2), publicKey ?? nul()))),
    )
    expect(createPrivateKey({ key: Buffer.from(encode(forged)), format: 'der', type: 'pkcs8' }).type).toBe(
      'private',
    )
    expect(await codeOf(pfx.sealed(pfx.plainSafe(pfx.bag(oids.keyBag, forged))))).toBe('INVALID_ENCODING')
  })

  test.each([
    ['X25519', () => generateKeyPairSync('x25519').privateKey],
    ['X448', () => generateKeyPairSync('x448').privateKey],
    ['DSA', () => generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey],
  ])('a key for %s, which cannot sign tokens, is refused by name', async (name, generate) => {
    const bag = pfx.keyBag(generate().export({ format: 'der', type: 'pkcs8' }))
    await expect(readPkcs12(pfx.sealed(pfx.plainSafe(bag)), password)).rejects.toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_KEY', message: expect.stringContaining(name) }),
    )
  })

  test.each([
    ['Diffie-Hellman', '1.2.840.113549.1.3.1'],
    ['1.2.3', '1.2.3'],
  ])('a key of %s is refused by its algorithm, before OpenSSL computes with it', async (name, algorithm) => {
    const group = sequence(int(23), int(5))
    const key = sequence(int(0), sequence(oid(algorithm), group), octets(encode(int(7))))
    await expect(readPkcs12(pfx.sealed(pfx.plainSafe(pfx.bag(oids.keyBag, key))), password)).rejects.toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_KEY', message: expect.stringContaining(name) }),
    )
  })

  test('an RSA key with a prime longer than its modulus, which would make signing slow', async () => {
    const pkcs8 = decode(
      generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'der', type: 'pkcs8' }),
    )
    // RSAPrivateKey { version, n, e, d, p, q, dp, dq, qi }
    const rsaKey = decode(pkcs8.children[2]?.content ?? new Uint8Array())
    for (const at of [4, 5, 6, 7]) rsaKey.children[at] = primitive(0x02, new Uint8Array(1000).fill(0x7f))
    pkcs8.children[2] = octets(encode(rsaKey))
    await expect(
      readPkcs12(pfx.sealed(pfx.plainSafe(pfx.bag(oids.keyBag, pkcs8))), password),
    ).rejects.toThrow(
      // The OpenSSL of Node 22 and newer finds it first.
      /longer than its modulus|is not PKCS#8 of a kind that OpenSSL reads/,
    )
  })

  test.skipIf(lacks('openssl'))(
    'certificates that might all have issued each other [needs openssl]',
    async () => {
      const folder = scratchFolder()
      // The same name and no key identifiers: only signatures tell them apart.
      const bags = Array.from({ length: 40 }, () => {
        const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
        run(
          `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a -keyout ${key} -out ${certificate} -addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none`,
        )
        return [
          pfx.keyBag(createPrivateKey(readFileSync(key)).export({ format: 'der', type: 'pkcs8' })),
          pfx.certificateBag(new X509Certificate(readFileSync(certificate)).raw),
        ]
      })
      const read = (count: number): Promise<unknown> =>
        readPkcs12(pfx.sealed(pfx.plainSafe(...bags.slice(0, count).flat())), password)
      expect(await rejectionCode(read(40))).toBe('LIMIT_EXCEEDED')
      await expect(read(10)).resolves.toMatchObject({ keys: { length: 10 } })
    },
  )

  test('a key on a curve of its own', async () => {
    const paramEncoding = 'explicit'
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding })
    const pkcs8 = decode(privateKey.export({ format: 'der', type: 'pkcs8' }))
    // AlgorithmIdentifier { id-ecPublicKey, ECParameters { version, field, curve, base, order, cofactor } }: P-256 but for its
    // generator, which is the key's public point, and so it goes by no name.
    const parameters = pkcs8.children[1]?.children[1] ?? nul()
    const ecKey = decode(pkcs8.children[2]?.content ?? new Uint8Array())
    const point = ecKey.children.at(-1)?.children[0]?.content.subarray(1) ?? new Uint8Array()
    parameters.children[3] = octets(point)
    const [version = nul(), algorithm = nul()] = pkcs8.children
    const forged = sequence(version, algorithm, octets(encode(sequence(...ecKey.children.slice(0, 2)))))
    const { namedCurve } =
      createPrivateKey({ key: Buffer.from(encode(forged)), format: 'der', type: 'pkcs8' })
        .asymmetricKeyDetails ?? {}
    expect(['UNDEF', undefined]).toContain(namedCurve)
    expect(await codeOf(pfx.sealed(pfx.plainSafe(pfx.bag(oids.keyBag, forged))))).toBe('UNSUPPORTED_KEY')
  })

  test('a key with numbers of thousands of bytes', async () => {
    const number = primitive(0x02, Uint8Array.of(1, ...new Uint8Array(6000)))
    const rsaKey = encode(sequence(int(0), ...Array.from({ length: 8 }, () => number)))
    const pkcs8 = sequence(int(0), sequence(oid('1.2.840.113549.1.1.1'), nul()), octets(rsaKey))
    expect(await codeOf(pfx.sealed(pfx.plainSafe(pfx.bag(oids.keyBag, pkcs8))))).toBe('LIMIT_EXCEEDED')
  })

  test.each([
    ['nothing', nul()],
    ['an encrypted key in a bag for plain ones', sequence(pfx.pbes2(), octets(new Uint8Array(32)))],
    ['a version without a key', sequence(int(0))],
  ])('%s instead of a key', async (_, value) => {
    expect(await codeOf(pfx.sealed(pfx.plainSafe(pfx.bag(oids.keyBag, value))))).toBe('INVALID_ENCODING')
  })

  test('certificates that are something else, or not alone', async () => {
    const { certificate } = await identity('ec-p256')
    const contents = [
      new Uint8Array(),
      Uint8Array.of(0x30, 0),
      Buffer.from(certificate.toString()),
      Uint8Array.from([...certificate.raw, 0]),
      certificate.raw.subarray(0, -1),
    ]
    for (const content of contents) {
      expect(await codeOf(pfx.sealed(pfx.plainSafe(pfx.certificateBag(content))))).toBe('INVALID_ENCODING')
    }
  })

  test.each([
    ['a friendlyName of odd length', pfx.attribute(oids.friendlyName, primitive(0x1e, [0]))],
    ['a friendlyName of another type', pfx.attribute(oids.friendlyName, int(1))],
    ['a localKeyID of another type', pfx.attribute(oids.localKeyId, int(1))],
    ['an attribute that is none', nul()],
    ['an attribute without values', sequence(oid(oids.friendlyName))],
  ])('%s', async (_, attribute) => {
    const { certificate } = await identity('ec-p256')
    const bag = pfx.certificateBag(certificate.raw)
    bag.children.push({ ...sequence(attribute), tag: 0x31 })
    const { certificates, skipped } = await readPkcs12(pfx.sealed(pfx.plainSafe(bag)), password)
    expect(certificates).toHaveLength(1)
    expect(skipped).toMatchObject([{ what: 'an attribute of a bag' }])
  })

  test.each([
    ['UTF8String', 0x0c, 'ä', 'utf8'],
    ['PrintableString', 0x13, 'a', 'latin1'],
    ['IA5String', 0x16, 'a@b', 'latin1'],
    ['TeletexString', 0x14, 'ä', 'latin1'],
  ] as const)('a friendlyName that is a %s is read', async (_, tag, name, encoding) => {
    const { privateKey } = await identity('ec-p256')
    const bag = pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }))
    const value = primitive(tag, Buffer.from(name, encoding))
    bag.children.push({ ...sequence(pfx.attribute(oids.friendlyName, value)), tag: 0x31 })
    const { keys } = await readPkcs12(pfx.sealed(pfx.plainSafe(bag)), password)
    expect(keys.map(({ friendlyName }) => friendlyName)).toEqual([name])
  })

  test.each([
    ['no value', sequence(oid('1.2.3'))],
    ['no type', sequence(explicit0(nul()))],
    ['two values', sequence(oid('1.2.3'), { ...explicit0(nul()), children: [nul(), nul()] })],
    ['a third field', sequence(oid('1.2.3'), explicit0(nul()), nul())],
    ['no bag', int(1)],
  ])('a bag with %s', async (_, bag) => {
    expect(await codeOf(pfx.sealed(pfx.plainSafe(bag)))).toBe('INVALID_ENCODING')
  })
})
