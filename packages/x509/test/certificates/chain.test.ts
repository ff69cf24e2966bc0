import { generateKeyPairSync, type X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createCertificate,
  createRevocationList,
  createSelfSignedCertificate,
  decodePem,
  issueCertificate,
  parseCertificate,
  readCertificateRequest,
  readRevocationList,
  renewCertificate,
  type Issuer,
  type RevocationReason,
} from '../../src/index.ts'
import { identity, rejectionCode } from '../support/certificates.ts'
import { constructed, decode, encode } from '../support/tlv.ts'
import { lacks, runWell, scratchFolder } from '../support/tools.ts'

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
    certificate: await createCertificate(root, issuingSigner.publicKey, {
      subject: 'CN=Issuing,O=Contoso',
      profile: 'issuingCa',
    }),
  }
  const leaf = await createCertificate(issuing, leafSigner.publicKey, { subject: 'CN=my-app-auth,O=Contoso' })
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
  return runWell(`openssl verify -x509_strict -CAfile ${root}${untrusted} ${leaf}`)
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

test.skipIf(lacks('openssl'))('a request without a subject is refused [needs openssl]', async () => {
  const key = join(scratchFolder(), 'key.pem')
  const pem = runWell(
    `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${key} -subj /`,
  )
  const request = decodePem(pem)[0]?.der ?? new Uint8Array()
  expect(readCertificateRequest(request).subject).toBe('')
  expect(await rejectionCode(issueCertificate(request, chain.issuing))).toBe('INVALID_ARGUMENT')
})

describe('an issuer is refused', () => {
  test('that may issue no CA below it', async () => {
    const { issuing, leafSigner } = chain
    const options = { subject: 'CN=a', profile: 'issuingCa' } as const
    expect(await rejectionCode(createCertificate(issuing, leafSigner.publicKey, options))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('that is no CA, or not the signer’s', async () => {
    const { root, leaf, leafSigner } = chain
    const noCa = { signer: leafSigner, certificate: leaf }
    expect(await rejectionCode(createCertificate(noCa, leafSigner.publicKey, { subject: 'CN=a' }))).toBe(
      'INVALID_ARGUMENT',
    )
    const another = { signer: leafSigner, certificate: root.certificate }
    expect(await rejectionCode(createCertificate(another, leafSigner.publicKey, { subject: 'CN=a' }))).toBe(
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
])('no certificate for a public key of %s', async (_, publicKey) => {
  expect(await rejectionCode(createCertificate(chain.root, publicKey, { subject: 'CN=a' }))).toBe(
    'UNSUPPORTED_KEY',
  )
})

describe('renewal', () => {
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

  test('with a critical extension that is not known is refused', async () => {
    const root = decode(await createRevocationList(chain.root, { number: 1, revoked: [] }))
    const extension = root.children[0]?.children[5]?.children[0]?.children[1]
    // The CRL number, made critical.
    extension?.children.splice(1, 0, { tag: 0x01, children: [], content: Uint8Array.of(0xff) })
    expect(() => readRevocationList(encode(root), null)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
    )
  })

  test('too large is refused', () => {
    expect(() => readRevocationList(new Uint8Array(2 ** 20 + 1), null)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
    expect(() => readRevocationList(encode(constructed(0x30)), null)).toThrow(
      expect.objectContaining({ code: 'INVALID_ENCODING' }),
    )
  })
})
