import { webcrypto } from 'node:crypto'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { readKeyFile, readPkcs12, writePkcs12, type WebCrypto } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import {
  constructed,
  decode,
  encode,
  int,
  nul,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from '../support/tlv.ts'

/** Each check of the reader, on files that are sound but for the one thing. */

const { oids, password } = pfx
const safe = encode(sequence(pfx.plainSafe()))

/** The message that a file is refused with. */
async function messageOf(file: Uint8Array): Promise<string> {
  const [result] = await Promise.allSettled([readPkcs12(file, password)])
  if (result?.status !== 'rejected') return 'read'
  expect(result.reason).toMatchObject({ name: 'SealwrightError', code: 'INVALID_ENCODING' })
  return String(Reflect.get(Object(result.reason), 'message'))
}

/** The same with another field at its end. */
function longer(node: Tlv): Tlv {
  return { ...node, children: [...node.children, nul()] }
}

/** A sound file, but for the digestAlgorithm of its MAC. */
function withDigest(digest: Tlv): Uint8Array {
  return pfx.sealedBytes(safe, { digest })
}

/** A copy whose child at that place, and so on down, is changed. */
function changed(node: Tlv, [at, ...path]: readonly number[], change: (node: Tlv) => Tlv): Tlv {
  if (at === undefined) return change(node)
  const children = node.children.map((child, index) => (index === at ? changed(child, path, change) : child))
  return { ...node, children }
}

describe('fields after the last one are refused', () => {
  const mac = pfx.macData(safe)
  const data = pfx.contentInfo(oids.data, octets(safe))
  const encrypted = pfx.soundEncryptedSafe()
  const pbmac1 = pfx.macData(safe, { digest: pfx.pbmac1({ keyLength: int(32) }) })
  test.each<[string, Uint8Array, RegExp]>([
    ['PFX', encode(sequence(int(3), data, mac, nul())), /the PKCS#12 file has too many fields/],
    ['ContentInfo', pfx.pfx(longer(data), mac), /a ContentInfo has too many fields/],
    [
      'MacData',
      pfx.pfx(data, longer(changed(mac, [], (node) => ({ ...node, children: [...node.children, int(1)] })))),
      /MacData has too many fields/,
    ],
    ['DigestInfo', pfx.pfx(data, changed(mac, [0], longer)), /MacData mac has too many fields/],
    [
      'PBMAC1-params',
      pfx.pfx(data, changed(pbmac1, [0, 0, 1], longer)),
      /PBMAC1 parameters has too many fields/,
    ],
    [
      'the KDF of PBMAC1',
      pfx.pfx(data, changed(pbmac1, [0, 0, 1, 0], longer)),
      /keyDerivationFunc has too many fields/,
    ],
    [
      'EncryptedData',
      pfx.sealed(changed(encrypted, [1, 0], longer)),
      /a safe in the PKCS#12 file has too many fields/,
    ],
    [
      'EncryptedContentInfo',
      pfx.sealed(changed(encrypted, [1, 0, 1], longer)),
      /content info has too many fields/,
    ],
    [
      'the AlgorithmIdentifier',
      pfx.sealed(changed(encrypted, [1, 0, 1, 1], longer)),
      /encryption algorithm has too many fields/,
    ],
    [
      'PBES2-params',
      pfx.sealed(changed(encrypted, [1, 0, 1, 1, 1], longer)),
      /PBES2 parameters has too many fields/,
    ],
    [
      'the KDF',
      pfx.sealed(changed(encrypted, [1, 0, 1, 1, 1, 0], longer)),
      /keyDerivationFunc has too many fields/,
    ],
    [
      'PBKDF2-params',
      pfx.sealed(changed(encrypted, [1, 0, 1, 1, 1, 0, 1], longer)),
      /parameters has too many fields/,
    ],
    [
      'the cipher',
      pfx.sealed(changed(encrypted, [1, 0, 1, 1, 1, 1], longer)),
      /encryptionScheme has too many fields/,
    ],
  ])('%s', async (_, file, message) => {
    expect(await messageOf(pfx.sealed(encrypted))).toBe('read')
    expect(await messageOf(file)).toMatch(message)
  })

  test.each(['1.2.840.113549.1.12.1.3', '1.2.840.113549.1.5.3'])(
    'PBE parameters of %s',
    async (algorithm) => {
      const parameters = sequence(octets(new Uint8Array(8)), int(1), nul())
      const file = pfx.sealed(pfx.encryptedSafe(sequence(oid(algorithm), parameters)))
      expect(await messageOf(file)).toMatch(/PBE parameters has too many fields/)
    },
  )

  test('CertBag, SafeBag and attributes', async () => {
    const { certificate } = await identity('ec-p256')
    const bag = pfx.certificateBag(certificate.raw)
    expect(await messageOf(pfx.sealed(pfx.plainSafe(bag)))).toBe('read')
    expect(await messageOf(pfx.sealed(pfx.plainSafe(longer(bag))))).toMatch(/a bag has too many fields/)
    expect(await messageOf(pfx.sealed(pfx.plainSafe(changed(bag, [1, 0], longer))))).toMatch(
      /a certificate bag has too many fields/,
    )
    const named = pfx.certificateBag(certificate.raw, longer(pfx.friendlyName('a')))
    const { skipped } = await readPkcs12(pfx.sealed(pfx.plainSafe(named)), password)
    expect(skipped).toMatchObject([{ reason: "a bag's attribute has too many fields" }])
  })

  test('EncryptedPrivateKeyInfo', async () => {
    const key = sequence(pfx.pbes2(), octets(new Uint8Array(32)), nul())
    expect(await messageOf(pfx.sealed(pfx.plainSafe(pfx.bag(oids.shroudedKeyBag, key))))).toMatch(
      /the private key has too many fields/,
    )
  })
})

describe('tags, types and versions', () => {
  const mac = pfx.macData(safe)
  const data = pfx.contentInfo(oids.data, octets(safe))
  const encrypted = pfx.soundEncryptedSafe()
  const [type, value] = data.children as [Tlv, Tlv]
  test.each<[string, Uint8Array, RegExp]>([
    [
      '[1] for [0] EXPLICIT',
      pfx.pfx(sequence(type, { ...value, tag: 0xa1 }), mac),
      /is not a single value with the expected tag/,
    ],
    [
      'a SEQUENCE for [0] EXPLICIT',
      pfx.pfx(sequence(type, { ...value, tag: 0x30 }), mac),
      /is not a single value with the expected tag/,
    ],
    [
      'two values in [0] EXPLICIT',
      pfx.pfx(sequence(type, longer(value)), mac),
      /is not a single value with the expected tag/,
    ],
    [
      'none in [0] EXPLICIT',
      pfx.pfx(sequence(type, constructed(0xa0)), mac),
      /is not a single value with the expected tag/,
    ],
    ['version 2', pfx.pfx(data, mac, 2), /has version 2; PKCS#12 has version 3 \(RFC 7292\)/],
    ['version 4', pfx.pfx(data, mac, 4), /has version 4/],
    ['an authSafe of encrypted data', pfx.pfx(encrypted, mac), /has an authSafe of type/],
    [
      'an authSafe of another type',
      pfx.pfx(pfx.contentInfo('1.2.3', octets(safe)), mac),
      /has an authSafe of type 1\.2\.3/,
    ],
    ['EncryptedData of version 1', pfx.sealed(changed(encrypted, [1, 0, 0], () => int(1))), /has version 1/],
    [
      'encrypted content of another type',
      pfx.sealed(changed(encrypted, [1, 0, 1, 0], () => oid('1.2.3'))),
      /holds content of type 1\.2\.3/,
    ],
    [
      'a safe of another type',
      pfx.sealed(pfx.contentInfo('1.2.3', octets([]))),
      /holds content of type 1\.2\.3/,
    ],
    [
      'an AuthenticatedSafe that is a SET',
      pfx.sealedBytes(encode({ ...sequence(pfx.plainSafe()), tag: 0x31 })),
      /is not a SEQUENCE/,
    ],
  ])('%s', async (_, file, message) => {
    expect(await messageOf(file)).toMatch(message)
  })

  const sha256 = sequence(oid(oids.sha256), nul())
  const scrypt = (...more: Tlv[]): Tlv => {
    const parameters = sequence(octets(new Uint8Array(8)), int(2), int(1), int(1), ...more)
    const derivation = sequence(oid('1.3.6.1.4.1.11591.4.11'), parameters)
    const scheme = sequence(oid(oids.aes256Cbc), octets(new Uint8Array(16)))
    return pfx.encryptedSafe(sequence(oid(oids.pbes2), sequence(derivation, scheme)))
  }
  test.each<[string, Uint8Array, string]>([
    [
      'a MAC of SHA-256 with 31 bytes',
      pfx.pfx(data, sequence(sequence(sha256, octets(new Uint8Array(31))), octets([]))),
      'MacData has a MAC of 31 bytes',
    ],
    [
      'iterations of the MAC that are padded',
      pfx.pfx(data, pfx.macData(safe, { iterations: primitive(0x02, [0, 1]) })),
      'MacData iterations is an INTEGER that is not in its shortest form',
    ],
    [
      'no iterations of the MAC',
      pfx.pfx(data, pfx.macData(safe, { iterations: int(0) })),
      'the MAC has an iteration count of 0',
    ],
    [
      'a key of PBMAC1 of no length',
      pfx.pfx(data, pfx.macData(safe, { digest: pfx.pbmac1({}) })),
      'the MAC has no keyLength, which PBMAC1 requires (RFC 9879)',
    ],
    [
      'a key of PBMAC1 of 19 bytes',
      pfx.pfx(data, pfx.macData(safe, { digest: pfx.pbmac1({ keyLength: int(19) }) })),
      'the MAC has a key of 19 bytes; 20 to 1024 are read',
    ],
    [
      'a key of PBMAC1 of 1025 bytes',
      pfx.pfx(data, pfx.macData(safe, { digest: pfx.pbmac1({ keyLength: int(1025) }) })),
      'the MAC has a key of 1025 bytes; 20 to 1024 are read',
    ],
    [
      'a field after those of scrypt',
      pfx.sealed(scrypt(int(32), nul())),
      'a safe in the PKCS#12 file PBES2 parameters keyDerivationFunc parameters has too many fields',
    ],
    [
      'a field after those of RC2',
      pfx.sealed(
        pfx.encryptedSafe(
          pfx.pbes2({
            cipher: '1.2.840.113549.3.2',
            iv: sequence(int(58), octets(new Uint8Array(8)), nul()),
          }),
        ),
      ),
      'a safe in the PKCS#12 file RC2 parameters has too many fields',
    ],
  ])('%s', async (_, file, message) => {
    expect(await messageOf(file)).toBe(message)
  })

  test('a MAC made with a hash that is not read', async () => {
    const md5 = sequence(oid('1.2.840.113549.2.5'), nul())
    await expect(readPkcs12(withDigest(md5), password)).rejects.toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
      message:
        'the PKCS#12 file has a MAC with MD5, 1.2.840.113549.2.5; SHA-1, SHA-2 and PBMAC1 are supported',
    })
    const unknown = pfx.pbmac1({ keyLength: int(32) }, '1.2.3')
    await expect(readPkcs12(withDigest(unknown), password)).rejects.toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
      message: expect.stringMatching(/^the MAC uses the algorithm 1\.2\.3 as its HMAC; /) as string,
    })
  })

  test('a salt of the MAC that is longer than allowed', async () => {
    const file = pfx.pfx(data, pfx.macData(safe, { salt: new Uint8Array(1025) }))
    await expect(readPkcs12(file, password)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message:
        'the MAC has a salt of 1025 bytes; at most 1024 are allowed; limits.saltBytes raises the limit',
    })
  })

  test.each([1, 31, 33, 64])('a MAC of PBMAC1 with %d bytes', async (length) => {
    const digest = sequence(pfx.pbmac1({ keyLength: int(32) }), octets(new Uint8Array(length)))
    const file = pfx.pfx(data, sequence(digest, octets([])))
    expect(await messageOf(file)).toBe(`MacData has a MAC of ${length} bytes`)
  })

  test.each([20, 1024])('a key of PBMAC1 of %d bytes is as long as is allowed', async (length) => {
    const digest = pfx.pbmac1({ keyLength: int(length) })
    const file = pfx.pfx(data, pfx.macData(safe, { digest }))
    await expect(readPkcs12(file, password)).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  })

  test.each<[number, string, RegExp]>([
    [0, '1.2.840.113549.3.2', /derives a key of 0 bytes/],
    [129, '1.2.840.113549.3.2', /derives a key of 129 bytes/],
    [1, '1.2.840.113549.3.2', /does not decrypt/],
    [128, '1.2.840.113549.3.2', /does not decrypt/],
    [31, oids.aes256Cbc, /derives a key of 31 bytes/],
    [33, oids.aes256Cbc, /derives a key of 33 bytes/],
    [9, '1.3.14.3.2.7', /derives a key of 9 bytes/],
    [23, '1.2.840.113549.3.7', /derives a key of 23 bytes/],
  ])('a key of %d bytes for %s', async (length, cipher, message) => {
    const isRc2 = cipher === '1.2.840.113549.3.2'
    const iv = isRc2
      ? sequence(int(58), octets(new Uint8Array(8)))
      : octets(new Uint8Array(cipher === oids.aes256Cbc ? 16 : 8))
    const algorithm = pfx.pbes2({ cipher, iv, keyLength: int(length) })
    expect(await messageOf(pfx.sealed(pfx.encryptedSafe(algorithm)))).toMatch(message)
  })
})

