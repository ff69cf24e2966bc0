import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  parseCertificate,
  readCertificateRequest,
  readRevocationList,
  renewCertificate,
  type Issuer,
  type RevocationReason,
} from '../../src/index.ts'
import { issueTo, identity, rejectionCode } from '../support/certificates.ts'
import {
  constructed,
  decode,
  encode,
  int,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from '../support/tlv.ts'

interface Chain {
  readonly root: Issuer
  readonly issuing: Issuer
  readonly leafSigner: Signer
  readonly leaf: X509Certificate
}

let chain: Chain
beforeAll(async () => {
  const [rootSigner, issuingSigner, leafSigner] = await Promise.all(
    (['ec-p384', 'rsa-2048', 'ec-p256'] as const).map(async (type) =>
      createLocalSigner((await identity(type)).privateKey),
    ),
  )
  if (rootSigner === undefined || issuingSigner === undefined || leafSigner === undefined) return
  const rootCertificate = await createSelfSignedCertificate(rootSigner, {
    subject: 'CN=Root,O=Contoso',
    profile: 'rootCa',
  })
  const root = { signer: rootSigner, certificate: rootCertificate }
  const issuing = {
    signer: issuingSigner,
    certificate: await issueTo(root, issuingSigner.publicKey, {
      subject: 'CN=Issuing,O=Contoso',
      profile: 'issuingCa',
    }),
  }
  const leaf = await issueTo(issuing, leafSigner.publicKey, { subject: 'CN=my-app-auth,O=Contoso' })
  chain = { root, issuing, leafSigner, leaf }
})

/** What `openssl verify` says of the last, with the first as the root and the others between. */
function verified(...certificates: readonly X509Certificate[]): string {
  const folder = scratchFolder()
  const [root = '', ...others] = certificates.map((certificate, index) => {
    const path = join(folder, `${index}.pem`)
    writeFileSync(path, certificate.toString())
    return path
  })
  const leaf = others.pop() ?? root
  const untrusted = others.map((path) => ` -untrusted ${path}`).join('')
  return run(`openssl verify -x509_strict -CAfile ${root}${untrusted} ${leaf}`)
}

test.skipIf(lacks('openssl'))('a root, an issuing CA and a leaf are a chain [needs openssl]', () => {
  expect(verified(chain.root.certificate, chain.issuing.certificate, chain.leaf)).toContain(': OK')
})

test('key identifiers are those of the keys', () => {
  const [root, issuing, leaf] = [chain.root.certificate, chain.issuing.certificate, chain.leaf].map(
    (certificate) => parseCertificate(certificate).extensions,
  )
  expect(issuing?.authorityKeyIdentifier).toBe(root?.subjectKeyIdentifier)
  expect(leaf?.authorityKeyIdentifier).toBe(issuing?.subjectKeyIdentifier)
})

describe('a certificate does not outlive its issuer’s', () => {
  const ends = new Date('2031-01-01T00:00:00Z')
  const limited = async (): Promise<Issuer> => {
    const { signer } = chain.root
    const options = { subject: 'CN=Root', profile: 'rootCa', notAfter: ends } as const
    return { signer, certificate: await createSelfSignedCertificate(signer, options) }
  }

  test('what the profile says is cut short', async () => {
    const root = await limited()
    const notBefore = new Date('2030-12-01T00:00:00Z')
    const options = { subject: 'CN=a', notBefore }
    const certificate = await issueTo(root, chain.leafSigner.publicKey, options)
    expect(parseCertificate(certificate).notAfter).toEqual(ends)
    const renewed = await renewCertificate(chain.leaf, root, { notBefore })
    expect(parseCertificate(renewed).notAfter).toEqual(ends)
  })

  test.each([
    ['a later end', { notAfter: new Date('2031-01-01T00:00:01Z') }],
    ['a beginning after it', { notBefore: ends }],
    ['another century', { notBefore: new Date('2040-01-01'), notAfter: new Date('2041-01-01') }],
  ])('%s is refused', async (_, times) => {
    const root = await limited()
    const options = { subject: 'CN=a', ...times }
    const refusal = 'end after its issuer’s certificate, which ends at 2031-01-01T00:00:00.000Z'
    await expect(issueTo(root, chain.leafSigner.publicKey, options)).rejects.toThrow(refusal)
    await expect(renewCertificate(chain.leaf, root, times)).rejects.toThrow(refusal)
  })

  test.each([
    ['has ended', '2001-01-01', '2002-01-01', 'has expired: it was valid until 2002-01-01T00:00:00.000Z'],
    ['has not begun', '2135-01-01', '2136-01-01', 'is not valid before 2135-01-01T00:00:00.000Z'],
  ])('nothing is signed under one that %s, dated back or not', async (_, begin, end, message) => {
    const { signer } = chain.root
    const times = { notBefore: new Date(begin), notAfter: new Date(end) }
    const options = { subject: 'CN=Root', profile: 'rootCa', ...times } as const
    const ended = { signer, certificate: await createSelfSignedCertificate(signer, options) }
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: `the issuer’s certificate ${message}`,
    })
    for (const dates of [{}, times]) {
      const certified = issueTo(ended, chain.leafSigner.publicKey, { subject: 'CN=a', ...dates })
      // oxlint-disable-next-line no-await-in-loop
      await expect(certified).rejects.toThrow(refused)
      // oxlint-disable-next-line no-await-in-loop
      await expect(renewCertificate(chain.leaf, ended, dates)).rejects.toThrow(refused)
    }
    const lists = [{}, { thisUpdate: times.notBefore, nextUpdate: times.notAfter }].map((dates) =>
      createRevocationList(ended, { number: 1, revoked: [], ...dates }),
    )
    for (const list of await Promise.allSettled(lists)) expect(list).toMatchObject({ reason: refused })
  })
})

