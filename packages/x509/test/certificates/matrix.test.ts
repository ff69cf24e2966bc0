import type { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type KeyTypeName, type Signer } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { keytool, lacks, lacksPython, run, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  encodePem,
  readCertificateRequest,
  readRevocationList,
} from '../../src/index.ts'
import { issueFor, issueTo, identity } from '../support/certificates.ts'
import { asn1parse, pythonCryptography } from '../support/tools.ts'

/** Every kind of document, signed by every kind of key, in the hands of every reader that is here. */

interface Documents {
  readonly signer: Signer
  readonly root: X509Certificate
  readonly leaf: X509Certificate
  readonly request: Uint8Array
  readonly revocationList: Uint8Array
}

const all: readonly { readonly type: KeyTypeName; readonly algorithm: string }[] = [
  { type: 'rsa-2048', algorithm: 'RS256' },
  { type: 'rsa-3072', algorithm: 'RS384' },
  { type: 'rsa-4096', algorithm: 'RS512' },
  { type: 'rsa-2048', algorithm: 'PS256' },
  { type: 'rsa-2048', algorithm: 'PS384' },
  { type: 'rsa-2048', algorithm: 'PS512' },
  { type: 'ec-p256', algorithm: 'ES256' },
  { type: 'ec-p384', algorithm: 'ES384' },
  { type: 'ec-p521', algorithm: 'ES512' },
  { type: 'ec-secp256k1', algorithm: 'ES256K' },
  { type: 'ed25519', algorithm: 'Ed25519' },
]

/** With a size of RSA or a hash that differ from another row in nothing else. */
const nightly: ReadonlySet<string> = new Set(['RS384', 'RS512', 'PS384', 'PS512'])
const rows = all.filter(({ algorithm }) => isFull || !nightly.has(algorithm))

async function documentsOf(type: KeyTypeName, algorithm: string): Promise<Documents> {
  const { privateKey } = await identity(type)
  const signer = createLocalSigner(privateKey, { algorithm })
  const root = await createSelfSignedCertificate(signer, {
    subject: 'CN=Root ένα,O=Contoso,C=NL',
    profile: 'rootCa',
  })
  const issuer = { signer, certificate: root }
  const { privateKey: leafKey } = await identity('ec-p256')
  const leaf = await issueTo(issuer, createLocalSigner(leafKey).publicKey, {
    subject: 'CN=login.contoso.com,O=Contoso,C=NL',
    profile: 'tlsServer',
    subjectAltNames: [{ type: 'dns', value: 'login.contoso.com' }],
    extensions: {
      crlDistributionPoints: ['http://pki.contoso.com/root.crl'],
      authorityInfoAccess: {
        ocsp: ['http://ocsp.contoso.com/'],
        caIssuers: ['http://pki.contoso.com/root.cer'],
      },
      certificatePolicies: [{ policy: '2.23.140.1.2.1', cps: 'https://pki.contoso.com/cps' }],
    },
  })
  const request = await createCertificateRequest(signer, {
    subject: 'CN=my-app-auth,O=Contoso',
    subjectAltNames: [{ type: 'dns', value: 'my-app.contoso.com' }],
  })
  const revocationList = await createRevocationList(issuer, {
    number: 7,
    revoked: [
      {
        serialNumber: leaf.serialNumber,
        revokedAt: new Date('2026-01-02T03:04:05Z'),
        reason: 'keyCompromise',
      },
      { serialNumber: '00FF', revokedAt: new Date('2051-01-02T03:04:05Z') },
    ],
  })
  return { signer, root, leaf, request, revocationList }
}

interface Files {
  readonly root: string
  readonly leaf: string
  readonly request: string
  readonly revocationList: string
}

function save({ root, leaf, request, revocationList }: Documents): Files {
  const folder = scratchFolder()
  const files = {
    root: join(folder, 'root.pem'),
    leaf: join(folder, 'leaf.pem'),
    request: join(folder, 'request.pem'),
    revocationList: join(folder, 'crl.pem'),
  }
  writeFileSync(files.root, root.toString())
  writeFileSync(files.leaf, leaf.toString())
  writeFileSync(files.request, encodePem('CERTIFICATE REQUEST', request))
  writeFileSync(files.revocationList, encodePem('X509 CRL', revocationList))
  return files
}