/** Keys as they are handed to Node: the arrays themselves, to be looked at when the file has been read. */
const handed = vi.hoisted(() => ({
  keys: [] as Uint8Array[],
  remember(key: unknown) {
    if (key instanceof Uint8Array) this.keys.push(key)
  },
}))

vi.mock('node:crypto', async (importOriginal) => {
  const original: {
    createHmac: (...args: unknown[]) => unknown
    createDecipheriv: (...args: unknown[]) => unknown
  } = await importOriginal()
  return {
    ...original,
    createHmac: (...args: unknown[]) => {
      handed.remember(args[1])
      return original.createHmac(...args)
    },
    createDecipheriv: (...args: unknown[]) => {
      handed.remember(args[1])
      return original.createDecipheriv(...args)
    },
  }
})

vi.mock('../../src/encryption/ciphers.ts', async (importOriginal) => {
  const original: { encryptTripleDesCbc: (...args: unknown[]) => unknown } = await importOriginal()
  return {
    ...original,
    encryptTripleDesCbc: (...args: unknown[]) => {
      handed.remember(args[1])
      return original.encryptTripleDesCbc(...args)
    },
  }
})

vi.mock('../../src/encryption/rc2.ts', async (importOriginal) => {
  const original: { decryptRc2Cbc: (...args: unknown[]) => unknown } = await importOriginal()
  return {
    decryptRc2Cbc: (...args: unknown[]) => {
      handed.remember(args[0])
      return original.decryptRc2Cbc(...args)
    },
  }
})

