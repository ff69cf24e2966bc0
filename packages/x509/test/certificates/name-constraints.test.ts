import { sign, X509Certificate } from 'node:crypto'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createSelfSignedCertificate,
  issueCertificate,
  readCertificateRequest,
  renewCertificate,
  type NameConstraints,
  type SubjectAltName,
} from '../../src/index.ts'
import { identity, type Identity } from '../support/certificates.ts'
import { allOf, decode, encode, oid, primitive, sequence, type Tlv } from '../support/tlv.ts'

/** A CA's own name constraints apply to what it issues (RFC 5280 §4.2.1.10): no verifier would accept the rest. */

let signer: Signer
let leaf: Identity
beforeAll(async () => {
  signer = createLocalSigner((await identity('ec-p256')).privateKey)
  leaf = await identity('ec-p384')
})

async function caWith(nameConstraints: NameConstraints) {
  const options = { subject: 'CN=ca', profile: 'rootCa', extensions: { nameConstraints } } as const
  return { signer, certificate: await createSelfSignedCertificate(signer, options) }
}

async function issue(
  nameConstraints: NameConstraints,
  subject: string,
  subjectAltNames: readonly SubjectAltName[],
): Promise<unknown> {
  const { publicKey } = createLocalSigner(leaf.privateKey)
  return issueCertificate(await caWith(nameConstraints), { subject, publicKey }, { subjectAltNames })
}

type Names = readonly [constraint: NameConstraints['permitted'], name: SubjectAltName]

const inside: readonly Names[] = [
  [[{ type: 'dns', value: 'example.com' }], { type: 'dns', value: 'example.com' }],
  [[{ type: 'dns', value: 'example.com' }], { type: 'dns', value: 'A.b.Example.com' }],
  [[{ type: 'dns', value: 'example.com' }], { type: 'dns', value: '*.example.com' }],
  [[{ type: 'dns', value: '' }], { type: 'dns', value: 'a.example' }],
  [[{ type: 'email', value: 'example.com' }], { type: 'email', value: 'a@EXAMPLE.com' }],
  [[{ type: 'email', value: '.example.com' }], { type: 'email', value: 'a@b.example.com' }],
  [[{ type: 'email', value: 'a@example.com' }], { type: 'email', value: 'a@example.com' }],
  [[{ type: 'uri', value: '.example.com' }], { type: 'uri', value: 'https://a.example.com:8443/x' }],
  [[{ type: 'uri', value: 'example.com' }], { type: 'uri', value: 'https://u@example.com/' }],
  [[{ type: 'ip', value: '10.0.0.0/8' }], { type: 'ip', value: '10.255.1.2' }],
  [[{ type: 'ip', value: '2001:db8::/33' }], { type: 'ip', value: '2001:db8:7fff::1' }],
  [[{ type: 'ip', value: '::1.2.3.0/120' }], { type: 'ip', value: '::1.2.3.4' }],
  [[{ type: 'directoryName', value: 'O=Contoso' }], { type: 'directoryName', value: 'CN=a,O=CONTOSO' }],
]

const outside: readonly Names[] = [
  [[{ type: 'dns', value: 'example.com' }], { type: 'dns', value: 'notexample.com' }],
  [[{ type: 'dns', value: 'example.com' }], { type: 'dns', value: 'example.com.evil.test' }],
  [[{ type: 'email', value: 'example.com' }], { type: 'email', value: 'a@b.example.com' }],
  [[{ type: 'email', value: '.example.com' }], { type: 'email', value: 'a@example.com' }],
  [[{ type: 'email', value: 'a@example.com' }], { type: 'email', value: 'A@example.com' }],
  [[{ type: 'uri', value: 'example.com' }], { type: 'uri', value: 'https://a.example.com/' }],
  [[{ type: 'uri', value: 'example.com' }], { type: 'uri', value: 'urn:example.com' }],
  [[{ type: 'uri', value: 'example.com' }], { type: 'uri', value: 'https://192.0.2.1/' }],
  [[{ type: 'ip', value: '10.0.0.0/8' }], { type: 'ip', value: '11.0.0.1' }],
  [[{ type: 'ip', value: '0.0.0.0/0' }], { type: 'ip', value: '::1' }],
  [[{ type: 'ip', value: '::ffff:1.2.3.0/120' }], { type: 'ip', value: '::1.2.3.4' }],
  [[{ type: 'directoryName', value: 'O=Contoso' }], { type: 'directoryName', value: 'O=Contoso,C=NL' }],
]

