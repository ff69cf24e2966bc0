import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type KeyTypeName } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  encodePem,
  readKeyFile,
  writePkcs12,
  type KeyFile,
} from '../../src/index.ts'
import { issueTo, identity, rejectionCode } from '../support/certificates.ts'

const password = 'correct-horse'

/** Our key as OpenSSL writes it. */
async function writtenByOpenssl(type: KeyTypeName, command: string): Promise<Uint8Array> {
  const { privateKey } = await identity(type)
  const folder = scratchFolder()
  const [key, out] = [join(folder, 'key.pem'), join(folder, 'out')]
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  run(`openssl ${command} -in ${key} -out ${out}`)
  return readFileSync(out)
}

function encryptedPem(): Promise<string> {
  return writtenByOpenssl('ec-p256', `ec -aes256 -passout pass:${password}`).then(String)
}

async function expectKey(file: KeyFile, type: KeyTypeName): Promise<void> {
  const { privateKey } = await identity(type)
  expect(file.keys.map((key) => key.privateKey.equals(privateKey))).toEqual([true])
}

describe.skipIf(lacks('openssl'))('keys that OpenSSL writes [needs openssl]', () => {
  test.each<[string, KeyTypeName, string]>([
    ['PKCS#8', 'ec-p256', 'pkcs8 -topk8 -nocrypt -outform DER'],
    ['PKCS#8', 'ed25519', 'pkcs8 -topk8 -nocrypt -outform PEM'],
    ['PKCS#8', 'rsa-2048', 'pkcs8 -topk8 -nocrypt'],
    ['SEC1', 'ec-p256', 'ec -outform DER'],
    ['SEC1', 'ec-secp256k1', 'ec'],
    ['PKCS#1', 'rsa-2048', 'rsa -traditional -outform DER'],
    ['PKCS#1', 'rsa-2048', 'rsa -traditional'],
    ['PVK', 'rsa-2048', 'rsa -outform PVK -pvk-none'],
  ])('%s: %s, %s', async (format, type, command) => {
    const file = await readKeyFile(await writtenByOpenssl(type, command), '')
    expect(file.format).toBe(format)
    expect(file.encryptions).toEqual([])
    await expectKey(file, type)
  })

  const legacy = '-provider legacy -provider default'
  test.each<[string, KeyTypeName, string, boolean]>([
    ['encrypted PKCS#8', 'ec-p256', 'pkcs8 -topk8 -outform DER', false],
    ['encrypted PKCS#8', 'rsa-2048', 'pkcs8 -topk8 -v2 aes-128-cbc -v2prf hmacWithSHA512', false],
    ['encrypted PKCS#8', 'rsa-2048', 'pkcs8 -topk8 -v2 des3', true],
    ['encrypted PKCS#8', 'rsa-2048', 'pkcs8 -topk8 -v1 PBE-SHA1-3DES', true],
    ['encrypted PKCS#8', 'rsa-2048', `pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 ${legacy}`, true],
    ['encrypted PKCS#8', 'rsa-2048', `pkcs8 -topk8 -v1 PBE-MD5-DES ${legacy}`, true],
    ['encrypted PKCS#8', 'rsa-2048', `pkcs8 -topk8 -v1 PBE-MD5-RC2-64 -iter 1 ${legacy}`, true],
    ['encrypted PKCS#8', 'ec-p256', `pkcs8 -topk8 -v1 PBE-SHA1-DES ${legacy}`, true],
    ['encrypted PKCS#8', 'ec-p256', `pkcs8 -topk8 -v1 PBE-SHA1-RC2-64 -iter 10000 ${legacy}`, true],
    ['encrypted PKCS#8', 'ec-p256', 'pkcs8 -topk8 -scrypt', false],
    ['encrypted PKCS#8', 'ed25519', 'pkcs8 -topk8 -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 16', false],
    ['PKCS#1', 'rsa-2048', 'rsa -traditional -aes128', true],
    ['PKCS#1', 'rsa-2048', 'rsa -traditional -aes192', true],
    ['PKCS#1', 'rsa-2048', 'rsa -traditional -aes256', true],
    ['PKCS#1', 'rsa-2048', 'rsa -traditional -des3', true],
    ['PKCS#1', 'rsa-2048', `rsa -traditional -des ${legacy}`, true],
    ['SEC1', 'ec-p256', 'ec -aes128', true],
    ['SEC1', 'ec-p384', 'ec -aes192', true],
    ['SEC1', 'ec-p521', 'ec -aes256', true],
    ['SEC1', 'ec-secp256k1', 'ec -des3', true],
    ['SEC1', 'ec-p256', `ec -des ${legacy}`, true],
    ['PVK', 'rsa-2048', `rsa -outform PVK -pvk-strong ${legacy}`, true],
    ['PVK', 'rsa-2048', `rsa -outform PVK -pvk-weak ${legacy}`, true],
  ])('%s: %s, %s', async (format, type, command, weak) => {
    const bytes = await writtenByOpenssl(type, `${command} -passout pass:${password}`)
    const file = await readKeyFile(bytes, password)
    expect(file.format).toBe(format)
    expect(file.encryptions.map((each) => each.weak)).toEqual([weak])
    await expectKey(file, type)
    expect(await rejectionCode(readKeyFile(bytes, 'another'))).toBe('WRONG_PASSWORD')
    expect(await rejectionCode(readKeyFile(bytes, ''))).toBe('WRONG_PASSWORD')
  })

  test.each(['-pubout', '-RSAPublicKey_out'])('a public key, %s', async (option) => {
    const file = await readKeyFile(await writtenByOpenssl('rsa-2048', `rsa ${option}`), '')
    const { privateKey } = await identity('rsa-2048')
    expect(file.format).toBe('public key')
    expect(file.publicKeys.map((key) => key.equals(createPublicKey(privateKey)))).toEqual([true])
  })

  test('a PKCS#7 chain, in PEM and in DER', async () => {
    const [one, two] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const folder = scratchFolder()
    const [input, out] = [join(folder, 'in.pem'), join(folder, 'out.p7b')]
    writeFileSync(input, one.certificate.toString() + two.certificate.toString())
    for (const form of ['PEM', 'DER']) {
      run(`openssl crl2pkcs7 -nocrl -certfile ${input} -outform ${form} -out ${out}`)
      const file = await readKeyFile(readFileSync(out), '')
      expect(file.format).toBe('PKCS#7')
      expect(file.certificates.map(({ raw }) => raw)).toEqual([one.certificate.raw, two.certificate.raw])
    }
  })
})

