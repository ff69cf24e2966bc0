import { sign, X509Certificate } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  issueCertificate,
  parseCertificate,
  readCertificateRequest,
  readRevocationList,
} from '../../src/index.ts'
import { wrap } from '../../src/asn1/wrap.ts'
import { identity } from '../support/certificates.ts'
import { runs } from '../support/fuzz.ts'
import { allOf, decode, encode, type Tlv } from '../support/tlv.ts'

interface Subject {
  readonly der: Uint8Array
  readonly read: (der: Uint8Array) => unknown
}

const subjects = new Map<string, Subject>()

beforeAll(async () => {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const certificate = await createSelfSignedCertificate(signer, {
    subject: 'CN=fuzz,O=Contoso',
    profile: 'rootCa',
    subjectAltNames: [
      { type: 'dns', value: 'a.example' },
      { type: 'ip', value: '10.0.0.1' },
      { type: 'upn', value: 'a@b' },
    ],
    extensions: {
      nameConstraints: { permitted: [{ type: 'ip', value: '10.0.0.0/8' }] },
      crlDistributionPoints: ['http://a.example/'],
      authorityInfoAccess: { ocsp: ['http://a.example/'] },
      certificatePolicies: [{ policy: '1.2.3', cps: 'http://a.example/' }],
    },
  })
  subjects.set('a certificate', {
    der: certificate.raw,
    // What OpenSSL refuses never reaches us.
    read: (der) => {
      const parsed = nodeCertificate(der)
      return parsed === null ? null : parseCertificate(parsed)
    },
  })
  subjects.set('a request', {
    der: await createCertificateRequest(signer, {
      subject: 'CN=fuzz',
      subjectAltNames: [{ type: 'dns', value: 'a.example' }],
    }),
    read: readCertificateRequest,
  })
  subjects.set('a CRL', {
    der: await createRevocationList(
      { signer, certificate },
      {
        number: 1,
        revoked: [{ serialNumber: '01', revokedAt: new Date(), reason: 'superseded' }],
      },
    ),
    read: (der) => readRevocationList(der, null),
  })
})

function nodeCertificate(der: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(der)
  } catch {
    return null
  }
}

/** Changes the contents, the tag or the children of one value; what is inside OCTET STRINGs changes byte by byte. */
function mutate(der: Uint8Array, at: number, kind: number, content: Uint8Array): Uint8Array {
  const root = decode(der)
  const nodes = allOf(root).filter((node) => node !== root)
  const node = nodes[at % nodes.length]
  if (node === undefined) return der
  switch (kind) {
    case 0:
      Object.assign(node, { children: [], content })
      break
    case 1:
      node.tag = content[0] ?? 0
      break
    case 2:
      node.children.push(node.children[0] ?? { tag: 0x05, children: [], content: new Uint8Array() })
      break
    case 3:
      node.children.pop()
      break
    default:
      flip(node, content)
  }
  return encode(root)
}

function flip(node: Tlv, content: Uint8Array): void {
  const bytes = Uint8Array.from(node.content)
  const [at = 0, value = 1] = content
  if (bytes.length > 0) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ value
  node.content = bytes
}

test.each(['a certificate', 'a request', 'a CRL'])(
  'nothing but SealwrightErrors comes of changing %s',
  (name) => {
    const { der, read } = subjects.get(name) ?? { der: new Uint8Array(), read: () => null }
    const outcomes = new Set<string>()
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(6), fc.uint8Array({ maxLength: 12 }), (at, kind, content) => {
        try {
          read(mutate(der, at, kind, content))
          outcomes.add('read')
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'SealwrightError') throw error
          outcomes.add(String(Reflect.get(error, 'code')))
        }
      }),
      runs,
    )
    // The changes have to reach different checks, or this test shows little.
    expect(outcomes.size).toBeGreaterThan(1)
  },
)

/** Where the identifier octets are. All lengths are short. */
function identifiersOf(der: Uint8Array, start = 0, end = der.length): readonly number[] {
  const offsets: number[] = []
  for (let at = start; at < end; at += 2 + (der[at + 1] ?? 0)) {
    offsets.push(at)
    if (((der[at] ?? 0) & 0x20) !== 0)
      offsets.push(...identifiersOf(der, at + 2, at + 2 + (der[at + 1] ?? 0)))
  }
  return offsets
}

test('whatever tags the subject of a request has, OpenSSL reads the names in the certificate that the CA was shown', async () => {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const ca = { subject: 'CN=ca', profile: 'rootCa' } as const
  const issuer = { signer, certificate: await createSelfSignedCertificate(signer, ca) }
  const { privateKey } = await identity('ed25519')
  const request = await createCertificateRequest(createLocalSigner(privateKey), {
    subject: 'CN=a+OU=b,O=c',
  })
  const [info, algorithm] = decode(request).children
  const [version, name, ...others] = (info?.children ?? []).map(encode)
  if (name === undefined || version === undefined || algorithm === undefined) throw new Error('no request')
  const names = new Set<string>()
  for (const at of identifiersOf(name)) {
    for (let tag = 0; tag < 256; tag++) {
      const subject = Uint8Array.from(name)
      subject[at] = tag
      const toBeSigned = wrap(0x30, version, subject, ...others)
      const signature = wrap(0x03, Uint8Array.of(0), sign(null, toBeSigned, privateKey))
      const der = wrap(0x30, toBeSigned, encode(algorithm), signature)
      try {
        const shown = readCertificateRequest(der)
        // One after the other: they share the key's thread.
        // oxlint-disable-next-line no-await-in-loop
        const certificate = await issueCertificate(issuer, shown, {
          subjectAltNames: [{ type: 'dns', value: 'a.example' }],
        })
        names.add(`${shown.subject} is ${certificate.subject}`)
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'SealwrightError') throw error
      }
    }
  }
  expect([...names]).toEqual(['CN=a+OU=b,O=c is O=c\nCN=a + OU=b'])
})
