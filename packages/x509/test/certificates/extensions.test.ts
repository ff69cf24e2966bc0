import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type KeyTypeName, type Signer } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, lacksPython, run } from '@sealwright/test-kit/tools'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  parseCertificate,
  readCertificateRequest,
  type CertificateExtensions,
  type CertificateProfile,
  type KeyUsage,
  type SubjectAltName,
} from '../../src/index.ts'
import { identity, rejectionCode } from '../support/certificates.ts'
import { encode, int, octets, sequence } from '../support/tlv.ts'
import { pythonCryptography } from '../support/tools.ts'

let signer: Signer
beforeAll(async () => {
  signer = createLocalSigner((await identity('ec-p256')).privateKey)
})

const subjectAltNames: readonly SubjectAltName[] = [
  { type: 'dns', value: 'example.com' },
  { type: 'directoryName', value: 'CN=a\\, b,O=Contoso' },
  { type: 'upn', value: 'änne@contoso.com' },
  { type: 'otherName', typeId: '1.2.3.4.5', value: encode(octets([1, 2])) },
  { type: 'ip', value: '2001:db8::1' },
  { type: 'email', value: 'a@example.com' },
  { type: 'uri', value: 'https://example.com/' },
]

const everything: CertificateExtensions = {
  basicConstraints: { ca: true, pathLength: 3 },
  keyUsage: ['digitalSignature', 'keyAgreement', 'keyCertSign', 'decipherOnly'],
  extendedKeyUsage: ['serverAuth', 'clientAuth', 'codeSigning', 'emailProtection', 'OCSPSigning', '1.2.3.4'],
  issuerAltNames: [{ type: 'uri', value: 'https://issuer.example.com/' }],
  certificatePolicies: [{ policy: '2.5.29.32.0' }, { policy: '1.2.3', cps: 'https://example.com/cps' }],
  nameConstraints: {
    permitted: [
      { type: 'dns', value: 'contoso.com' },
      { type: 'ip', value: '10.0.0.0/8' },
      { type: 'ip', value: '2001:db8::/33' },
      { type: 'directoryName', value: 'O=Contoso' },
    ],
    excluded: [
      { type: 'email', value: '.contoso.com' },
      { type: 'uri', value: '.contoso.com' },
      { type: 'ip', value: '0.0.0.0/0' },
    ],
  },
  crlDistributionPoints: ['http://pki.contoso.com/a.crl', 'ldap://pki.contoso.com/b'],
  authorityInfoAccess: { ocsp: ['http://ocsp.contoso.com/'], caIssuers: ['http://pki.contoso.com/a.cer'] },
  custom: [{ oid: '1.2.3.4.5.6', critical: false, value: encode(sequence(int(5))) }],
}

test('every extension is read back as it was given', async () => {
  const certificate = await createSelfSignedCertificate(signer, {
    subject: 'CN=a',
    subjectAltNames,
    extensions: everything,
  })
  const { extensions } = parseCertificate(certificate)
  const keyIdentifier = extensions.subjectKeyIdentifier
  expect(keyIdentifier).toMatch(/^[0-9a-f]{40}$/)
  expect(extensions).toEqual({
    ...everything,
    subjectKeyIdentifier: keyIdentifier,
    authorityKeyIdentifier: keyIdentifier,
    subjectAltNames,
    critical: ['basicConstraints', 'keyUsage', 'nameConstraints'],
  })
})

test('what a request asks for is read back', async () => {
  const request = await createCertificateRequest(signer, {
    subject: 'CN=a',
    subjectAltNames,
    extensions: everything,
  })
  const { extensions } = readCertificateRequest(request)
  expect(extensions.keyUsage).toEqual(everything.keyUsage)
  expect(extensions.subjectKeyIdentifier).toBeNull()
})