describe('without a subject', () => {
  const subjectAltNames = [{ type: 'dns', value: 'a.example' }] as const

  test('a certificate has its names', async () => {
    const { issuing, leafSigner } = chain
    const certificate = await issueTo(issuing, leafSigner.publicKey, {
      subject: '',
      subjectAltNames,
    })
    expect(parseCertificate(certificate)).toMatchObject({ subject: '', extensions: { subjectAltNames } })
    const renewed = await renewCertificate(certificate, issuing)
    expect(parseCertificate(renewed).extensions).toEqual(parseCertificate(certificate).extensions)
    expect(await rejectionCode(renewCertificate(certificate, leafSigner))).toBe('INVALID_ARGUMENT')
  })

  test('there is no CA, no self-signed certificate, and none that has no names either', async () => {
    const { root, leafSigner } = chain
    const ca = { subject: '', subjectAltNames, profile: 'issuingCa' } as const
    expect(await rejectionCode(issueTo(root, leafSigner.publicKey, ca))).toBe('INVALID_ARGUMENT')
    const nobody = issueTo(root, leafSigner.publicKey, { subject: '' })
    expect(await rejectionCode(nobody)).toBe('INVALID_ARGUMENT')
    const selfSigned = createSelfSignedCertificate(leafSigner, { subject: '', subjectAltNames })
    expect(await rejectionCode(selfSigned)).toBe('INVALID_ARGUMENT')
  })

  test('a request is made', async () => {
    const request = await createCertificateRequest(chain.leafSigner, { subject: '', subjectAltNames })
    expect(readCertificateRequest(request)).toMatchObject({ subject: '', extensions: { subjectAltNames } })
  })
})