describe.skipIf(lacks('openssl'))('the encrypted PEM of RFC 1421 [needs openssl]', () => {
  test('says how it is encrypted, and that this is weak', async () => {
    const { format, keys, encryptions, mac } = await readKeyFile(Buffer.from(await encryptedPem()), password)
    expect({ format, keys: keys.length, mac }).toEqual({ format: 'SEC1', keys: 1, mac: null })
    expect(encryptions).toEqual([
      { algorithm: 'PEM encryption with MD5 and AES-256-CBC', iterations: 1, weak: true },
    ])
  })

  test('in a bundle with its certificate, with CRLF and text around', async () => {
    const { certificate } = await identity('ec-p256')
    const bundle = `Bag Attributes\n${await encryptedPem()}subject=CN = a\n${certificate.toString()}`
    const file = await readKeyFile(Buffer.from(`\ufeff${bundle.replaceAll('\n', '\r\n')}`), password)
    expect(file.keys[0]?.certificates.map(({ raw }) => raw)).toEqual([certificate.raw])
  })

  test.each<[string, string, (pem: string) => string]>([
    [
      'ciphers nobody reads',
      'UNSUPPORTED_ALGORITHM',
      (pem) => pem.replace('AES-256-CBC', 'CAMELLIA-256-CBC'),
    ],
    [
      'a name from Object.prototype',
      'UNSUPPORTED_ALGORITHM',
      (pem) => pem.replace('AES-256-CBC', 'constructor'),
    ],
    ['another mode of protection', 'INVALID_ENCODING', (pem) => pem.replace('ENCRYPTED', 'MIC-ONLY')],
    ['no DEK-Info', 'INVALID_ENCODING', (pem) => pem.replace(/DEK-Info.*\n/, '')],
    ['a third header', 'INVALID_ENCODING', (pem) => pem.replace('\n\n', '\nX: y\n\n')],
    ['no blank line', 'INVALID_ENCODING', (pem) => pem.replace('\n\n', '\n')],
    ['a short vector', 'INVALID_ENCODING', (pem) => pem.replace(/,([0-9A-F]{30})[0-9A-F]{2}/, ',$1')],
    ['half a byte in the vector', 'INVALID_ENCODING', (pem) => pem.replace(/,([0-9A-F]{31})[0-9A-F]/, ',$1')],
    ['the vector of another cipher', 'INVALID_ENCODING', (pem) => pem.replace('AES-256-CBC', 'DES-EDE3-CBC')],
    ['another key length', 'WRONG_PASSWORD', (pem) => pem.replace('AES-256-CBC', 'AES-128-CBC')],
    [
      'half a block of ciphertext',
      'INVALID_ENCODING',
      (pem) => pem.replace(/\n\n[^-]+/, '\n\nAAAAAAAAAAA=\n'),
    ],
  ])('%s: %s', async (_, code, change) => {
    const pem = change(await encryptedPem())
    expect(await rejectionCode(readKeyFile(Buffer.from(pem), password))).toBe(code)
  })

  test('an encrypted DSA key is refused by name', async () => {
    const folder = scratchFolder()
    const [parameters, key] = [join(folder, 'parameters.pem'), join(folder, 'key.pem')]
    const { privateKey } = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 })
    writeFileSync(parameters, privateKey.export({ format: 'pem', type: 'pkcs8' }))
    for (const options of ['', ` -aes128 -passout pass:${password}`]) {
      run(`openssl dsa -in ${parameters} -out ${key}${options}`)
      // oxlint-disable-next-line no-await-in-loop
      await expect(readKeyFile(readFileSync(key), password)).rejects.toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_KEY', message: expect.stringContaining('DSA') }),
      )
    }
  })
})

