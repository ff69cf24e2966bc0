import { createPublicKey, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type KeyTypeName } from '@sealwright/core'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createCertificate,
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  encodePem,
  readKeyFile,
  writePkcs12,
  type KeyFile,
} from '../../src/index.ts'
import { identity, rejectionCode } from '../support/certificates.ts'
import { lacks, runWell, scratchFolder } from '../support/tools.ts'

const password = 'correct-horse'

/** Our key as OpenSSL writes it. */
async function writtenByOpenssl(type: KeyTypeName, command: string): Promise<Uint8Array> {
  const { privateKey } = await identity(type)
  const folder = scratchFolder()
  const [key, out] = [join(folder, 'key.pem'), join(folder, 'out')]
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  runWell(`openssl ${command} -in ${key} -out ${out}`)
  return readFileSync(out)
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

  test('a PKCS#7 chain, in PEM and in DER', async () => {
    const [one, two] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const folder = scratchFolder()
    const [input, out] = [join(folder, 'in.pem'), join(folder, 'out.p7b')]
    writeFileSync(input, one.certificate.toString() + two.certificate.toString())
    for (const form of ['PEM', 'DER']) {
      runWell(`openssl crl2pkcs7 -nocrl -certfile ${input} -outform ${form} -out ${out}`)
      const file = await readKeyFile(readFileSync(out), '')
      expect(file.format).toBe('PKCS#7')
      expect(file.certificates.map(({ raw }) => raw)).toEqual([one.certificate.raw, two.certificate.raw])
    }
  })
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
    [
      '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","x5c":[1]}',
      'INVALID_ENCODING',
    ],
    [JSON.stringify({ keys: Array.from({ length: 257 }, () => 1) }), 'LIMIT_EXCEEDED'],
  ])('%s is refused', async (text, code) => {
    expect(await rejectionCode(readKeyFile(Buffer.from(text), ''))).toBe(code)
  })
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
    const leaf = await createCertificate({ signer, certificate: root }, publicKey, { subject: 'CN=leaf' })
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

  test('a label that says something else than the block is refused', async () => {
    const { certificate } = await identity('ec-p256')
    const file = Buffer.from(encodePem('PRIVATE KEY', certificate.raw))
    expect(await rejectionCode(readKeyFile(file, ''))).toBe('INVALID_ENCODING')
  })

  test('more than 1 MiB, or more than 256 blocks, are refused', async () => {
    expect(await rejectionCode(readKeyFile(new Uint8Array(2 ** 20 + 1), ''))).toBe('LIMIT_EXCEEDED')
    const { certificate } = await identity('ec-p256')
    const bundle = Buffer.from(certificate.toString().repeat(257))
    expect(await rejectionCode(readKeyFile(bundle, ''))).toBe('LIMIT_EXCEEDED')
  })
})

test.skipIf(lacks('openssl'))(
  'nothing but SealwrightErrors comes of changed files [needs openssl]',
  async () => {
    const pass = `-passout pass:${password}`
    const files = await Promise.all([
      writtenByOpenssl('rsa-2048', 'rsa -outform PVK -pvk-none'),
      writtenByOpenssl('ec-p256', `pkcs8 -topk8 -outform DER -iter 2 ${pass}`),
      writtenByOpenssl('ec-p256', 'ec -outform DER'),
      writtenByOpenssl('ec-p256', 'pkcs8 -topk8 -nocrypt'),
    ])
    const bytes = fc.tuple(
      fc.nat(3),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(2000),
    )
    const outcomes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(bytes, async ([which, changes, length]) => {
        const file = Uint8Array.from(files[which] ?? [])
        for (const [at, value] of changes) file[at % file.length] = value
        try {
          await readKeyFile(length % 5 === 0 ? file.subarray(0, length) : file, password, {
            limits: { iterations: 1000 },
          })
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'SealwrightError') throw error
          outcomes.add(String(Reflect.get(error, 'code')))
        }
      }),
      { numRuns: Number(process.env['SEALWRIGHT_FUZZ_RUNS'] ?? 400) },
    )
    // The changes have to reach different checks, or this test shows little.
    expect(outcomes.size).toBeGreaterThan(1)
  },
)
