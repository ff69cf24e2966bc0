import { createHash, generateKeyPairSync, sign, type X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  algorithmsOf,
  createLocalSigner,
  type AlgorithmName,
  type KeyTypeName,
  type Signer,
} from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, lacksPython, run, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { createSelfSignedCertificate, encodePem } from '../../src/index.ts'
import { commonKeyTypes, identity, rejectionCode } from '../support/certificates.ts'
import { asn1parse, pythonCryptography } from '../support/tools.ts'

const subject = 'CN=my-app-auth,O=Contoso'
const noOpenssl = lacks('openssl')

async function certificateSignedWith(type: KeyTypeName, algorithm?: string): Promise<X509Certificate> {
  const { privateKey } = await identity(type)
  return createSelfSignedCertificate(createLocalSigner(privateKey, { algorithm }), { subject })
}

describe.each(commonKeyTypes)('$name', ({ name }) => {
  test('Node reads it, and it certifies its key', async () => {
    const { privateKey, certificate } = await identity(name)
    expect(certificate.checkPrivateKey(privateKey)).toBe(true)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.ca).toBe(false)
  })

  test.skipIf(noOpenssl)('OpenSSL finds nothing wrong under -x509_strict [needs openssl]', async () => {
    const { certificate } = await identity(name)
    const file = join(scratchFolder(), 'certificate.pem')
    writeFileSync(file, encodePem('CERTIFICATE', certificate.raw))
    const { stdout, stderr } = tryRun(`openssl verify -x509_strict -check_ss_sig -CAfile ${file} ${file}`)
    expect(stdout + stderr).toBe(`${file}: OK\n`)
  })

  // No more than this: GnuTLS verifies chains, and takes no end-entity certificate for a root.
  test.skipIf(lacks('certtool'))('GnuTLS reads it [needs certtool]', async () => {
    const { certificate } = await identity(name)
    const text = run('certtool --certificate-info --inder', certificate.raw)
    expect(text).toContain(`Subject: CN=${name},O=Contoso`)
    expect(text).toContain('Digital signature.')
  })
})

type CommonAlgorithm = Exclude<AlgorithmName, `ML-DSA-${string}`>

/** As `openssl asn1parse` prints an AlgorithmIdentifier, indented or not. */
const identifiers: Readonly<Record<CommonAlgorithm, readonly string[]>> = {
  RS256: ['sha256WithRSAEncryption', 'NULL'],
  RS384: ['sha384WithRSAEncryption', 'NULL'],
  RS512: ['sha512WithRSAEncryption', 'NULL'],
  PS256: pssIdentifier('sha256', '20'),
  PS384: pssIdentifier('sha384', '30'),
  PS512: pssIdentifier('sha512', '40'),
  ES256: ['ecdsa-with-SHA256'],
  ES384: ['ecdsa-with-SHA384'],
  ES512: ['ecdsa-with-SHA512'],
  ES256K: ['ecdsa-with-SHA256'],
  Ed25519: ['ED25519'],
  EdDSA: ['ED25519'],
}

/** RFC 4055 §3.1: hash [0], MGF1 with the same hash [1], salt length [2], and no trailer field. */
function pssIdentifier(hash: string, saltLength: string): readonly string[] {
  const hashIdentifier = ['SEQUENCE', hash, 'NULL']
  const contents = [
    ['rsassaPss', 'SEQUENCE'],
    ['cont [ 0 ]', ...hashIdentifier],
    ['cont [ 1 ]', 'SEQUENCE', 'mgf1', ...hashIdentifier],
    ['cont [ 2 ]', saltLength],
  ]
  return contents.flat()
}

