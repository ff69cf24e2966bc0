import { createPrivateKey, webcrypto, type KeyObject } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Crypto as PeculiarCrypto } from '@peculiar/webcrypto'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { createLocalSigner, jwkThumbprint } from '@sealwright/core'
import {
  createSelfSignedCertificate,
  readPkcs12,
  writePkcs12,
  type Pkcs12Contents,
  type Pkcs12Entry,
  type Pkcs12Profile,
} from '../../src/index.ts'
import { identity, rejectionCode } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import { decode, encode, encodeIndefinite, explicit0, octets, oid, sequence } from '../support/tlv.ts'

const password = 'correct-horse'
const noOpenssl = lacks('openssl')

/** Files of one key and its certificate in a folder that goes away with the test. */
async function pemFiles(
  type: 'rsa-2048' | 'ec-p256' | 'ed25519' = 'ec-p256',
): Promise<{ folder: string; key: string; certificate: string }> {
  const { privateKey, certificate } = await identity(type)
  const folder = scratchFolder()
  const files = { folder, key: join(folder, 'key.pem'), certificate: join(folder, 'certificate.pem') }
  writeFileSync(files.key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  writeFileSync(files.certificate, certificate.toString())
  return files
}

/** A file that `openssl pkcs12 -export` writes with those options. */
async function exportedByOpenssl(options: string, secret = password): Promise<Uint8Array> {
  const { folder, key, certificate } = await pemFiles()
  const out = join(folder, 'out.p12')
  const secretFile = join(folder, 'password')
  writeFileSync(secretFile, `${secret}\n`)
  run(
    `openssl pkcs12 -export -inkey ${key} -in ${certificate} -out ${out} -passout file:${secretFile}${options}`,
  )
  return readFileSync(out)
}

interface Facts {
  readonly keys: readonly { friendlyName: string | null; keyId: string; certificates: readonly string[] }[]
  readonly certificates: readonly string[]
}

/** What a file holds, in a form that compares. */
async function factsOf(file: Uint8Array, secret = password): Promise<Facts> {
  const { keys, certificates } = await readPkcs12(file, secret)
  return {
    keys: keys.map((key) => ({
      friendlyName: key.friendlyName,
      keyId: jwkThumbprint(key.privateKey),
      certificates: key.certificates.map(({ fingerprint256 }) => fingerprint256),
    })),
    certificates: certificates.map(({ fingerprint256 }) => fingerprint256),
  }
}

/** What a file of the key that {@link pemFiles} gives out should hold. */
async function factsWanted(friendlyName: string | null = 'hi'): Promise<Facts> {
  const { privateKey, certificate } = await identity('ec-p256')
  const certificates = [certificate.fingerprint256]
  return { keys: [{ friendlyName, keyId: jwkThumbprint(privateKey), certificates }], certificates }
}

describe.skipIf(noOpenssl)('files that OpenSSL writes [needs openssl]', () => {
  test.each([
    ['by default', ' -name hi'],
    ['AES-128', ' -name hi -keypbe AES-128-CBC -certpbe AES-128-CBC'],
    ['AES-192', ' -name hi -keypbe AES-192-CBC -certpbe AES-192-CBC'],
    ['a MAC with SHA-1', ' -name hi -macalg sha1'],
    ['a MAC with SHA-384', ' -name hi -macalg sha384'],
    ['a MAC with SHA-512', ' -name hi -macalg sha512'],
    ['a MAC with one iteration', ' -name hi -nomaciter'],
    ['certificates in the clear', ' -name hi -certpbe NONE'],
    ['nothing encrypted', ' -name hi -certpbe NONE -keypbe NONE'],
    ["the Microsoft CSP's name", ' -name hi -CSP x'],
    ['100,000 iterations', ' -name hi -iter 100000'],
    ['a MAC with SHA-224', ' -name hi -macalg sha224'],
    ['RC2-40 and 3DES, as before OpenSSL 3', ' -name hi -legacy'],
    ['PBES1 with 3DES', ' -name hi -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1'],
    ['PBES1 with two-key 3DES', ' -name hi -certpbe PBE-SHA1-2DES -keypbe PBE-SHA1-2DES'],
    ['PBES1 with RC2-40', ' -name hi -legacy -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-RC2-40'],
    ['PBES1 with RC2-128', ' -name hi -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-RC2-128'],
    ['PBES1 with MD5 and DES', ' -name hi -legacy -certpbe PBE-MD5-DES -keypbe PBE-MD5-DES'],
    ['PBES1 with SHA-1 and RC2', ' -name hi -legacy -certpbe PBE-SHA1-RC2-64 -keypbe PBE-SHA1-RC2-64'],
    ['PBES2 with 3DES', ' -name hi -certpbe DES-EDE3-CBC -keypbe DES-EDE3-CBC'],
    ['PBES2 with RC2', ' -name hi -legacy -certpbe RC2-CBC -keypbe RC2-CBC'],
    ['PBES2 with 64-bit RC2', ' -name hi -legacy -certpbe RC2-64-CBC -keypbe RC2-64-CBC'],
  ])('%s', async (_, options) => {
    const file = await exportedByOpenssl(options)
    expect(await factsOf(file)).toEqual(await factsWanted())
    expect(await rejectionCode(readPkcs12(file, 'another'))).toBe('WRONG_PASSWORD')
  })

  test('no friendly name', async () => {
    expect(await factsOf(await exportedByOpenssl(''))).toEqual(await factsWanted(null))
  })

  const secrets = ['', 'pässwörd', 'ένα-δύο', '😀', ' ', 'x'.repeat(100)]
  const protections = ['', ' -legacy', ' -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES']

  test.each(secrets.flatMap((secret) => protections.map((options) => ({ secret, options }))))(
    'the password $secret with the options "$options"',
    async ({ secret, options }) => {
      const file = await exportedByOpenssl(` -name hi${options}`, secret)
      expect(await factsOf(file, secret)).toEqual(await factsWanted())
      expect(await rejectionCode(readPkcs12(file, `${secret}x`))).toBe('WRONG_PASSWORD')
    },
  )

  // OpenSSL 3 is given what 1.0 made of "päss".
  const asOpenssl1 = 'pÃ¤ss'

  test.each([' -legacy', ' -certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES', ' -certpbe NONE -keypbe NONE'])(
    'a password of which OpenSSL 1.0 took the bytes for characters, with%s',
    async (options) => {
      const file = await exportedByOpenssl(` -name hi${options}`, asOpenssl1)
      expect(await factsOf(file, 'päss')).toEqual(await factsWanted())
      expect(await rejectionCode(readPkcs12(file, 'pässe'))).toBe('WRONG_PASSWORD')
    },
  )

  test('PBES2 takes the password in UTF-8 whatever the MAC took', async () => {
    // So this is no file of OpenSSL 1.0: under "päss" its MAC verifies, and its contents do not decrypt.
    expect(await rejectionCode(readPkcs12(await exportedByOpenssl('', asOpenssl1), 'päss'))).toBe(
      'INVALID_ENCODING',
    )
  })

  const prfs = ['SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA512-224', 'SHA512-256']

  test.each(prfs.map((hash) => `hmacWith${hash}`))('PBKDF2 with %s', async (prf) => {
    const { folder, key } = await pemFiles()
    const out = join(folder, 'key.der')
    const options = `-v2 aes-256-cbc -v2prf ${prf} -iter 3 -passout pass:${pfx.password}`
    run(`openssl pkcs8 -topk8 -in ${key} -outform DER -out ${out} ${options}`)
    // EncryptedPrivateKeyInfo, which a shrouded key bag holds as it is.
    const bag = pfx.bag(pfx.oids.shroudedKeyBag, decode(readFileSync(out)))
    const { keys } = await readPkcs12(pfx.sealed(pfx.plainSafe(bag)), pfx.password)
    expect(keys).toHaveLength(1)
  })

  test('a chain in any order: own certificate, issuer, root', async () => {
    const folder = scratchFolder()
    const files = makeChain(folder)
    const out = join(folder, 'out.p12')
    run(
      `openssl pkcs12 -export -inkey ${files.leafKey} -in ${files.leaf} -certfile ${files.others} -out ${out} -passout pass:${password}`,
    )
    const { keys, certificates } = await readPkcs12(readFileSync(out), password)
    const subjects = keys[0]?.certificates.map(({ subject }) => subject)
    expect(subjects).toEqual(['CN=leaf', 'CN=intermediate', 'CN=root'])
    expect(certificates.map(({ subject }) => subject)).toEqual([
      'CN=leaf',
      'CN=root',
      'CN=stranger',
      'CN=intermediate',
    ])
  })

  test.each([
    ['-macalg md5', 'MD5'],
    ['-macalg sm3', '1.2.156.10197.1.401'],
  ])('%s is refused, and the algorithm named', async (options, name) => {
    const file = await exportedByOpenssl(` ${options}`)
    await expect(readPkcs12(file, password)).rejects.toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM', message: expect.stringContaining(name) }),
    )
  })

  test.each([
    ['-legacy -certpbe PBE-SHA1-RC4-128', 'a safe with all that is in it', '128-bit RC4', 1, 0],
    ['-legacy -keypbe PBE-SHA1-RC4-40', 'a private key', '40-bit RC4', 0, 1],
    ['-certpbe CAMELLIA-256-CBC', 'a safe with all that is in it', '1.2.392.200011.61.1.1.1.4', 1, 0],
  ])('with %s, the rest is read and the algorithm named', async (options, what, name, keyCount, count) => {
    const { keys, certificates, skipped } = await readPkcs12(await exportedByOpenssl(` ${options}`), password)
    expect([keys.length, certificates.length]).toEqual([keyCount, count])
    expect(skipped).toEqual([
      { what: expect.stringContaining(what), reason: expect.stringContaining(name) as string },
    ])
  })

  test('no MAC is refused, and the message says how to add one; or it is asked for', async () => {
    const file = await exportedByOpenssl(' -nomac')
    await expect(readPkcs12(file, password)).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ENCODING',
        message: expect.stringContaining('openssl pkcs12 -export'),
      }),
    )
    const { keys, certificates, mac } = await readPkcs12(file, password, { acceptMissingMac: true })
    expect([keys.length, certificates.length, mac]).toEqual([1, 1, null])
    expect(await rejectionCode(readPkcs12(file, 'another', { acceptMissingMac: true }))).toBe(
      'WRONG_PASSWORD',
    )
  })
})