describe.each(rows)('$type with $algorithm', ({ type, algorithm }) => {
  test.skipIf(lacks('openssl'))('OpenSSL verifies all of it, strictly [needs openssl]', async () => {
    const documents = await documentsOf(type, algorithm)
    const files = save(documents)
    expect(run(`openssl verify -x509_strict -check_ss_sig -CAfile ${files.root} ${files.root}`)).toContain(
      ': OK',
    )
    const hostname = '-purpose sslserver -verify_hostname login.contoso.com'
    expect(run(`openssl verify -x509_strict ${hostname} -CAfile ${files.root} ${files.leaf}`)).toContain(
      ': OK',
    )
    // Both end well whatever they find.
    expect(tryRun(`openssl req -in ${files.request} -verify -noout`).stderr).toContain('verify OK')
    expect(tryRun(`openssl crl -in ${files.revocationList} -CAfile ${files.root} -noout`).stderr).toBe(
      'verify OK\n',
    )
    // Revoked, and so the one thing that is wrong with it.
    const { stdout, stderr } = tryRun(
      `openssl verify -x509_strict -crl_check -CRLfile ${files.revocationList} -CAfile ${files.root} ${files.leaf}`,
    )
    expect((stdout + stderr).match(/error \d+/g)).toEqual(['error 23'])
  })

  test.skipIf(lacksPython(pythonCryptography))(
    "Python's cryptography, a strict DER reader, reads and verifies it [needs python3 with cryptography 44]",
    async () => {
      const files = save(await documentsOf(type, algorithm))
      const script = join(scratchFolder(), 'read.py')
      writeFileSync(script, pythonReader)
      expect(
        run(`python3 ${script} ${files.root} ${files.leaf} ${files.request} ${files.revocationList}`),
      ).toBe('ok\n')
    },
  )

  test.skipIf(lacks('openssl'))(
    'has definite lengths and primitive strings throughout [needs openssl]',
    async () => {
      const { root, leaf, request, revocationList } = await documentsOf(type, algorithm)
      for (const der of [root.raw, leaf.raw, request, revocationList]) {
        const lines = asn1parse(der)
        expect(lines.filter((line) => /l= *inf|cons: (?:OCTET|BIT) STRING/.test(line))).toEqual([])
      }
    },
  )

  test.skipIf(lacks('dumpasn1'))('dumpasn1 finds nothing to warn of [needs dumpasn1]', async () => {
    const { root, leaf, request, revocationList } = await documentsOf(type, algorithm)
    const path = join(scratchFolder(), 'document.der')
    for (const der of [root.raw, leaf.raw, request, revocationList]) {
      writeFileSync(path, der)
      const { stdout, stderr } = tryRun(`dumpasn1 -a ${path}`)
      expect(stdout + stderr).toContain('warnings')
      const findings = (stdout + stderr).match(/(?:Error|Warning): .*/g) ?? []
      expect(findings.filter((finding) => !dumpasn1Limits.has(finding))).toEqual([])
    }
  })

  test('is read back here', async () => {
    const { signer, root, leaf, request, revocationList } = await documentsOf(type, algorithm)
    const read = readCertificateRequest(request)
    expect(read.subject).toBe('CN=my-app-auth,O=Contoso')
    expect(read.publicKey.equals(signer.publicKey)).toBe(true)
    expect(read.extensions.subjectAltNames).toEqual([{ type: 'dns', value: 'my-app.contoso.com' }])
    const list = readRevocationList(revocationList, root)
    expect(list.number).toBe(7n)
    expect(list.revoked).toEqual([
      {
        serialNumber: leaf.serialNumber,
        revokedAt: new Date('2026-01-02T03:04:05Z'),
        reason: 'keyCompromise',
      },
      { serialNumber: 'FF', revokedAt: new Date('2051-01-02T03:04:05Z'), reason: 'unspecified' },
    ])
    const issued = await issueFor(request, { signer, certificate: root })
    expect(issued.publicKey.equals(signer.publicKey)).toBe(true)
    expect(issued.verify(root.publicKey)).toBe(true)
    expect(issued.subjectAltName).toBeUndefined()
  })
})

/** What is right, and beyond dumpasn1: times after 2038, and the empty attributes that RFC 2986 §4.1 wants in a request. */
const dumpasn1Limits: ReadonlySet<string> = new Set([
  'Error: Time value cannot be represented in a 32-bit time_t.',
  'Error: Object has zero length.',
])

const pythonReader = `import sys
from cryptography import x509
root, leaf = (x509.load_pem_x509_certificate(open(path, 'rb').read()) for path in sys.argv[1:3])
leaf.verify_directly_issued_by(root)
root.verify_directly_issued_by(root)
for certificate in (root, leaf):
    list(certificate.extensions)
request = x509.load_pem_x509_csr(open(sys.argv[3], 'rb').read())
assert request.is_signature_valid
list(request.extensions)
crl = x509.load_pem_x509_crl(open(sys.argv[4], 'rb').read())
assert crl.is_signature_valid(root.public_key())
assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
assert crl.get_revoked_certificate_by_serial_number(leaf.serial_number) is not None
assert len(crl) == 2
print('ok')
`

// GnuTLS has no secp256k1.
describe.each(rows.filter(({ type }) => type !== 'ec-secp256k1'))(
  '$type with $algorithm',
  ({ type, algorithm }) => {
    test.skipIf(lacks('certtool'))('GnuTLS reads and verifies it [needs certtool]', async () => {
      const files = save(await documentsOf(type, algorithm))
      const verified = run(`certtool --verify --load-ca-certificate ${files.root} --infile ${files.leaf}`)
      expect(verified).toContain('The certificate is trusted.')
      expect(run(`certtool --crq-info --infile ${files.request}`)).toContain('Self signature: verified')
      expect(
        run(`certtool --verify-crl --load-ca-certificate ${files.root} --infile ${files.revocationList}`),
      ).toContain('Verified.')
    })
  },
)

// The JDK dropped secp256k1 with version 16.
describe.each(rows.filter(({ type }) => type !== 'ec-secp256k1'))(
  '$type with $algorithm',
  ({ type, algorithm }) => {
    test.skipIf(lacks('keytool'))(
      'keytool prints it [needs keytool]',
      async () => {
        const files = save(await documentsOf(type, algorithm))
        expect(run(`${keytool} -printcert -file ${files.leaf}`)).toContain('DNSName: login.contoso.com')
        expect(run(`${keytool} -printcertreq -file ${files.request}`)).toContain('CN=my-app-auth')
        expect(run(`${keytool} -printcrl -file ${files.revocationList}`)).toContain(
          'Reason Code: KEY_COMPROMISE',
        )
      },
      20_000,
    )
  },
)