describe('permitted names', () => {
  test.each(inside)('%j takes in %j', async (permitted, name) => {
    const subject = name.type === 'directoryName' ? 'CN=x,O=Contoso' : 'CN=x'
    await expect(issue({ permitted }, subject, [name])).resolves.toBeDefined()
  })

  test.each(outside)('%j leaves out %j', async (permitted, name) => {
    const subject = name.type === 'directoryName' ? 'CN=x,O=Contoso' : 'CN=x'
    await expect(issue({ permitted }, subject, [name])).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `the name constraints of the issuer’s certificate: a name of type ${name.type} is outside the names that the issuer may certify`,
      }),
    )
  })

  test('names of other types are free', async () => {
    const permitted = [{ type: 'dns', value: 'example.com' }] as const
    await expect(issue({ permitted }, 'CN=x', [{ type: 'ip', value: '10.0.0.1' }])).resolves.toBeDefined()
  })
})

describe('excluded names', () => {
  test.each(inside.filter(([, { type }]) => type !== 'directoryName'))(
    '%j refuses %j',
    async (excluded, name) => {
      await expect(issue({ excluded }, 'CN=x', [name])).rejects.toThrow('may not certify')
    },
  )

  test('a wildcard that stands for an excluded host', async () => {
    const excluded = [{ type: 'dns', value: 'secret.example.com' }] as const
    await expect(issue({ excluded }, 'CN=x', [{ type: 'dns', value: '*.example.com' }])).rejects.toThrow(
      'may not certify',
    )
    await expect(
      issue({ excluded }, 'CN=x', [{ type: 'dns', value: 'open.example.com' }]),
    ).resolves.toBeDefined()
  })

  test('a URI without a host cannot be compared, and is refused', async () => {
    const excluded = [{ type: 'uri', value: 'example.com' }] as const
    await expect(issue({ excluded }, 'CN=x', [{ type: 'uri', value: 'urn:a:b' }])).rejects.toThrow(
      'may not certify',
    )
  })
})

test('the subject counts, and the e-mail address in it', async () => {
  const contoso = { permitted: [{ type: 'directoryName', value: 'O=Contoso' }] } as const
  await expect(issue(contoso, 'CN=x,O=Contoso', [])).resolves.toBeDefined()
  await expect(issue(contoso, 'CN=x,O=Fabrikam', [])).rejects.toThrow('a name of type directoryName')
  const mail = { permitted: [{ type: 'email', value: 'example.com' }] } as const
  await expect(issue(mail, 'CN=x,E=a@example.com', [])).resolves.toBeDefined()
  await expect(issue(mail, 'CN=x,E=a@example.org', [])).rejects.toThrow('a name of type email')
})

test('requests and renewals are held to them too', async () => {
  const ca = await caWith({ permitted: [{ type: 'directoryName', value: 'O=Contoso' }] })
  const own = createLocalSigner(leaf.privateKey)
  const request = readCertificateRequest(await createCertificateRequest(own, { subject: 'CN=x,O=Fabrikam' }))
  await expect(issueCertificate(ca, request)).rejects.toThrow('a name of type directoryName')
  const outsider = await createSelfSignedCertificate(own, { subject: 'CN=x,O=Fabrikam' })
  await expect(renewCertificate(outsider, ca)).rejects.toThrow('a name of type directoryName')
  const alternative = await createSelfSignedCertificate(own, {
    subject: 'CN=x,O=Contoso',
    subjectAltNames: [{ type: 'directoryName', value: 'O=Fabrikam' }],
  })
  await expect(renewCertificate(alternative, ca)).rejects.toThrow('a name of type directoryName')
})

/** A certificate with a SAN that cannot be written here. Renewal by a CA does not look at the old signature. */
async function withAlternativeName(tag: number, text: string): Promise<X509Certificate> {
  const value = encode(sequence(primitive(tag, Buffer.from(text))))
  const placeholder = '1.2.3.4'
  const certificate = await createSelfSignedCertificate(createLocalSigner(leaf.privateKey), {
    subject: 'CN=x',
    extensions: { custom: [{ oid: placeholder, critical: false, value }] },
  })
  const tree = decode(certificate.raw)
  const wanted = Buffer.from(encode(oid(placeholder)))
  const extension = allOf(tree).find(({ children: [first] }) => first && wanted.equals(encode(first)))
  if (extension === undefined) throw new Error('no extension')
  extension.children[0] = oid('2.5.29.17')
  return new X509Certificate(encode(tree))
}