describe.skipIf(lacks('openssl'))('OpenSSL [needs openssl]', () => {
  test('shows every extension, and which are critical', async () => {
    const certificate = await createSelfSignedCertificate(signer, {
      subject: 'CN=a',
      subjectAltNames,
      extensions: everything,
    })
    const text = run('openssl x509 -noout -text', certificate.toString())
      .split('\n')
      .map((line) => line.trim())
    const start = text.indexOf('X509v3 extensions:')
    const end = text.findIndex((line) => line.startsWith('X509v3 Subject Key Identifier'))
    expect(text.slice(start + 1, end)).toMatchInlineSnapshot(`
      [
        "X509v3 Basic Constraints: critical",
        "CA:TRUE, pathlen:3",
        "X509v3 Key Usage: critical",
        "Digital Signature, Key Agreement, Certificate Sign, Decipher Only",
        "X509v3 Extended Key Usage:",
        "TLS Web Server Authentication, TLS Web Client Authentication, Code Signing, E-mail Protection, OCSP Signing, 1.2.3.4",
        "X509v3 Subject Alternative Name:",
        "DNS:example.com, DirName:/O=Contoso/CN=a, b, othername: UPN::änne@contoso.com, othername: 1.2.3.4.5::<unsupported>, IP Address:2001:DB8:0:0:0:0:0:1, email:a@example.com, URI:https://example.com/",
        "X509v3 Issuer Alternative Name:",
        "URI:https://issuer.example.com/",
        "X509v3 Certificate Policies:",
        "Policy: X509v3 Any Policy",
        "Policy: 1.2.3",
        "CPS: https://example.com/cps",
        "X509v3 Name Constraints: critical",
        "Permitted:",
        "DNS:contoso.com",
        "IP:10.0.0.0/255.0.0.0",
        "IP:2001:DB8:0:0:0:0:0:0/FFFF:FFFF:8000:0:0:0:0:0",
        "DirName:O = Contoso",
        "Excluded:",
        "email:.contoso.com",
        "URI:.contoso.com",
        "IP:0.0.0.0/0.0.0.0",
        "X509v3 CRL Distribution Points:",
        "Full Name:",
        "URI:http://pki.contoso.com/a.crl",
        "Full Name:",
        "URI:ldap://pki.contoso.com/b",
        "Authority Information Access:",
        "OCSP - URI:http://ocsp.contoso.com/",
        "CA Issuers - URI:http://pki.contoso.com/a.cer",
        "1.2.3.4.5.6:",
        "0....",
      ]
    `)
  })

  test('builds the extensions bit for bit as we do', async () => {
    const config = join(scratchFolder(), 'openssl.cnf')
    writeFileSync(
      config,
      `[req]
distinguished_name = dn
x509_extensions = ext
[dn]
[ext]
basicConstraints = critical,CA:TRUE,pathlen:3
keyUsage = critical,digitalSignature,keyAgreement,keyCertSign,decipherOnly
extendedKeyUsage = serverAuth,1.2.3.4
subjectAltName = DNS:example.com,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a@contoso.com,IP:10.0.0.1,dirName:dir
certificatePolicies = 2.5.29.32.0,@policy
nameConstraints = critical,permitted;DNS:contoso.com,permitted;IP:10.0.0.0/255.0.0.0,excluded;email:.contoso.com
crlDistributionPoints = URI:http://pki.contoso.com/a.crl,URI:http://pki.contoso.com/b.crl
authorityInfoAccess = OCSP;URI:http://ocsp.contoso.com/,caIssuers;URI:http://pki.contoso.com/a.cer
[policy]
policyIdentifier = 1.2.3
CPS.1 = https://example.com/cps
[dir]
O = Contoso
CN = a
`,
    )
    const key = join(scratchFolder(), 'key.pem')
    const file = run(
      `openssl req -x509 -utf8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${key} -subj /CN=a -config ${config} -days 1`,
    )
    const ours = await createSelfSignedCertificate(signer, {
      subject: 'CN=a',
      subjectAltNames: [
        { type: 'dns', value: 'example.com' },
        { type: 'upn', value: 'a@contoso.com' },
        { type: 'ip', value: '10.0.0.1' },
        { type: 'directoryName', value: 'CN=a,O=Contoso' },
      ],
      extensions: {
        basicConstraints: { ca: true, pathLength: 3 },
        keyUsage: ['digitalSignature', 'keyAgreement', 'keyCertSign', 'decipherOnly'],
        extendedKeyUsage: ['serverAuth', '1.2.3.4'],
        certificatePolicies: [{ policy: '2.5.29.32.0' }, { policy: '1.2.3', cps: 'https://example.com/cps' }],
        nameConstraints: {
          permitted: [
            { type: 'dns', value: 'contoso.com' },
            { type: 'ip', value: '10.0.0.0/8' },
          ],
          excluded: [{ type: 'email', value: '.contoso.com' }],
        },
        crlDistributionPoints: ['http://pki.contoso.com/a.crl', 'http://pki.contoso.com/b.crl'],
        authorityInfoAccess: {
          ocsp: ['http://ocsp.contoso.com/'],
          caIssuers: ['http://pki.contoso.com/a.cer'],
        },
      },
    })
    // OpenSSL prints each Extension's value in hexadecimal with -strparse; the values are the same, in whatever order.
    expect(extensionValues(ours.toString())).toEqual(expect.arrayContaining([...extensionValues(file)]))
    expect(extensionValues(file).length).toBeGreaterThanOrEqual(8)
  })
})