describe('texts', () => {
  test('a PFX in base64, as settings and secrets carry it', async () => {
    const { certificate } = await identity('ec-p256')
    const pfx = Buffer.from(await writePkcs12({ certificates: [certificate] }, password, { iterations: 1 }))
    const base64 = pfx.toString('base64')
    for (const text of [base64, `${base64}\n`, `\ufeff ${base64.replaceAll(/.{76}/g, '$&\r\n')}\r\n`]) {
      // oxlint-disable-next-line no-await-in-loop
      const file = await readKeyFile(Buffer.from(text), password)
      expect(file.format).toBe('PKCS#12')
      expect(file.certificates.map(({ raw }) => raw)).toEqual([certificate.raw])
    }
    expect(await rejectionCode(readKeyFile(Buffer.from(`${base64}!`), password))).toBe('INVALID_ENCODING')
  })

  test('PEM and JWK in UTF-16 and with byte order marks, as PowerShell writes them', async () => {
    const { privateKey } = await identity('ec-p256')
    const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const jwk = JSON.stringify(privateKey.export({ format: 'jwk' }))
    for (const text of [pem, pem.replaceAll('\n', '\r\n'), jwk]) {
      for (const encoding of ['utf8', 'utf16le'] as const) {
        // oxlint-disable-next-line no-await-in-loop
        const file = await readKeyFile(Buffer.from(`\ufeff${text}`, encoding), '')
        expect(file.keys).toHaveLength(1)
      }
    }
  })

  test('groups for Diffie-Hellman in the bundle of a server are passed over', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const key = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const group = encodePem('DH PARAMETERS', Uint8Array.of(0x30, 6, 2, 1, 23, 2, 1, 5))
    const file = await readKeyFile(Buffer.from(certificate.toString() + key + group), '')
    expect([file.keys.length, file.certificates.length]).toEqual([1, 1])
  })
})

/** A file that begins so. */
function start(bytes: Uint8Array | string): Uint8Array {
  return Buffer.concat([Buffer.from(bytes), randomBytes(50)])
}

describe('formats that are not read say what makes one of them that is', () => {
  test.each([
    ['a Java keystore', start(Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2)), 'keytool -importkeystore'],
    ['an old Java keystore', start(Uint8Array.of(0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2)), 'JCEKS'],
    [
      'OpenSSH',
      Buffer.from(`\ufeff${encodePem('OPENSSH PRIVATE KEY', Buffer.from('openssh-key-v1\0'))}`),
      'ssh-keygen -p -m PEM',
    ],
    ['PuTTY', start('PuTTY-User-Key-File-3: ssh-rsa\r\n'), 'puttygen'],
  ])('%s', async (_, file, hint) => {
    await expect(readKeyFile(file, '')).rejects.toThrow(
      expect.objectContaining({ code: 'INVALID_ENCODING', message: expect.stringContaining(hint) }),
    )
  })
})

test('all that one file holds shares its limits', async () => {
  const { certificate } = await identity('ec-p256')
  const contents = { certificates: [certificate] }
  const file = await writePkcs12(contents, password, { profile: 'pbmac1', iterations: 400 })
  const two = Buffer.from(encodePem('PKCS12', file).repeat(2))
  const read = (iterations: number): Promise<KeyFile> =>
    readKeyFile(two, password, { limits: { iterations } })
  await expect(read(1600)).resolves.toMatchObject({ format: 'PEM', certificates: { length: 2 } })
  expect(await rejectionCode(read(1599))).toBe('LIMIT_EXCEEDED')
})