describe('signed with every algorithm', () => {
  const algorithms: readonly [KeyTypeName, CommonAlgorithm][] = [
    ['rsa-2048', 'RS256'],
    ['rsa-2048', 'RS384'],
    ['rsa-2048', 'RS512'],
    ['rsa-2048', 'PS256'],
    ['rsa-2048', 'PS384'],
    ['rsa-2048', 'PS512'],
    ['ec-p256', 'ES256'],
    ['ec-p384', 'ES384'],
    ['ec-p521', 'ES512'],
    ['ec-secp256k1', 'ES256K'],
    ['ed25519', 'Ed25519'],
    ['ed25519', 'EdDSA'],
  ]

  test.skipIf(noOpenssl).each(algorithms)(
    '%s %s: both AlgorithmIdentifiers are exactly what the RFC says [needs openssl]',
    async (type, algorithm) => {
      const certificate = await certificateSignedWith(type, algorithm)
      expect(certificate.verify(certificate.publicKey)).toBe(true)
      const lines = asn1parse(certificate.raw)
      // Certificate { tbsCertificate { [0] version, serialNumber, signature, …}, signatureAlgorithm, signature }
      const inner = elementAfter(lines, 2, 2)
      const outer = elementAfter(lines, 1, 1)
      expect(inner.map(valueOf)).toEqual(['SEQUENCE', ...identifiers[algorithm]])
      expect(outer.map(valueOf)).toEqual(inner.map(valueOf))
    },
  )

  test('the algorithms of the table are all covered', async () => {
    const keys = await Promise.all(commonKeyTypes.map(({ name }) => identity(name)))
    const names = keys.flatMap(({ privateKey }) => algorithmsOf(privateKey).map((row) => row.name))
    expect(new Set(names)).toEqual(new Set(algorithms.map(([, algorithm]) => algorithm)))
  })
})

/** The lines of the element that is number `index` (from 0) of those at `depth`, and of what is in it. */
function elementAfter(lines: readonly string[], depth: number, index: number): readonly string[] {
  const starts = lines.flatMap((line, at) => (depthOf(line) === depth ? [at] : []))
  const start = starts[index] ?? 0
  const end = lines.findIndex((line, at) => at > start && depthOf(line) <= depth)
  return lines.slice(start, end === -1 ? undefined : end)
}

function depthOf(line: string): number {
  return Number(/:d= *([0-9]+)/.exec(line)?.[1])
}

/** What comes after the tag's name, or else the tag's name. */
function valueOf(line: string): string {
  const [, tag = '', value] = /(?:cons|prim): (.*?) *(?::(.*))?$/.exec(line) ?? []
  return value ?? tag
}

describe('contents', () => {
  test.skipIf(noOpenssl)('extensions are these, in this order, and no others [needs openssl]', async () => {
    const { certificate } = await identity('ec-p256')
    const text = run('openssl x509 -inform DER -noout -text', certificate.raw)
    // RFC 5280 §4.2.1.2 (1): the BIT STRING's value, which for P-256 are the last 65 bytes of the SPKI.
    const point = certificate.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)
    const keyIdentifier = createHash('sha1')
      .update(point)
      .digest('hex')
      .toUpperCase()
      .replaceAll(/..(?=.)/g, '$&:')
    const extensions = /X509v3 extensions:\n(.*?)\n    Signature Algorithm/s.exec(text)?.[1]
    expect(extensions?.split('\n').map((line) => line.trim())).toEqual([
      'X509v3 Basic Constraints: critical',
      'CA:FALSE',
      'X509v3 Key Usage: critical',
      'Digital Signature',
      'X509v3 Subject Key Identifier:',
      keyIdentifier,
      'X509v3 Authority Key Identifier:',
      keyIdentifier,
    ])
    expect(text).toContain('Version: 3 (0x2)')
  })

  test('200 serial numbers: 16 octets, positive, all different', async () => {
    const { privateKey } = await identity('ed25519')
    const signer = createLocalSigner(privateKey)
    const certificates = await Promise.all(
      Array.from({ length: 200 }, () => createSelfSignedCertificate(signer, { subject })),
    )
    const serials = certificates.map((certificate) => certificate.serialNumber)
    expect(new Set(serials).size).toBe(200)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  test.skipIf(lacksPython(pythonCryptography))(
    'a strict DER parser reads each of them [needs python3 with cryptography 44]',
    async () => {
      const identities = await Promise.all(commonKeyTypes.map(({ name }) => identity(name)))
      const pem = identities.map(({ certificate }) => encodePem('CERTIFICATE', certificate.raw)).join('')
      const script = join(scratchFolder(), 'read.py')
      writeFileSync(
        script,
        `import sys
from cryptography import x509
for certificate in x509.load_pem_x509_certificates(sys.stdin.buffer.read()):
    certificate.verify_directly_issued_by(certificate)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    print(certificate.subject.rfc4514_string(), usage.critical, usage.value.digital_signature, len(certificate.extensions))
`,
      )
      expect(run(`python3 ${script}`, pem)).toBe(
        commonKeyTypes.map(({ name }) => `CN=${name},O=Contoso True True 4\n`).join(''),
      )
    },
  )
})

describe('validity', () => {
  test('is 730 days from now unless told otherwise', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000
    const { validFrom, validTo } = await certificateValid()
    expect(Date.parse(validFrom)).toBeGreaterThanOrEqual(before)
    expect(Date.parse(validFrom)).toBeLessThanOrEqual(Date.now())
    // The last second belongs to it (RFC 5280 §4.1.2.5), so that 730 days begin and end with a second of their own.
    expect(Date.parse(validTo) - Date.parse(validFrom)).toBe(730 * 24 * 60 * 60 * 1000 - 1000)
  })

  test.skipIf(noOpenssl).each([
    ['1950-01-01T00:00:00Z', '2049-12-31T23:59:59Z', 'UTCTIME:500101000000Z', 'UTCTIME:491231235959Z'],
    [
      '2049-12-31T23:59:59.999Z',
      '2050-01-01T00:00:00Z',
      'UTCTIME:491231235959Z',
      'GENERALIZEDTIME:20500101000000Z',
    ],
    [
      '2050-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999Z',
      'GENERALIZEDTIME:20500101000000Z',
      'GENERALIZEDTIME:99991231235959Z',
    ],
  ])('%s to %s is encoded as RFC 5280 §4.1.2.5 says [needs openssl]', async (from, to, first, second) => {
    const lines = asn1parse((await certificateValid(new Date(from), new Date(to))).raw)
    const times = lines
      .filter((line) => line.includes('TIME'))
      .map((line) => line.replace(/^.*prim: /, '').replace(/ +/, ''))
    expect(times).toEqual([first, second])
  })

  test.each([
    ['reversed', '2030-01-02', '2030-01-01'],
    ['empty', '2030-01-01T00:00:00.001Z', '2030-01-01T00:00:00.999Z'],
    ['before 1950', '1949-12-31', '2030-01-01'],
    ['no date', 'x', '2030-01-01'],
    ['no end', '2030-01-01', 'x'],
    ['after 9999', '2030-01-01', '+010000-01-01T00:00:00Z'],
  ])('%s is refused', async (_, from, to) => {
    expect(await rejectionCode(certificateValid(new Date(from), new Date(to)))).toBe('INVALID_ARGUMENT')
  })

  test('a default end beyond 9999 is the last second of 9999', async () => {
    const { validTo } = await certificateValid(new Date('9999-01-01'))
    expect(new Date(validTo)).toEqual(new Date('9999-12-31T23:59:59Z'))
  })
})