describe('an issuer is refused', () => {
  test('that may issue no CA below it', async () => {
    const { issuing, leafSigner } = chain
    const options = { subject: 'CN=a', profile: 'issuingCa' } as const
    expect(await rejectionCode(issueTo(issuing, leafSigner.publicKey, options))).toBe('INVALID_ARGUMENT')
  })

  test('that is no CA, or not the signer’s', async () => {
    const { root, leaf, leafSigner } = chain
    const noCa = { signer: leafSigner, certificate: leaf }
    expect(await rejectionCode(issueTo(noCa, leafSigner.publicKey, { subject: 'CN=a' }))).toBe(
      'INVALID_ARGUMENT',
    )
    const another = { signer: leafSigner, certificate: root.certificate }
    expect(await rejectionCode(issueTo(another, leafSigner.publicKey, { subject: 'CN=a' }))).toBe(
      'INVALID_ARGUMENT',
    )
    expect(await rejectionCode(createRevocationList(another, { number: 1, revoked: [] }))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('that may not sign CRLs', async () => {
    const { root } = chain
    const certificate = await createSelfSignedCertificate(root.signer, {
      subject: 'CN=a',
      extensions: { basicConstraints: { ca: true }, keyUsage: ['keyCertSign'] },
    })
    const issuer = { signer: root.signer, certificate }
    expect(await rejectionCode(createRevocationList(issuer, { number: 1, revoked: [] }))).toBe(
      'INVALID_ARGUMENT',
    )
  })
})

test.each([
  ['RSA-1024', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey],
  ['X25519', generateKeyPairSync('x25519').publicKey],
  ['P-224', generateKeyPairSync('ec', { namedCurve: 'P-224' }).publicKey],
])('no certificate for a public key of %s', async (_, publicKey) => {
  expect(await rejectionCode(issueTo(chain.root, publicKey, { subject: 'CN=a' }))).toBe('UNSUPPORTED_KEY')
})

test('no certificate for a private key', async () => {
  const { privateKey } = await identity('ec-p256')
  await expect(issueTo(chain.root, privateKey, { subject: 'CN=a' })).rejects.toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('private') }),
  )
})