function pbe(algorithm: string): Tlv {
  return sequence(oid(algorithm), sequence(octets(new Uint8Array(8)), int(1)))
}

describe('keys that were derived are zeroed', () => {
  beforeEach(() => {
    handed.keys.length = 0
    plaintexts.length = 0
  })

  test('and so is what they decrypt', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const contents = { privateKey, certificates: [certificate] }
    await readPkcs12(await writePkcs12(contents, password, { iterations: 1 }), password, { crypto })
    expect(plaintexts).toHaveLength(2)
    expect(plaintexts.every((each) => each.length > 100 && each.every((octet) => octet === 0))).toBe(true)
  })

  const plaintexts: Uint8Array[] = []
  /** Node's, which remembers the keys that are imported and what is decrypted. */
  const subtle = new Proxy(webcrypto.subtle, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return async (...args: unknown[]): Promise<unknown> => {
        if (name === 'importKey') handed.remember(args[1])
        const result: unknown = await Reflect.apply(member, target, args)
        if (name === 'decrypt' && result instanceof ArrayBuffer) plaintexts.push(new Uint8Array(result))
        return result
      }
    },
  })
  const crypto: WebCrypto = {
    subtle,
    getRandomValues: (array) => webcrypto.getRandomValues(array),
  }

  test.each([
    ['modern', 2 + 1],
    ['pbmac1', 2 + 1],
    // A MAC, and 3DES under a key and under a copy of it.
    ['compatible', 1 + 2],
  ] as const)('of the profile %s, when it is read', async (profile, count) => {
    const { privateKey, certificate } = await identity('ec-p256')
    const contents = { privateKey, certificates: [certificate] }
    const file = await writePkcs12(contents, password, { profile, iterations: 1 })
    handed.keys.length = 0
    await readPkcs12(file, password, { crypto })
    expect(handed.keys).toHaveLength(count)
    expect(handed.keys.every((key) => key.length >= 20 && key.every((octet) => octet === 0))).toBe(true)
  })

  test.each(['modern', 'pbmac1', 'compatible'] as const)(
    'of the profile %s, when it is written',
    async (profile) => {
      const { privateKey, certificate } = await identity('ec-p256')
      await writePkcs12({ privateKey, certificates: [certificate] }, password, {
        profile,
        iterations: 1,
        crypto,
      })
      expect(handed.keys.length).toBeGreaterThanOrEqual(3)
      expect(handed.keys.every((key) => key.every((octet) => octet === 0))).toBe(true)
    },
  )

  test.each<[string, number, Tlv]>([
    ['40-bit RC2 of RFC 7292', 5, pbe('1.2.840.113549.1.12.1.6')],
    ['128-bit RC2 of RFC 7292', 16, pbe('1.2.840.113549.1.12.1.5')],
    ['MD5 and RC2 of PKCS#5', 8, pbe('1.2.840.113549.1.5.6')],
    ['SHA-1 and RC2 of PKCS#5', 8, pbe('1.2.840.113549.1.5.11')],
    [
      'RC2 of PBES2',
      16,
      pfx.pbes2({ cipher: '1.2.840.113549.3.2', iv: sequence(int(58), octets(new Uint8Array(8))) }),
    ],
  ])('of %s', async (_, length, algorithm) => {
    const file = pfx.sealed(pfx.encryptedSafe(algorithm))
    handed.keys.length = 0
    await expect(readPkcs12(file, password)).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
    // After that of the MAC.
    expect(handed.keys.map((key) => key.length)).toEqual([32, length])
    expect(handed.keys.every((key) => key.every((octet) => octet === 0))).toBe(true)
  })

  test.each([
    ['DES of PKCS#5', '1.2.840.113549.1.5.3'],
    ['3DES of RFC 7292', '1.2.840.113549.1.12.1.3'],
    ['two-key 3DES of RFC 7292', '1.2.840.113549.1.12.1.4'],
  ])('of %s', async (_, algorithm) => {
    const file = pfx.sealed(pfx.encryptedSafe(pbe(algorithm)))
    handed.keys.length = 0
    await expect(readPkcs12(file, password)).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
    // Whatever its length, it is handed to OpenSSL as one of 24 bytes.
    expect(handed.keys.map((key) => key.length)).toEqual([32, 24])
    expect(handed.keys.every((key) => key.every((octet) => octet === 0))).toBe(true)
  })

  test('PBMAC1 has "NOT USED" in place of a salt, and no iterations (RFC 9879 §4)', async () => {
    const { certificate } = await identity('ec-p256')
    const file = await writePkcs12({ certificates: [certificate] }, password, {
      profile: 'pbmac1',
      iterations: 1,
    })
    const [, , mac] = decode(file).children
    expect(mac?.children).toHaveLength(2)
    expect(mac?.children[1]?.content).toEqual(new Uint8Array(Buffer.from('NOT USED')))
  })

  test('when the password is wrong, and of a key on its own', async () => {
    const { privateKey } = await identity('ec-p256')
    const passphrase = password
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase })
    await readKeyFile(Buffer.from(pem), password, { crypto })
    await expect(readKeyFile(Buffer.from(pem), 'another', { crypto })).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
    })
    expect(handed.keys).toHaveLength(2)
    expect(handed.keys.every((key) => key.every((octet) => octet === 0))).toBe(true)
  })

  test('of PEM as RFC 1421 encrypts it', async () => {
    const { privateKey } = await identity('ec-p256')
    const passphrase = password
    const pem = privateKey.export({ format: 'pem', type: 'sec1', cipher: 'aes-256-cbc', passphrase })
    await readKeyFile(Buffer.from(pem), password, { crypto })
    expect(handed.keys.map((key) => key.length)).toEqual([32])
    expect(handed.keys.every((key) => key.every((octet) => octet === 0))).toBe(true)
  })
})