/** The lines of OpenSSL that show the extensions' values, key identifiers left out. */
function extensionValues(pem: string): readonly string[] {
  const lines = run('openssl asn1parse', pem).split('\n')
  return lines.flatMap((line, index) => {
    const name = /OBJECT +:(X509v3 .*|Authority Information Access)$/.exec(line)?.[1]
    if (name === undefined || name.includes('Key Identifier')) return []
    const following = lines.slice(index + 1, index + 3).map((each) => each.slice(each.indexOf('prim:')))
    return [`${name} ${following.filter((each) => !each.includes('OBJECT')).join(' ')}`]
  })
}

describe('profiles', () => {
  test.each<[CertificateProfile, number, boolean]>([
    ['tokenSigning', 730, false],
    ['rootCa', 7305, true],
    ['issuingCa', 1826, true],
    ['tlsServer', 199, false],
  ])('%s is for %d days', async (profile, days, ca) => {
    const certificate = await createSelfSignedCertificate(signer, {
      subject: 'CN=a',
      subjectAltNames,
      profile,
    })
    const { notBefore, notAfter } = parseCertificate(certificate)
    expect((notAfter.getTime() + 1000 - notBefore.getTime()) / 86_400_000).toBe(days)
    expect(certificate.ca).toBe(ca)
  })

  test('an extension takes the place of the profile’s, and leaves the others', async () => {
    const certificate = await createSelfSignedCertificate(signer, {
      subject: 'CN=a',
      subjectAltNames,
      profile: 'tlsServer',
      extensions: { extendedKeyUsage: ['serverAuth', 'clientAuth'] },
    })
    const { extensions } = parseCertificate(certificate)
    expect(extensions.extendedKeyUsage).toEqual(['serverAuth', 'clientAuth'])
    expect(extensions.keyUsage).toEqual(['digitalSignature'])
  })
})

test.each<[string, readonly SubjectAltName[]]>([
  ['no subjectAltName', []],
  ['an e-mail address alone', [{ type: 'email', value: 'a@example.com' }]],
])('a TLS server’s certificate with %s is refused: no client would take it', async (_name, names) => {
  const options = { subject: 'CN=example.com', subjectAltNames: names, profile: 'tlsServer' } as const
  await expect(createSelfSignedCertificate(signer, options)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'a TLS server’s certificate needs a DNS name or an IP address in subjectAltNames',
  })
})

describe('what is undefined is as the profile has it', () => {
  test('of the extensions', async () => {
    const extensions = { basicConstraints: undefined, keyUsage: undefined, extendedKeyUsage: undefined }
    const options = { subject: 'CN=a', subjectAltNames, profile: 'tlsServer', extensions } as const
    const read = parseCertificate(await createSelfSignedCertificate(signer, options)).extensions
    expect(read.basicConstraints).toEqual({ ca: false })
    expect(read.keyUsage).toEqual(['digitalSignature'])
    expect(read.extendedKeyUsage).toEqual(['serverAuth'])
  })
})

describe('key usages are those of the kind of key', () => {
  test.each<[KeyTypeName, KeyUsage, string]>([
    ['rsa-2048', 'keyAgreement', 'digitalSignature, nonRepudiation, keyCertSign, cRLSign, keyEncipherment'],
    ['ec-p256', 'keyEncipherment', 'digitalSignature, nonRepudiation, keyCertSign, cRLSign, keyAgreement'],
    ['ec-p256', 'dataEncipherment', 'digitalSignature'],
    ['ed25519', 'keyEncipherment', 'it can have digitalSignature, nonRepudiation, keyCertSign, cRLSign'],
    ['ed25519', 'keyAgreement', 'it can have digitalSignature, nonRepudiation, keyCertSign, cRLSign'],
  ])('%s is not for %s', async (type, usage, possible) => {
    const keySigner = createLocalSigner((await identity(type)).privateKey)
    const options = { subject: 'CN=a', extensions: { keyUsage: ['digitalSignature', usage] } } as const
    await expect(createSelfSignedCertificate(keySigner, options)).rejects.toThrow(possible)
    expect(await rejectionCode(createCertificateRequest(keySigner, options))).toBe('INVALID_ARGUMENT')
  })

  test('RSA keys encipher', async () => {
    const keySigner = createLocalSigner((await identity('rsa-2048')).privateKey)
    const keyUsage = ['digitalSignature', 'keyEncipherment', 'dataEncipherment'] as const
    const certificate = await createSelfSignedCertificate(keySigner, {
      subject: 'CN=a',
      extensions: { keyUsage },
    })
    expect(parseCertificate(certificate).extensions.keyUsage).toEqual(keyUsage)
  })
})