describe('files that others write', () => {
  test.skipIf(lacks('keytool'))('keytool [needs keytool]', async () => {
    const path = join(scratchFolder(), 'keytool.p12')
    run(
      `keytool -genkeypair -keyalg EC -alias hi -dname CN=keytool -storetype PKCS12 -keystore ${path} -storepass ${password}`,
    )
    const { keys } = await readPkcs12(readFileSync(path), password)
    expect(keys.map((key) => key.friendlyName)).toEqual(['hi'])
    expect(keys[0]?.certificates.map(({ subject }) => subject)).toEqual(['CN=keytool'])
  })

  test.skipIf(lacks('certtool')).each([password, 'ένα-δύο'])(
    'certtool with %j [needs certtool]',
    async (secret) => {
      const { folder, key, certificate } = await pemFiles()
      const out = join(folder, 'certtool.p12')
      run(
        `certtool --to-p12 --load-privkey ${key} --load-certificate ${certificate} --p12-name hi --password ${secret} --pkcs-cipher aes-256 --outder --outfile ${out}`,
      )
      expect(await factsOf(readFileSync(out), secret)).toEqual(await factsWanted())
    },
  )

  test.skipIf(lacks('pk12util', 'certutil')).each(['', ' -c AES-256-CBC -C AES-256-CBC -M SHA-512'])(
    'pk12util%s [needs pk12util]',
    async (options) => {
      const { privateKey, certificate } = await identity('ec-p256')
      const folder = scratchFolder()
      const [path, out] = [join(folder, 'in.p12'), join(folder, 'out.p12')]
      const contents = { privateKey, certificates: [certificate], friendlyName: 'hi' }
      writeFileSync(path, await writePkcs12(contents, password, { iterations: 1 }))
      run(`certutil -N -d ${folder} --empty-password`)
      run(`pk12util -i ${path} -d ${folder} -W ${password}`)
      run(`pk12util -o ${out} -n hi -d ${folder} -W ${password}${options}`)
      expect(await factsOf(readFileSync(out))).toEqual(await factsWanted())
    },
  )
})