describe('JWK', () => {
  test.each<KeyTypeName>(['rsa-2048', 'ec-p256', 'ec-secp256k1', 'ed25519'])(
    '%s, private and public',
    async (type) => {
      const { privateKey, certificate } = await identity(type)
      const x5c = [certificate.raw.toString('base64')]
      const jwk = { ...privateKey.export({ format: 'jwk' }), x5c, kid: 'a' }
      const file = await readKeyFile(Buffer.from(JSON.stringify(jwk)), '')
      expect(file.format).toBe('JWK')
      await expectKey(file, type)
      expect(file.keys[0]?.certificates.map(({ raw }) => raw)).toEqual([certificate.raw])

      const keys = [createPublicKey(privateKey).export({ format: 'jwk' })]
      const set = await readKeyFile(Buffer.from(JSON.stringify({ keys }, null, 2)), '')
      expect(set.format).toBe('JWK Set')
      expect(set.keys).toEqual([])
      expect(set.publicKeys).toHaveLength(1)
    },
  )

  test.each([
    ['{', 'INVALID_ENCODING'],
    ['[]', 'INVALID_ENCODING'],
    ['{}', 'INVALID_ENCODING'],
    ['{"keys":[1]}', 'INVALID_ENCODING'],
    ['{"kty":"oct","k":"AAAA"}', 'UNSUPPORTED_KEY'],
    ['{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}', 'INVALID_ENCODING'],
    ['{"kty":"RSA","n":{"a":1},"e":"AQAB"}', 'INVALID_ENCODING'],
    [JSON.stringify(generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })), 'UNSUPPORTED_KEY'],
    [`{"a":"${'x'.repeat(2 ** 18)}"}`, 'LIMIT_EXCEEDED'],
    [JSON.stringify({ keys: Array.from({ length: 1001 }, () => 1) }), 'LIMIT_EXCEEDED'],
  ])('%s is refused', async (text, code) => {
    expect(await rejectionCode(readKeyFile(Buffer.from(text), ''))).toBe(code)
  })
})

test('a JWK whose private number is not that of its public key is refused', async () => {
  const [one, two] = ['P-256', 'P-256'].map((namedCurve) =>
    generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }),
  )
  expect(await rejectionCode(readKeyFile(Buffer.from(JSON.stringify({ ...one, d: two?.d })), ''))).toBe(
    'INVALID_ENCODING',
  )
})

describe('an RSA JWK with one number of another key is refused', () => {
  // Node 20 takes and uses all of these but the first. Node 26 refuses p and q too.
  test.each(['n', 'd', 'p', 'q', 'dp', 'dq', 'qi'])('%s', async (name) => {
    const [one, two] = [1024, 1024].map((modulusLength): Record<string, unknown> => ({
      ...generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }),
    }))
    await expect(readKeyFile(Buffer.from(JSON.stringify(one)), '')).resolves.toMatchObject({
      keys: { length: 1 },
    })
    const file = Buffer.from(JSON.stringify({ ...one, [name]: two?.[name] }))
    await expect(readKeyFile(file, '')).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ENCODING',
        message: expect.stringMatching(
          / belong |no key of a kind OpenSSL knows|not a valid RSA, EC, OKP or AKP key/,
        ),
      }),
    )
  })
})

test('an RSA key with an empty INTEGER for its modulus is refused', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const der = privateKey.export({ format: 'der', type: 'pkcs1' })
  // After the header of the SEQUENCE and the version, the modulus: 02 81 81 00 and 128 octets.
  const empty = Buffer.concat([
    der.subarray(0, 4),
    der.subarray(4, 7),
    Buffer.of(2, 0),
    der.subarray(7 + 132),
  ])
  empty.writeUInt16BE(empty.length - 4, 2)
  await expect(readKeyFile(empty, '')).rejects.toThrow(
    // Newer versions of OpenSSL refuse it themselves.
    expect.objectContaining({
      name: 'SealwrightError',
      code: expect.stringMatching(/^(?:UNSUPPORTED_KEY|INVALID_ENCODING)$/) as string,
    }),
  )
})

test('an RSA JWK with primes longer than its modulus is refused', async () => {
  const { privateKey } = await identity('rsa-2048')
  const p = Buffer.alloc(3000, 0x7f).toString('base64url')
  const jwk = { ...privateKey.export({ format: 'jwk' }), p, q: p, dp: p, dq: p, qi: p }
  await expect(readKeyFile(Buffer.from(JSON.stringify(jwk)), '')).rejects.toThrow(
    // The OpenSSL of Node 22 and newer finds it first.
    / belong |longer than its modulus|not a valid RSA, EC, OKP or AKP key/,
  )
})

