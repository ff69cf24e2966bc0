import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  describeCertificate,
  describeCertificateRequest,
  describeRevocationList,
  keyWeaknesses,
  parseCertificate,
  readCertificateRequest,
  readKeyFile,
  readRevocationList,
} from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import {
  constructed,
  decode,
  encode,
  explicit0,
  int,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from '../support/tlv.ts'

/** A request that OpenSSL makes. */
function requestOf(keyOptions: string, options: string, configuration = ''): Uint8Array {
  const folder = scratchFolder()
  const [key, out, config] = ['key.pem', 'out.der', 'openssl.cnf'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(config, `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=shown\n${configuration}`)
  run(`openssl genpkey ${keyOptions} -out ${key}`)
  run(`openssl req -new -config ${config} -key ${key} -outform DER -out ${out} ${options}`.trim())
  return Uint8Array.from(readFileSync(out))
}

const rsa = '-algorithm RSA -pkeyopt rsa_keygen_bits:2048'

describe.skipIf(lacks('openssl'))(
  'requests that are not read to be relied on are shown [needs openssl]',
  () => {
    test.each<[string, string, string, string, readonly string[]]>([
      ['SHA-1', rsa, '-sha1', 'RSA with SHA-1', ['a signature with SHA-1']],
      ['MD5', rsa, '-md5', 'RSA with MD5', ['a signature with MD5']],
      ['SHA-224', rsa, '-sha224', 'RSA with SHA-224', []],
      ['SHA3-256', rsa, '-sha3-256', 'RSA with SHA3-256', []],
      [
        'RSA of 1024 bits',
        '-algorithm RSA -pkeyopt rsa_keygen_bits:1024',
        '-sha256',
        'RS256',
        ['an RSA key of 1024 bits'],
      ],
      ['Ed448', '-algorithm ED448', '', 'Ed448', []],
      ['Ed25519', '-algorithm ED25519', '', 'Ed25519', []],
      [
        'ECDSA with SHA-1',
        '-algorithm EC -pkeyopt ec_paramgen_curve:P-256',
        '-sha1',
        'ECDSA with SHA-1',
        ['a signature with SHA-1'],
      ],
      [
        'P-192',
        '-algorithm EC -pkeyopt ec_paramgen_curve:P-192',
        '-sha256',
        'ES256',
        ['an EC key on prime192v1'],
      ],
      ['brainpool', '-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1', '-sha512', 'ES512', []],
      [
        'PSS as in core’s table',
        rsa,
        '-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32',
        'PS256',
        [],
      ],
      [
        'PSS with another salt',
        rsa,
        '-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20',
        'RSASSA-PSS with SHA-256 and a salt of 20 bytes',
        [],
      ],
      [
        'PSS without a salt',
        rsa,
        '-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:0',
        'RSASSA-PSS with SHA-384 and a salt of 0 bytes',
        [],
      ],
      [
        'PSS with SHA-1',
        rsa,
        '-sha1 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20',
        'RSASSA-PSS with SHA-1 and a salt of 20 bytes',
        ['a signature with SHA-1'],
      ],
      [
        'a key for PSS alone',
        '-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048',
        '-sha256 -sigopt rsa_pss_saltlen:32',
        'PS256',
        [],
      ],
    ])('%s', (_, key, options, signatureAlgorithm, weaknesses) => {
      const der = requestOf(key, options)
      expect(describeCertificateRequest(der)).toMatchObject({
        subject: 'CN=shown',
        signatureAlgorithm,
        verified: true,
        problems: [],
        weaknesses,
      })
      // The signature is the end of the request.
      der[der.length - 1]! ^= 1
      expect(describeCertificateRequest(der)).toMatchObject({
        verified: false,
        problems: ['its signature is wrong'],
      })
    })

    test('DSA, which is not verified', () => {
      const folder = scratchFolder()
      const [parameters, key, out] = ['p', 'k', 'o'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ]
      run(`openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out ${parameters}`)
      run(`openssl genpkey -paramfile ${parameters} -out ${key}`)
      run(`openssl req -new -subj /CN=dsa -key ${key} -sha256 -outform DER -out ${out}`)
      expect(describeCertificateRequest(readFileSync(out))).toMatchObject({
        subject: 'CN=dsa',
        verified: null,
        weaknesses: ['a DSA key'],
      })
    })

    test('who relies on one is as strict as ever', async () => {
      const der = requestOf(rsa, '-sha1')
      expect(() => readCertificateRequest(der)).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
      )
      const { requests } = await readKeyFile(der, '')
      expect(requests).toMatchObject([{ subject: 'CN=shown' }])
    })
  },
)

/** A certificate whose signed part is changed; its signature is wrong then, which is not looked at. */
async function changedCertificate(change: (fields: Tlv[]) => void): Promise<X509Certificate> {
  const { certificate } = await identity('ec-p256')
  const tree = decode(certificate.raw)
  change(tree.children[0]?.children ?? [])
  return new X509Certificate(encode(tree))
}

describe('certificates that strict readers refuse', () => {
  test('an empty list of extensions', async () => {
    const certificate = await changedCertificate((fields) => {
      fields[7] = constructed(0xa3, sequence())
    })
    expect(() => parseCertificate(certificate)).toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
    expect(describeCertificate(certificate)).toMatchObject({
      subject: 'CN=ec-p256,O=Contoso',
      problems: [expect.stringContaining('an empty list of extensions')],
      extensions: { basicConstraints: null },
    })
  })

  test('one extension that is malformed does not hide the others', async () => {
    const certificate = await changedCertificate((fields) => {
      const list = fields[7]?.children[0]
      list?.children.push(sequence(oid('2.5.29.31'), octets(encode(int(1)))))
    })
    expect(() => parseCertificate(certificate)).toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
    const { extensions, problems } = describeCertificate(certificate)
    expect(problems).toEqual([expect.stringContaining('2.5.29.31')])
    expect(extensions.keyUsage).toEqual(['digitalSignature'])
    expect(extensions.subjectKeyIdentifier).not.toBeNull()
  })

  test('another algorithm inside than outside', async () => {
    const certificate = await changedCertificate((fields) => {
      fields[2] = sequence(oid('1.2.840.10045.4.3.3'))
    })
    expect(describeCertificate(certificate).problems).toEqual([
      expect.stringContaining('has two different signature algorithms'),
    ])
  })

  test('a time of another form, where the OpenSSL of this Node reads it', async ({ skip }) => {
    const changing = changedCertificate(({ 4: validity }) => {
      if (validity !== undefined) validity.children[0] = primitive(0x17, Buffer.from('2601010000Z'))
    })
    const certificate = await changing.catch(() => skip('OpenSSL refuses a UTCTime without seconds'))
    const { notBefore, notAfter, problems } = describeCertificate(certificate)
    expect(notBefore).toBeNull()
    expect(notAfter).toBeInstanceOf(Date)
    expect(problems).toHaveLength(1)
  })

  test('what is sound has neither problems nor weaknesses', async () => {
    const { certificate } = await identity('ec-p256')
    const described = describeCertificate(certificate)
    expect(described).toMatchObject({ problems: [], weaknesses: [] })
    const { publicKey: _, problems: __, weaknesses: ___, ...others } = described
    expect(parseCertificate(certificate)).toMatchObject(others)
  })
})

/** A CRL whose extensions and entries are added to. It is signed again. */
async function listWith(extensions: readonly Tlv[], entries: readonly Tlv[] = []): Promise<Uint8Array> {
  return changedList((info) => {
    info.children[6]?.children[0]?.children.push(...extensions)
    info.children[5]?.children.push(...entries)
  })
}

/** A CRL of one entry whose signed part is changed. It is signed again. */
async function changedList(change: (info: Tlv) => void): Promise<Uint8Array> {
  const { privateKey } = await identity('ec-p256')
  const signer = createLocalSigner(privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=ca', profile: 'rootCa' })
  const revoked = [{ serialNumber: '01', revokedAt: new Date('2026-01-01') }]
  const tree = decode(await createRevocationList({ signer, certificate }, { number: 7, revoked }))
  const info = tree.children[0] ?? sequence()
  change(info)
  tree.children[2] = primitive(0x03, [0, ...sign('sha256', encode(info), privateKey)])
  return encode(tree)
}

function extension(id: string, value: Tlv, critical = true): Tlv {
  return sequence(oid(id), ...(critical ? [primitive(0x01, [0xff])] : []), octets(encode(value)))
}

function firstEntry({ children }: Tlv): Tlv {
  return children[5]?.children[0] ?? sequence()
}

/** TRUE with another tag. */
function yes(tag: number): Tlv {
  return primitive(tag, [0xff])
}

describe('CRLs that strict readers refuse', () => {
  test.each<[string, Tlv[], object]>([
    [
      'partitioned',
      [extension('2.5.29.28', sequence(yes(0x82)))],
      {
        scope: { only: 'caCertificates', indirect: false },
        problems: [expect.stringContaining('partitioned')],
      },
    ],
    [
      'for some reasons',
      [extension('2.5.29.28', sequence(primitive(0x83, [1, 0x40])))],
      { scope: { someReasons: true }, problems: [expect.stringContaining('partitioned')] },
    ],
    [
      'indirect',
      [extension('2.5.29.28', sequence(yes(0x84)))],
      { scope: { indirect: true }, problems: [expect.stringContaining('indirect')] },
    ],
    [
      'delta',
      [extension('2.5.29.27', int(5))],
      { baseNumber: 5n, problems: [expect.stringContaining('changes since number 5')] },
    ],
    [
      'with an unknown critical extension',
      [extension('1.2.3.4', int(1))],
      { problems: [expect.stringContaining('1.2.3.4')] },
    ],
    [
      'with a malformed scope',
      [extension('2.5.29.28', sequence(primitive(0x82, [1])))],
      { scope: null, problems: { length: 1 } },
    ],
  ])('%s', async (_, extensions, expected) => {
    const der = await listWith(extensions)
    expect(() => readRevocationList(der, null)).toThrow(expect.objectContaining({ name: 'SealwrightError' }))
    expect(describeRevocationList(der)).toMatchObject({
      issuer: 'CN=ca',
      number: 7n,
      revoked: { length: 1 },
      ...expected,
    })
  })

  test('entries of other issuers, removals, and reasons that are malformed', async () => {
    const time = primitive(0x17, Buffer.from('260101000000Z'))
    const entry = (serial: number, ...extensions: Tlv[]): Tlv =>
      sequence(int(serial), time, sequence(...extensions))
    const name = sequence({ ...explicit0(sequence()), tag: 0xa4 })
    const der = await listWith(
      [],
      [
        entry(2, extension('2.5.29.29', name)),
        entry(3, extension('2.5.29.21', primitive(0x0a, [8]), false)),
        entry(4, extension('2.5.29.21', primitive(0x0a, [7]), false)),
        entry(5, extension('2.5.29.21', primitive(0x0a, [7]), false)),
        int(1),
      ],
    )
    const { revoked, problems } = describeRevocationList(der)
    expect(revoked.map(({ serialNumber, reason }) => [serialNumber, reason])).toEqual([
      ['01', 'unspecified'],
      ['02', 'unspecified'],
      ['03', 'removeFromCRL'],
      ['04', null],
      ['05', null],
      ['', null],
    ])
    expect(problems).toHaveLength(4)
    expect(problems[0]).toContain('entries of other issuers')
    expect(problems[1]).toContain('removals (removeFromCRL), which are not supported')
  })

  test.each<[string, (info: Tlv) => void, string]>([
    [
      'another algorithm inside than outside',
      ({ children }) => children.splice(1, 1, sequence(oid('1.2.840.10045.4.3.3'))),
      'has two different signature algorithms',
    ],
    ['a field after the extensions', ({ children }) => children.push(int(1)), 'has too many fields'],
    [
      'two lists of extensions',
      ({ children }) => children[6]?.children.push(sequence(extension('1.2.3', int(1), false))),
      'the list of extensions of the CRL is not a single value',
    ],
    [
      'a number below zero',
      ({ children }) =>
        children[6]?.children[0]?.children.splice(1, 1, extension('2.5.29.20', int(-1), false)),
      'has a negative number',
    ],
    [
      'a field after those of an entry',
      (info) => firstEntry(info).children.push(sequence(extension('1.2.3', int(1), false)), int(1)),
      'an entry of the CRL has too many fields',
    ],
    [
      'an unknown critical extension of an entry',
      (info) => firstEntry(info).children.push(sequence(extension('1.2.3', int(1)))),
      'the unknown critical extension 1.2.3',
    ],
    [
      'a reason that is an INTEGER',
      (info) => firstEntry(info).children.push(sequence(extension('2.5.29.21', int(1), false))),
      'has a reason that is not ENUMERATED',
    ],
  ])('%s is one problem', async (_, change, problem) => {
    const der = await changedList(change)
    expect(() => readRevocationList(der, null)).toThrow(expect.objectContaining({ name: 'SealwrightError' }))
    expect(describeRevocationList(der).problems).toEqual([expect.stringContaining(problem)])
  })

  test('a sound list has no problems', async () => {
    expect(describeRevocationList(await changedList(() => undefined)).problems).toEqual([])
  })

  test('one of 14,000 entries is read from a file, and the limit on it is named and can be raised', async () => {
    const { privateKey } = await identity('ec-p256')
    const signer = createLocalSigner(privateKey)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=ca', profile: 'rootCa' })
    const revoked = Array.from({ length: 14_000 }, (_, index) => ({
      serialNumber: createHash('sha256').update(String(index)).digest('hex').slice(0, 30),
      revokedAt: new Date('2026-01-01'),
      reason: 'superseded' as const,
    }))
    const der = await createRevocationList({ signer, certificate }, { number: 1, revoked })
    expect(der.length).toBeGreaterThan(494_000)
    const { revocationLists } = await readKeyFile(der, '')
    expect(revocationLists[0]?.revoked).toHaveLength(14_000)
    const limits = { revocationListElements: 50_000 }
    await expect(readKeyFile(der, '', { limits })).rejects.toThrow(
      /limits\.revocationListElements raises the limit/,
    )
    expect(() => describeRevocationList(der, limits)).toThrow(/limits\.revocationListElements/)
  })
})

test('a bundle of 160 roots is read', async () => {
  const roots = await Promise.all(
    Array.from({ length: 160 }, async (_, index) => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      return createSelfSignedCertificate(createLocalSigner(privateKey), {
        subject: `CN=Root ${index}`,
        profile: 'rootCa',
      })
    }),
  )
  const bundle = roots.map((root, index) => `# Root ${index}\n${root.toString()}`).join('\n')
  expect((await readKeyFile(Buffer.from(bundle), '')).certificates).toHaveLength(160)
})

test('a request with a malformed extension, and one whose key cannot be read', async () => {
  const { privateKey } = await identity('ec-p256')
  const der = await createCertificateRequest(createLocalSigner(privateKey), { subject: 'CN=a' })
  const tree = decode(der)
  const info = tree.children[0] ?? sequence()
  const extensions = sequence(extension('2.5.29.15', int(1)))
  info.children[3] = constructed(0xa0, sequence(oid('1.2.840.113549.1.9.14'), constructed(0x31, extensions)))
  tree.children[2] = primitive(0x03, [0, ...sign('sha256', encode(info), privateKey)])
  expect(describeCertificateRequest(encode(tree))).toMatchObject({
    verified: true,
    extensions: { keyUsage: null },
    problems: [expect.stringContaining('2.5.29.15')],
  })
  info.children[2] = sequence(sequence(oid('1.2.3')), primitive(0x03, [0, 1]))
  expect(describeCertificateRequest(encode(tree))).toMatchObject({
    publicKey: null,
    verified: null,
    problems: { length: 2 },
  })
})

test.each<[string, (info: Tlv) => void, string]>([
  [
    'a BMPString in the subject',
    (info) => {
      const text = info.children[1]?.children[0]?.children[0]?.children[1]
      if (text !== undefined) Object.assign(text, primitive(0x1e, [0, 0x61]))
    },
    'has a value that is not a UTF8String or PrintableString, which new certificates need',
  ],
  [
    'a country in small letters',
    (info) => {
      const name = sequence(oid('2.5.4.6'), primitive(0x13, Buffer.from('de')))
      info.children[1] = sequence(constructed(0x31, name))
    },
    'has a country (C) that is not two capital letters',
  ],
  ['a field after the attributes', ({ children }) => children.push(int(1)), 'has too many fields'],
])('a request with %s', async (_, change, problem) => {
  const { privateKey } = await identity('ec-p256')
  const tree = decode(await createCertificateRequest(createLocalSigner(privateKey), { subject: 'CN=a' }))
  expect(describeCertificateRequest(encode(tree)).problems).toEqual([])
  const info = tree.children[0] ?? sequence()
  change(info)
  tree.children[2] = primitive(0x03, [0, ...sign('sha256', encode(info), privateKey)])
  expect(describeCertificateRequest(encode(tree)).problems).toEqual([expect.stringContaining(problem)])
})

test('weaknesses of keys', () => {
  expect(keyWeaknesses(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)).toEqual([
    'an RSA key of 1024 bits',
  ])
  expect(keyWeaknesses(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)).toEqual([])
  expect(keyWeaknesses(generateKeyPairSync('ec', { namedCurve: 'secp224r1' }).publicKey)).toEqual([])
  expect(keyWeaknesses(generateKeyPairSync('ec', { namedCurve: 'secp192k1' }).publicKey)).toEqual([
    'an EC key on secp192k1',
  ])
  expect(keyWeaknesses(generateKeyPairSync('ed25519').publicKey)).toEqual([])
})

test.each([null, undefined, 'x', 1, {}])('%j is refused', (value) => {
  const anything = value as never
  for (const call of [
    describeCertificate,
    describeCertificateRequest,
    describeRevocationList,
    keyWeaknesses,
  ]) {
    expect(() => call(anything)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  }
})

test('of a CRL with a thousand different problems, some are shown and the rest are counted', async () => {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
  const list = decode(await createRevocationList({ signer, certificate }, { number: 1, revoked: [] }))
  // February 30 of a thousand years.
  const entries = Array.from({ length: 1000 }, (_, index) =>
    sequence(int(1), primitive(0x18, Buffer.from(`${2050 + index}0230000000Z`))),
  )
  list.children[0]?.children.splice(5, 0, sequence(...entries))
  const { problems, revoked } = describeRevocationList(encode(list))
  expect(revoked).toHaveLength(1000)
  expect(problems).toHaveLength(21)
  expect(problems.at(-1)).toBe('and 980 more problems')
})