describe('encodings', () => {
  test.each([1, 7, 1000])('BER with indefinite lengths and segments of %d bytes', async (segment) => {
    const file = encodeIndefinite(decode(await written()), segment)
    await expect(
      readPkcs12(file, password, { limits: { elements: 100_000 } }).then(({ keys }) => keys.length),
    ).resolves.toBe(1)
  })

  test('every shorter file is torn', async () => {
    const file = await written()
    const codes = new Set<string>()
    for (let length = 0; length < file.length; length += 1) {
      codes.add(await rejectionCode(readPkcs12(file.subarray(0, length), password)))
    }
    expect([...codes]).toEqual(['INVALID_ENCODING'])
  })

  test('what is not PKCS#12 is named, with the command that converts it', async () => {
    const { certificate, privateKey } = await identity('ec-p256')
    const pem = Buffer.from(`\ufeff\n${certificate.toString()}`)
    const jks = Buffer.from('feedfeed00000002', 'hex')
    const pkcs8 = privateKey.export({ format: 'der', type: 'sec1' })
    for (const [file, message] of [
      [pem, /is PEM, not PKCS#12.*openssl pkcs12 -export/],
      [jks, /Java keystore \(JKS\).*keytool -importkeystore/],
      [certificate.raw, /is DER, but not PKCS#12.*openssl pkcs12 -export/],
      [pkcs8, /is DER, but not PKCS#12/],
      [Buffer.from('hello'), /is not PKCS#12/],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(readPkcs12(file, password)).rejects.toThrow(
        expect.objectContaining({ code: 'INVALID_ENCODING', message: expect.stringMatching(message) }),
      )
    }
  })

  test('zeros and white space after the end are passed over, other bytes refused', async () => {
    const file = await written()
    const padded = [...file, 0, 0x0d, 0x0a, 0x20, 0x1a, 0]
    await expect(readPkcs12(Uint8Array.from(padded), password)).resolves.toMatchObject({
      keys: { length: 1 },
    })
    for (const octet of [1, 0x21, 0x30]) {
      expect(await rejectionCode(readPkcs12(Uint8Array.from([...padded, octet]), password))).toBe(
        'INVALID_ENCODING',
      )
    }
  })

  test('the file may be changed once the call has returned', async () => {
    const file = await written()
    const reading = readPkcs12(file, password)
    file.fill(0)
    expect((await reading).keys).toHaveLength(1)
  })
})

describe('contents', () => {
  test('a key without a certificate, and certificates without a key', async () => {
    const [own, other] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const file = pfx.sealed(
      pfx.plainSafe(pfx.keyBag(own.privateKey.export({ format: 'der', type: 'pkcs8' }))),
      pfx.plainSafe(pfx.certificateBag(other.certificate.raw)),
    )
    const { keys, certificates } = await readPkcs12(file, pfx.password)
    expect(keys.map((key) => [key.friendlyName, key.certificates.length])).toEqual([[null, 0]])
    expect(certificates.map(({ raw }) => raw)).toEqual([other.certificate.raw])
  })

  test('several keys, each with its certificate, whatever their localKeyIDs say', async () => {
    const [one, two] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const file = pfx.sealed(
      pfx.plainSafe(
        pfx.certificateBag(two.certificate.raw, pfx.localKeyId(1)),
        pfx.certificateBag(one.certificate.raw, pfx.localKeyId(2), pfx.friendlyName('one')),
        pfx.keyBag(one.privateKey.export({ format: 'der', type: 'pkcs8' }), pfx.localKeyId(1)),
        pfx.keyBag(
          two.privateKey.export({ format: 'der', type: 'pkcs8' }),
          pfx.localKeyId(2),
          pfx.friendlyName('two'),
        ),
      ),
    )
    const { keys } = await readPkcs12(file, pfx.password)
    expect(keys.map((key) => key.friendlyName)).toEqual(['one', 'two'])
    expect(keys.map((key) => key.certificates.map(({ raw }) => raw))).toEqual([
      [one.certificate.raw],
      [two.certificate.raw],
    ])
  })

  test.each([
    ['plain', pfx.plainSafe],
    ['encrypted', pfx.soundEncryptedSafe],
  ])('of two certificates for one key in a %s safe, that with its localKeyID', async (_, safe) => {
    const { privateKey, certificate } = await identity('ec-p256')
    const renewed = await createSelfSignedCertificate(createLocalSigner(privateKey), {
      subject: 'CN=renewed',
    })
    const file = pfx.sealed(
      safe(
        pfx.certificateBag(certificate.raw, pfx.localKeyId(2)),
        pfx.certificateBag(renewed.raw, pfx.localKeyId(1)),
      ),
      safe(pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }), pfx.localKeyId(1))),
    )
    const { keys } = await readPkcs12(file, pfx.password)
    expect(keys[0]?.certificates.map(({ subject }) => subject)).toEqual(['CN=renewed'])
  })

  test('keys and certificates of different types disturb nobody who reads a key afterwards', async () => {
    const [ec, rsa] = await Promise.all([identity('ec-p256'), identity('rsa-2048')])
    const pkcs8: Buffer = ec.privateKey.export({ format: 'der', type: 'pkcs8' })
    const readKey = (): KeyObject => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    const file = pfx.sealed(pfx.plainSafe(pfx.keyBag(pkcs8), pfx.certificateBag(rsa.certificate.raw)))
    await expect(readPkcs12(file, pfx.password)).resolves.toMatchObject({ keys: [{ certificates: [] }] })
    expect(readKey).not.toThrow()
    const entry = (from: typeof ec, friendlyName: string): Pkcs12Entry => ({
      privateKey: from.privateKey,
      certificates: [from.certificate],
      friendlyName,
    })
    await writePkcs12([entry(ec, 'ec'), entry(rsa, 'rsa')], password, { iterations: 1 })
    expect(readKey).not.toThrow()
    // As anybody in the process may do: Node takes what OpenSSL says of it for an error of the next key.
    ec.privateKey.equals(rsa.privateKey)
    await expect(readPkcs12(file, pfx.password)).resolves.toMatchObject({ keys: { length: 1 } })
  })

  test('BER of indefinite length in every layer', async () => {
    const { privateKey, certificate } = await identity('rsa-2048')
    const bags = sequence(
      pfx.certificateBag(certificate.raw, pfx.friendlyName('hi')),
      pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }), pfx.friendlyName('hi')),
    )
    const safe = pfx.contentInfo(pfx.oids.data, octets(encodeIndefinite(bags, 7)))
    const file = encodeIndefinite(decode(pfx.sealedBytes(encodeIndefinite(sequence(safe), 7))), 7)
    const { keys } = await readPkcs12(file, pfx.password)
    expect(keys.map((key) => [key.friendlyName, key.certificates.length])).toEqual([['hi', 1]])
  })

  test('safes in safes are opened; CRLs, secrets, unknown bags and other certificates passed over', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const safeContents = sequence(
      pfx.certificateBag(certificate.raw),
      pfx.bag(pfx.oids.crlBag, octets([1])),
      pfx.bag(pfx.oids.secretBag, octets([1])),
      pfx.bag('1.2.3', octets([1])),
      pfx.bag(pfx.oids.certificateBag, sequence(oid(pfx.oids.sdsiCertificate), explicit0(octets([1])))),
    )
    const file = pfx.sealed(
      pfx.plainSafe(
        pfx.bag(pfx.oids.safeContentsBag, sequence(pfx.bag(pfx.oids.safeContentsBag, safeContents))),
        pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' })),
      ),
    )
    const { keys, certificates } = await readPkcs12(file, pfx.password)
    expect(keys.map((key) => key.certificates.length)).toEqual([1])
    expect(certificates).toHaveLength(1)
  })

  test('a file whose MAC was made with no password at all opens with the empty one', async () => {
    const { certificate } = await identity('ec-p256')
    const safe = encode(sequence(pfx.plainSafe(pfx.certificateBag(certificate.raw))))
    const file = pfx.sealedBytes(safe, { secret: new Uint8Array() })
    expect((await readPkcs12(file, '')).certificates).toHaveLength(1)
    expect(await rejectionCode(readPkcs12(file, ' '))).toBe('WRONG_PASSWORD')
  })
})