test.skipIf(lacks('openssl'))('an RSA key of three primes is refused [needs openssl]', async () => {
  const pem = run('openssl genrsa -primes 3 2048')
  expect(await rejectionCode(readKeyFile(Buffer.from(pem), ''))).toBe('UNSUPPORTED_KEY')
})

describe('documents', () => {
  test('each is told from the others, in DER and in PEM', async () => {
    const { privateKey } = await identity('ec-p256')
    const signer = createLocalSigner(privateKey)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const spki: Buffer = signer.publicKey.export({ format: 'der', type: 'spki' })
    const issuer = { signer, certificate }
    const documents: readonly [KeyFile['format'], string, Uint8Array][] = [
      ['certificate', 'CERTIFICATE', certificate.raw],
      [
        'certificate request',
        'CERTIFICATE REQUEST',
        await createCertificateRequest(signer, { subject: 'CN=a' }),
      ],
      ['CRL', 'X509 CRL', await createRevocationList(issuer, { number: 1, revoked: [] })],
      ['public key', 'PUBLIC KEY', spki],
      ['PKCS#12', 'PKCS12', await writePkcs12({ certificates: [certificate] }, '', { iterations: 1 })],
    ]
    for (const [format, label, der] of documents) {
      // oxlint-disable-next-line no-await-in-loop
      const files = await Promise.all([
        readKeyFile(der, ''),
        readKeyFile(Buffer.from(encodePem(label, der)), ''),
      ])
      expect(files.map((file) => file.format)).toEqual([format, format])
      const [file] = files
      const { certificates, requests, revocationLists, publicKeys } = file
      expect(certificates.length + requests.length + revocationLists.length + publicKeys.length).toBe(1)
    }
  })

  test('a bundle of a key, its certificate and its issuers, in any order', async () => {
    const [ca, own] = await Promise.all([identity('ec-p384'), identity('ec-p256')])
    const signer = createLocalSigner(ca.privateKey)
    const root = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const publicKey: KeyObject = createPublicKey(own.privateKey)
    const leaf = await issueTo({ signer, certificate: root }, publicKey, { subject: 'CN=leaf' })
    const key = String(own.privateKey.export({ format: 'pem', type: 'pkcs8' }))
    const file = await readKeyFile(
      Buffer.from(`# my files\n${root.toString()}${key}\r\nsubject=…\n${leaf.toString()}`),
      '',
    )
    expect(file.format).toBe('PEM')
    expect(file.keys[0]?.certificates.map(({ subject }) => subject)).toEqual(['CN=leaf', 'CN=Root'])
    expect(file.certificates).toHaveLength(2)
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['a blank line', Buffer.from('\r\n')],
    ['text', Buffer.from('hello')],
    ['bytes', randomBytes(100).fill(0xff, 0, 1)],
    ['an empty sequence', Uint8Array.of(0x30, 0)],
    [
      'a block that holds something else',
      Buffer.from(encodePem('CERTIFICATE', Uint8Array.of(0x30, 3, 2, 1, 0))),
    ],
  ])('%s is refused', async (_, bytes) => {
    expect(await rejectionCode(readKeyFile(bytes, ''))).toBe('INVALID_ENCODING')
  })

  test('of a label that says something else than the block, the right one is named', async () => {
    const { certificate } = await identity('ec-p256')
    const { format, remarks } = await readKeyFile(Buffer.from(encodePem('PRIVATE KEY', certificate.raw)), '')
    expect({ format, remarks }).toEqual({
      format: 'certificate',
      remarks: ['the PEM block PRIVATE KEY holds a certificate; other readers want the label CERTIFICATE'],
    })
  })

  test('more than 1 MiB, or more than 1,000 blocks, are refused; the limits are named and can be raised', async () => {
    await expect(readKeyFile(new Uint8Array(2 ** 20 + 1), '')).rejects.toThrow(
      'the file has 1048577 bytes; at most 1048576 are allowed; limits.bytes raises the limit',
    )
    const { certificate } = await identity('ec-p256')
    const bundle = Buffer.from(certificate.toString().repeat(1001))
    await expect(readKeyFile(bundle, '')).rejects.toThrow(
      /more than 1000 blocks or keys; at most 1000 are allowed; limits\.blocks raises the limit/,
    )
    const { certificates } = await readKeyFile(bundle, '', { limits: { blocks: 1001 } })
    expect(certificates).toHaveLength(1001)
  })
})