describe('a signer that signs wrongly', () => {
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

  test.each<[string, KeyTypeName, (data: Uint8Array) => Uint8Array]>([
    [
      'with another key',
      'ec-p256',
      (data) => sign('sha256', data, { key: otherKey, dsaEncoding: 'ieee-p1363' }),
    ],
    ['with zeros', 'ec-p256', () => new Uint8Array(64)],
    ['too briefly', 'ec-p256', () => new Uint8Array(63)],
    ['with nothing', 'ed25519', () => new Uint8Array()],
    ['with zeros', 'rsa-2048', () => new Uint8Array(256)],
    ['too long', 'rsa-2048', () => new Uint8Array(257)],
  ])('%s gets no certificate (%s)', async (_, type, signature) => {
    const signer = await wrongSigner(type, signature)
    expect(await rejectionCode(createSelfSignedCertificate(signer, { subject }))).toBe('INVALID_SIGNATURE')
  })

  test('its own error is passed on', async () => {
    const failure = new Error('the vault is down')
    const signer = await wrongSigner('ec-p256', () => {
      throw failure
    })
    await expect(createSelfSignedCertificate(signer, { subject })).rejects.toBe(failure)
  })

  test('is not asked when the options are wrong', async () => {
    let asked = false
    const signer = await wrongSigner('ec-p256', () => {
      asked = true
      return new Uint8Array()
    })
    expect(await rejectionCode(createSelfSignedCertificate(signer, { subject: 'x' }))).toBe(
      'INVALID_ARGUMENT',
    )
    expect(asked).toBe(false)
  })
})

async function wrongSigner(type: KeyTypeName, signature: (data: Uint8Array) => Uint8Array): Promise<Signer> {
  const { privateKey } = await identity(type)
  const { algorithm, keyId, publicKey } = createLocalSigner(privateKey)
  return { algorithm, keyId, publicKey, sign: async (data) => signature(data) }
}

async function certificateValid(notBefore?: Date, notAfter?: Date): Promise<X509Certificate> {
  const { privateKey } = await identity('ed25519')
  return createSelfSignedCertificate(createLocalSigner(privateKey), { subject, notBefore, notAfter })
}