describe.each([
  { provider: "Node's WebCrypto", crypto: webcrypto },
  { provider: '@peculiar/webcrypto', crypto: new PeculiarCrypto() },
])('with $provider', ({ crypto }) => {
  test.skipIf(noOpenssl)('a file of OpenSSL is read [needs openssl]', async () => {
    const { keys } = await readPkcs12(await exportedByOpenssl(' -name hi'), password, { crypto })
    expect(keys).toHaveLength(1)
  })
})

describe('published files', () => {
  const folder = new URL('../../../../../shared/vectors/pkcs12/', import.meta.url)
  const absent = !existsSync(folder)

  interface Row {
    readonly file: string
    readonly password: string
    readonly expect: 'ok' | 'reject'
    readonly keys?: number
    readonly certificates?: number
    readonly why: string
  }
  const rows: readonly Row[] = absent
    ? []
    : (JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as readonly Row[])
  const read = (row: Row, secret = row.password): Promise<Pkcs12Contents> =>
    readPkcs12(readFileSync(new URL(row.file, folder)), secret)

  test.skipIf(absent)('are there to be read [needs test data from elsewhere: ../shared/vectors]', () => {
    expect(rows.length).toBeGreaterThanOrEqual(13)
  })

  test.each(rows.filter((row) => row.expect === 'ok'))(
    '$file is read: $why [needs test data from elsewhere: ../shared/vectors]',
    async (row) => {
      const { keys, certificates } = await read(row)
      expect([keys.length, certificates.length]).toEqual([row.keys, row.certificates])
      expect(await rejectionCode(read(row, 'x'))).toBe('WRONG_PASSWORD')
    },
  )

  test.each(rows.filter((row) => row.expect === 'reject'))(
    '$file is refused: $why [needs test data from elsewhere: ../shared/vectors]',
    async (row) => {
      expect(['WRONG_PASSWORD', 'INVALID_ENCODING']).toContain(await rejectionCode(read(row)))
    },
  )
})