/** The same list with the tag of a primitive value: OpenSSL reads its elements, and a reader that trusts the tag sees none. */
function primitiveForm(list: Tlv | undefined): Tlv {
  return primitive((list?.tag ?? 0) & ~0x20, Buffer.concat((list?.children ?? []).map(encode)))
}

describe('a list that is not constructed hides no names from the CA', () => {
  const malformed = expect.objectContaining({
    code: 'INVALID_ENCODING',
    message: expect.stringContaining('not constructed'),
  })

  test('the subject of a request', async () => {
    const own = createLocalSigner(leaf.privateKey)
    const tree = decode(await createCertificateRequest(own, { subject: 'CN=x,O=Fabrikam' }))
    const info = tree.children[0] ?? sequence()
    const subject = primitiveForm(info.children[1])
    info.children[1] = subject
    tree.children[2] = primitive(0x03, [0, ...sign('sha384', encode(info), leaf.privateKey)])
    expect(() => readCertificateRequest(encode(tree))).toThrow(malformed)
    const made = { subject: '', publicKey: own.publicKey, subjectDer: encode(subject) }
    await expect(issueCertificate(await caWith({}), made)).rejects.toThrow(malformed)
  })

  test('the alternative names of a certificate', async () => {
    const named = await createSelfSignedCertificate(createLocalSigner(leaf.privateKey), {
      subject: 'CN=x',
      subjectAltNames: [{ type: 'dns', value: 'evil.com' }],
    })
    const certificate = withExtension(named, '2.5.29.17', primitiveForm)
    // OpenSSL reads the name.
    expect(certificate.subjectAltName).toBe('DNS:evil.com')
    const excluded = [{ type: 'dns', value: 'evil.com' }] as const
    await expect(renewCertificate(certificate, await caWith({ excluded }))).rejects.toThrow(malformed)
    await expect(renewCertificate(certificate, createLocalSigner(leaf.privateKey))).rejects.toThrow(
      'the value of the extension 2.5.29.17 is not DER',
    )
  })

  test.each([0, 1])('the constraints, list %i', async (index) => {
    const names = [{ type: 'dns', value: 'good.com' }] as const
    const ca = await caWith({ permitted: names, excluded: names })
    const certificate = withExtension(ca.certificate, '2.5.29.30', ({ children, ...list }) => ({
      ...list,
      children: children.map((each, at) => (at === index ? primitiveForm(each) : each)),
    }))
    const issuer = { signer, certificate }
    const { publicKey } = createLocalSigner(leaf.privateKey)
    await expect(issueCertificate(issuer, { subject: 'CN=x', publicKey })).rejects.toThrow(malformed)
  })
})

/** A certificate whose extension is changed; its signature is wrong then. */
function withExtension(
  certificate: X509Certificate,
  id: string,
  change: (value: Tlv) => Tlv,
): X509Certificate {
  const tree = decode(certificate.raw)
  const wanted = Buffer.from(encode(oid(id)))
  const extension = allOf(tree).find(({ children: [first] }) => first && wanted.equals(encode(first)))
  const value = extension?.children.at(-1)
  if (value === undefined) throw new Error('no extension')
  value.content = encode(change(decode(value.content)))
  return new X509Certificate(encode(tree))
}

describe('a malformed name is outside of every constraint of its type, as verifiers read it differently', () => {
  const good = 'good.com'
  test.each([
    ['email', 0x81, '"x@good.com"@evil.com'],
    ['email', 0x81, 'x@good.com@evil.com'],
    ['email', 0x81, 'x@evil.com@good.com'],
    ['email', 0x81, 'good.com'],
    ['uri', 0x86, 'https://evil.com\\@good.com/'],
    ['uri', 0x86, 'https://good.com\\.evil.com/'],
    ['uri', 0x86, 'https://evil.com @good.com/'],
    ['dns', 0x82, 'evil.com .good.com'],
  ] as const)('%s, tag %i, %s', async (type, tag, text) => {
    const certificate = await withAlternativeName(tag, text)
    const permitted = [{ type, value: good }]
    const excluded = [{ type, value: 'other.com' }]
    await expect(renewCertificate(certificate, await caWith({ permitted }))).rejects.toThrow(
      `a name of type ${type} is outside`,
    )
    await expect(renewCertificate(certificate, await caWith({ excluded }))).rejects.toThrow(
      `a name of type ${type} is among`,
    )
  })
})