test('an empty domain constrains all of them', async () => {
  const nameConstraints = { excluded: [{ type: 'dns', value: '' }] } as const
  const options = { subject: 'CN=a', profile: 'issuingCa', extensions: { nameConstraints } } as const
  const certificate = await createSelfSignedCertificate(signer, options)
  expect(parseCertificate(certificate).extensions.nameConstraints).toEqual({
    permitted: [],
    ...nameConstraints,
  })
})

describe('refused before anything is signed', () => {
  const dns = [{ type: 'dns', value: 'a.example' }] as const
  test.each<[string, CertificateExtensions]>([
    ['an unknown key usage', { keyUsage: ['sign' as 'cRLSign'] }],
    ['decipherOnly without keyAgreement', { keyUsage: ['decipherOnly'] }],
    ['keyCertSign without a CA', { keyUsage: ['keyCertSign'] }],
    ['a CA that may not sign certificates', { basicConstraints: { ca: true }, keyUsage: ['cRLSign'] }],
    ['a CA without key usages', { basicConstraints: { ca: true }, keyUsage: [] }],
    ['a policy that is there twice', { certificatePolicies: [{ policy: '1.2.3' }, { policy: '1.2.3' }] }],
    ['a CPS that is a scheme alone', { certificatePolicies: [{ policy: '1.2.3', cps: 'a:' }] }],
    ['a path length without a CA', { basicConstraints: { ca: false, pathLength: 0 } }],
    ['a negative path length', { basicConstraints: { ca: true, pathLength: -1 }, keyUsage: ['keyCertSign'] }],
    ['an unknown extended key usage', { extendedKeyUsage: ['toString'] }],
    ['name constraints without a CA', { nameConstraints: { permitted: dns } }],
    ['a policy that is no OID', { certificatePolicies: [{ policy: 'any' }] }],
    ['a CPS that is no URI', { certificatePolicies: [{ policy: '1.2.3', cps: 'here' }] }],
    ['a distribution point that is no URI', { crlDistributionPoints: ['here'] }],
    ['an OCSP responder that is no URI', { authorityInfoAccess: { ocsp: ['here'] } }],
    ['an extension that is no OID', { custom: [{ oid: '3.1', critical: false, value: encode(int(1)) }] }],
    [
      'an extension with an option of its own',
      { custom: [{ oid: '2.5.29.15', critical: true, value: encode(int(1)) }] },
    ],
    [
      'an extension that is not DER',
      { custom: [{ oid: '1.2.3', critical: false, value: Uint8Array.of(1) }] },
    ],
    [
      'an extension of indefinite length',
      { custom: [{ oid: '1.2.3', critical: false, value: Uint8Array.of(0x30, 0x80, 0, 0) }] },
    ],
    [
      'an extension with a length in too many bytes',
      { custom: [{ oid: '1.2.3', critical: false, value: Uint8Array.of(0x04, 0x81, 1, 0) }] },
    ],
  ])('%s', async (_, extensions) => {
    expect(await rejectionCode(createSelfSignedCertificate(signer, { subject: 'CN=a', extensions }))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test.each(['permitted', 'excluded'])('a wildcard among the %s names', async (list) => {
    const nameConstraints = { [list]: [{ type: 'dns', value: '*.a.example' }] }
    const options = { subject: 'CN=a', profile: 'rootCa', extensions: { nameConstraints } } as const
    await expect(createSelfSignedCertificate(signer, options)).rejects.toThrow(
      'a name constraint of type dns has a wildcard; write the domain, which includes all below it',
    )
  })

  test.each<[string, readonly SubjectAltName[]]>([
    ['a UPN without a domain', [{ type: 'upn', value: 'a' }]],
    ['an otherName that is not DER', [{ type: 'otherName', typeId: '1.2', value: Uint8Array.of(4, 9) }]],
    ['an otherName that is no OID', [{ type: 'otherName', typeId: 'x', value: encode(int(1)) }]],
  ])('%s', async (_, names) => {
    const options = { subject: 'CN=a', subjectAltNames: names }
    expect(await rejectionCode(createSelfSignedCertificate(signer, options))).toBe('INVALID_ARGUMENT')
  })

  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.1/8', '10.0.0.0/8/8', '10.0.0.0/-1', 'x/8', '::/129'])(
    'the IP range %s',
    async (value) => {
      const extensions: CertificateExtensions = {
        basicConstraints: { ca: true },
        keyUsage: ['keyCertSign'],
        nameConstraints: { permitted: [{ type: 'ip', value }] },
      }
      expect(await rejectionCode(createSelfSignedCertificate(signer, { subject: 'CN=a', extensions }))).toBe(
        'INVALID_ARGUMENT',
      )
    },
  )

  test('an unknown profile, and names among the extensions', async () => {
    const profile = 'constructor' as CertificateProfile
    expect(await rejectionCode(createSelfSignedCertificate(signer, { subject: 'CN=a', profile }))).toBe(
      'INVALID_ARGUMENT',
    )
    const options = { subject: 'CN=a', extensions: { subjectAltNames: dns } as CertificateExtensions }
    const refusal = 'options.extensions.subjectAltNames is not an option; pass it next to extensions'
    await expect(createSelfSignedCertificate(signer, options)).rejects.toThrow(refusal)
    await expect(createCertificateRequest(signer, options)).rejects.toThrow(refusal)
  })
})

test.skipIf(lacksPython(pythonCryptography))(
  'another reader sees the name constraints as they were meant [needs Python cryptography]',
  async () => {
    const certificate = await createSelfSignedCertificate(signer, {
      subject: 'CN=a',
      subjectAltNames,
      extensions: everything,
    })
    const script = join(scratchFolder(), 'read.py')
    writeFileSync(
      script,
      `import sys
from cryptography import x509
constraints = x509.load_pem_x509_certificate(sys.stdin.buffer.read()).extensions.get_extension_for_class(x509.NameConstraints).value
print([str(each.value) for each in constraints.permitted_subtrees[:3]], [str(each.value) for each in constraints.excluded_subtrees])
`,
    )
    expect(run(`python3 ${script}`, certificate.toString())).toBe(
      "['contoso.com', '10.0.0.0/8', '2001:db8::/33'] ['.contoso.com', '.contoso.com', '0.0.0.0/0']\n",
    )
  },
)

describe('a misspelt option is refused by its name, however deep it is', () => {
  test.each<[string, object]>([
    ['options.notafter', { notafter: new Date() }],
    ['options.extensions.keyusage', { extensions: { keyusage: [] } }],
    [
      'options.extensions.basicConstraints.pathlength',
      { extensions: { basicConstraints: { ca: true, pathlength: 1 } } },
    ],
    ['options.extensions.nameConstraints.allowed', { extensions: { nameConstraints: { allowed: [] } } }],
    [
      'options.extensions.nameConstraints.permitted[0].name',
      { extensions: { nameConstraints: { permitted: [{ type: 'dns', value: 'a', name: 'b' }] } } },
    ],
    [
      'options.extensions.certificatePolicies[0].uri',
      { extensions: { certificatePolicies: [{ policy: '1.2.3', uri: 'a:b' }] } },
    ],
    ['options.extensions.authorityInfoAccess.OCSP', { extensions: { authorityInfoAccess: { OCSP: [] } } }],
    [
      'options.extensions.custom[0].isCritical',
      {
        extensions: {
          custom: [{ oid: '1.2.3', critical: false, value: new Uint8Array(), isCritical: true }],
        },
      },
    ],
    [
      'options.subjectAltNames[0].typeId',
      { subjectAltNames: [{ type: 'dns', value: 'a', typeId: '1.2.3' }] },
    ],
  ])('%s', async (name, options) => {
    const message = `${name} is not an option; `
    await expect(createSelfSignedCertificate(signer, { subject: 'CN=a', ...options })).rejects.toThrow(
      message,
    )
  })

  test('of an entry of a CRL', async () => {
    const options = { subject: 'CN=a', profile: 'rootCa' } as const
    const certificate = await createSelfSignedCertificate(signer, options)
    const revoked = [{ serialNumber: '01', revokedAt: new Date(), revocationReason: 'superseded' }]
    await expect(createRevocationList({ signer, certificate }, { number: 1, revoked })).rejects.toThrow(
      'an entry of options.revoked.revocationReason is not an option; ',
    )
  })
})