test.each<[Pkcs12Profile, string, string, boolean]>([
  ['modern', 'HMAC-SHA-256', 'PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC', false],
  [
    'pbmac1',
    'PBMAC1 with PBKDF2-HMAC-SHA-256 and HMAC-SHA-256',
    'PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC',
    false,
  ],
  ['compatible', 'HMAC-SHA-1', 'PBES1 with SHA-1 and 3DES', true],
])('how a %s file is protected is said', async (profile, mac, encryption, weak) => {
  const { privateKey, certificate } = await identity('ec-p256')
  const contents = { privateKey, certificates: [certificate], friendlyName: 'hi' }
  const read = await readPkcs12(await writePkcs12(contents, password, { profile, iterations: 7 }), password)
  expect(read.mac).toEqual({ algorithm: mac, iterations: 7, weak })
  const protection = { algorithm: encryption, iterations: 7, weak }
  expect(read.encryptions).toEqual([protection, protection])
})

describe('a signal', () => {
  test('stops before anything is read', async () => {
    const reason = new Error('enough')
    const reading = readPkcs12(new Uint8Array(), password, { signal: AbortSignal.abort(reason) })
    await expect(reading).rejects.toBe(reason)
  })

  test.each<Pkcs12Profile>(['modern', 'compatible', 'pbmac1'])('stops a %s file', async (profile) => {
    const { privateKey, certificate } = await identity('ec-p256')
    const contents = { privateKey, certificates: [certificate], friendlyName: 'hi' }
    const file = await writePkcs12(contents, password, { profile, iterations: 20_000 })
    const controller = new AbortController()
    const reading = readPkcs12(file, password, { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
  })
})

/** Root, intermediate, leaf and a stranger; `others` holds all but the leaf, the root first. */
function makeChain(folder: string): { leafKey: string; leaf: string; others: string } {
  const path = (name: string): string => join(folder, name)
  const certificate = (name: string, issuer: string | null): void => {
    const ca = issuer === null ? '' : ` -CA ${path(`${issuer}.pem`)} -CAkey ${path(`${issuer}.key`)}`
    const usage = name === 'leaf' ? 'digitalSignature' : 'keyCertSign'
    run(
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name} -keyout ${path(`${name}.key`)} -out ${path(`${name}.pem`)} -addext keyUsage=${usage}${ca}`,
    )
  }
  certificate('root', null)
  certificate('stranger', null)
  certificate('intermediate', 'root')
  certificate('leaf', 'intermediate')
  const others = path('others.pem')
  writeFileSync(
    others,
    ['root', 'stranger', 'intermediate'].map((name) => readFileSync(path(`${name}.pem`), 'utf8')).join(''),
  )
  return { leafKey: path('leaf.key'), leaf: path('leaf.pem'), others }
}

async function written(): Promise<Uint8Array> {
  const { privateKey, certificate } = await identity('ec-p256')
  return writePkcs12({ privateKey, certificates: [certificate], friendlyName: 'hi' }, password, {
    iterations: 1,
  })
}