describe('renewal', () => {
  test.skipIf(lacks('openssl'))('of a weak key is refused [needs openssl]', async () => {
    const key = join(scratchFolder(), 'key.pem')
    const weak = run(`openssl req -x509 -newkey rsa:1024 -nodes -keyout ${key} -subj /CN=a`)
    expect(await rejectionCode(renewCertificate(new X509Certificate(weak), chain.root))).toBe(
      'UNSUPPORTED_KEY',
    )
  })

  test.skipIf(lacks('openssl'))(
    'by the CA: the same but for number, times and signature [needs openssl]',
    async () => {
      const notBefore = new Date(Date.now() - 1000)
      const renewed = await renewCertificate(chain.leaf, chain.issuing, { notBefore })
      const [before, after] = [parseCertificate(chain.leaf), parseCertificate(renewed)]
      expect(after.serialNumber).not.toBe(before.serialNumber)
      expect(after.notAfter.getTime() - after.notBefore.getTime()).toBe(
        before.notAfter.getTime() - before.notBefore.getTime(),
      )
      expect({ ...after, serialNumber: 0, notBefore: 0, notAfter: 0 }).toEqual({
        ...before,
        serialNumber: 0,
        notBefore: 0,
        notAfter: 0,
      })
      expect(verified(chain.root.certificate, chain.issuing.certificate, renewed)).toContain(': OK')
    },
  )

  test('by its own key is refused where a CA issued it', async () => {
    const renewing = renewCertificate(chain.leaf, chain.leafSigner)
    await expect(renewing).rejects.toThrow(
      'a CA issued this certificate: pass the { signer, certificate } of that CA',
    )
    expect(await rejectionCode(renewing)).toBe('INVALID_ARGUMENT')
    const issuingAlone = renewCertificate(chain.issuing.certificate, chain.issuing.signer)
    expect(await rejectionCode(issuingAlone)).toBe('INVALID_ARGUMENT')
  })

  test('without a well-defined end has none again, and in a chain that of the CA (RFC 5280 §4.1.2.5)', async () => {
    const { root, leafSigner, issuing } = chain
    const endless = {
      subject: 'CN=a',
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('9999-12-31T23:59:59Z'),
    }
    const certificate = await createSelfSignedCertificate(leafSigner, endless)
    const renewed = await renewCertificate(certificate, leafSigner)
    expect(parseCertificate(renewed).notAfter).toEqual(endless.notAfter)
    expect(parseCertificate(await renewCertificate(certificate, root)).notAfter).toEqual(
      parseCertificate(root.certificate).notAfter,
    )
    const endlessRoot = await createSelfSignedCertificate(issuing.signer, { ...endless, profile: 'rootCa' })
    const under = await renewCertificate(certificate, { ...issuing, certificate: endlessRoot })
    expect(parseCertificate(under).notAfter).toEqual(endless.notAfter)
  })

  test.skipIf(lacks('openssl'))(
    'by its own key, names and custom extensions kept [needs openssl]',
    async () => {
      const certificate = await createSelfSignedCertificate(chain.leafSigner, {
        subject: 'CN=a',
        subjectAltNames: [{ type: 'dns', value: 'a.example' }],
        extensions: { custom: [{ oid: '1.2.3.4', critical: false, value: Uint8Array.of(5, 0) }] },
      })
      const renewed = await renewCertificate(certificate, chain.leafSigner)
      expect(parseCertificate(renewed).extensions).toEqual(parseCertificate(certificate).extensions)
      expect(verified(renewed)).toContain(': OK')
    },
  )

  test('what was not DER in the old one is DER in the new', async () => {
    const old = decode(chain.leaf.raw)
    const extensions = old.children[0]?.children[7]?.children[0]
    const boolean = primitive(0x01, [0])
    const extension = (id: string, value: Tlv): Tlv => sequence(oid(id), boolean, octets(encode(value)))
    // FALSE is a DEFAULT, and a bit at the end of a key usage is not written unless it is set (X.690 §11.2.2, §11.5).
    extensions?.children.splice(0, 2, extension('2.5.29.19', sequence(boolean)))
    extensions?.children.push(extension('2.5.29.15', primitive(0x03, [0, 0x80])))
    const renewed = await renewCertificate(new X509Certificate(encode(old)), chain.issuing)
    const hex = renewed.raw.toString('hex')
    expect(hex).toContain('30090603551d1304023000')
    expect(hex).toContain('300b0603551d0f040403020780')
    expect(parseCertificate(renewed).extensions.keyUsage).toEqual(['digitalSignature'])
    // An indefinite length in an extension that means nothing here.
    extensions?.children.push(sequence(oid('1.2.3'), octets([0x30, 0x80, 0, 0])))
    expect(await rejectionCode(renewCertificate(new X509Certificate(encode(old)), chain.issuing))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('by another key is refused', async () => {
    const { leaf, root } = chain
    expect(await rejectionCode(renewCertificate(leaf, root.signer))).toBe('INVALID_ARGUMENT')
  })
})

describe('a CRL', () => {
  const now = new Date('2026-03-04T05:06:07.999Z')

  test('is read back with every reason', async () => {
    const reasons: readonly RevocationReason[] = [
      'unspecified',
      'keyCompromise',
      'cACompromise',
      'affiliationChanged',
      'superseded',
      'cessationOfOperation',
      'certificateHold',
      'privilegeWithdrawn',
      'aACompromise',
    ]
    const revoked = reasons.map((reason, index) => ({
      serialNumber: `0${index + 1}`,
      revokedAt: new Date('2026-01-02T03:04:05Z'),
      reason,
    }))
    const number = 2n ** 159n - 1n
    const der = await createRevocationList(chain.root, { number, thisUpdate: now, revoked })
    expect(readRevocationList(der, chain.root.certificate)).toEqual({
      issuer: 'CN=Root,O=Contoso',
      number,
      thisUpdate: new Date('2026-03-04T05:06:07Z'),
      nextUpdate: new Date('2026-03-11T05:06:07Z'),
      revoked,
    })
  })

  test('without entries has none, and not an empty list', async () => {
    const der = await createRevocationList(chain.root, { number: 0, revoked: [] })
    expect(readRevocationList(der, chain.root.certificate).revoked).toEqual([])
    // version, signature, issuer, thisUpdate, nextUpdate, [0] extensions
    expect(decode(der).children[0]?.children.map(({ tag }) => tag)).toEqual([
      0x02, 0x30, 0x30, 0x17, 0x17, 0xa0,
    ])
  })

  test.each([
    ['a negative number', { number: -1 }],
    ['a fraction', { number: 1.5 }],
    ['a number of 21 bytes', { number: 2n ** 159n }],
    ['an end before its beginning', { nextUpdate: new Date(0) }],
    [
      'a serial number twice',
      {
        revoked: [
          { serialNumber: '0a', revokedAt: now },
          { serialNumber: '0A', revokedAt: now },
        ],
      },
    ],
    [
      'a serial number twice, once with zeros before it',
      {
        revoked: [
          { serialNumber: '0A', revokedAt: now },
          { serialNumber: '000A', revokedAt: now },
        ],
      },
    ],
    ['a serial number that is none', { revoked: [{ serialNumber: 'x', revokedAt: now }] }],
    [
      'an unknown reason',
      { revoked: [{ serialNumber: '01', revokedAt: now, reason: 'size' as 'superseded' }] },
    ],
    ['a time that is none', { revoked: [{ serialNumber: '01', revokedAt: new Date(Number.NaN) }] }],
  ])('with %s is refused', async (_, wrong) => {
    const options = { number: 1, revoked: [], ...wrong }
    expect(await rejectionCode(createRevocationList(chain.root, options))).toBe('INVALID_ARGUMENT')
  })

  test('of another CA, or changed, is refused', async () => {
    const der = await createRevocationList(chain.root, { number: 1, revoked: [] })
    expect(() => readRevocationList(der, chain.issuing.certificate)).toThrow(
      expect.objectContaining({ code: 'INVALID_SIGNATURE' }),
    )
    const changed = decode(der)
    const time = changed.children[0]?.children[3]
    if (time !== undefined) time.content[0] = (time.content[0] ?? 0) ^ 1
    expect(() => readRevocationList(encode(changed), chain.root.certificate)).toThrow(
      expect.objectContaining({ code: 'INVALID_SIGNATURE' }),
    )
  })

  test('under a certificate that does not let its key sign CRLs is refused', async () => {
    const { signer } = chain.root
    const der = await createRevocationList(chain.root, { number: 1, revoked: [] })
    const sameNameAndKey = await createSelfSignedCertificate(signer, { subject: 'CN=Root,O=Contoso' })
    expect(() => readRevocationList(der, sameNameAndKey)).toThrow(
      expect.objectContaining({ code: 'INVALID_SIGNATURE', message: expect.stringContaining('cRLSign') }),
    )
  })

  test.each([
    ['a version there is not', 0, primitive(0x02, [2])],
    ['another algorithm inside than outside', 1, sequence(oid('1.2.840.10045.4.3.2'))],
  ])('with %s is refused', async (_, field, value) => {
    const changed = decode(await createRevocationList(chain.root, { number: 1, revoked: [] }))
    changed.children[0]?.children.splice(field, 1, value)
    expect(() => readRevocationList(encode(changed), null)).toThrow(
      expect.objectContaining({ code: 'INVALID_ENCODING' }),
    )
  })

  test('with a critical extension that is not known is refused', async () => {
    const root = decode(await createRevocationList(chain.root, { number: 1, revoked: [] }))
    const extension = root.children[0]?.children[5]?.children[0]?.children[1]
    // The CRL number, made critical.
    extension?.children.splice(1, 0, { tag: 0x01, children: [], content: Uint8Array.of(0xff) })
    expect(() => readRevocationList(encode(root), null)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
    )
  })

  test('too large is refused, unless the limit is raised', () => {
    const many = encode(constructed(0x30, ...Array.from({ length: 20 }, () => int(1))))
    expect(() => readRevocationList(many, null, { revocationListElements: 20 })).toThrow(
      expect.objectContaining({
        code: 'LIMIT_EXCEEDED',
        message:
          'the CRL holds more ASN.1 values than are allowed; limits.revocationListElements raises the limit',
      }),
    )
    expect(() => readRevocationList(many, null, { revocationListElements: 21 })).toThrow(
      expect.objectContaining({ code: 'INVALID_ENCODING' }),
    )
    expect(() => readRevocationList(encode(constructed(0x30)), null)).toThrow(
      expect.objectContaining({ code: 'INVALID_ENCODING' }),
    )
  })
})
