import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificateContentType } from '@azure/keyvault-certificates'
import { createKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run, runForBytes } from '@sealwright/test-kit/tools'
import { beforeAll, describe, expect, test } from 'vitest'
import { errorOf, isValidSignature, startRig, type Rig } from '../support/rig.ts'

const lacksOpenssl = lacks('openssl')

let keyPem = ''
let certificatePem = ''
let ecKeyPem = ''
let ecCertificatePem = ''

beforeAll(() => {
  if (lacksOpenssl) return
  for (const kind of ['rsa', 'ec']) {
    const options = kind === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048']
    const both = runForBytes([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      ...options,
      '-nodes',
      '-days',
      '90',
      '-subj',
      '/C=US/O=Example/CN=imported',
      '-addext',
      'subjectAltName=DNS:imported.example',
      '-addext',
      'keyUsage=critical,digitalSignature',
      '-keyout',
      '-',
    ]).toString()
    const key = /-----BEGIN PRIVATE KEY-----[^]+-----END PRIVATE KEY-----\n/.exec(both)?.[0] ?? ''
    const certificate = /-----BEGIN CERTIFICATE-----[^]+-----END CERTIFICATE-----\n/.exec(both)?.[0] ?? ''
    if (kind === 'ec') [ecKeyPem, ecCertificatePem] = [key, certificate]
    else [keyPem, certificatePem] = [key, certificate]
  }
})

function exportPfx(options: readonly string[], password: string, pem: string): Buffer {
  return runForBytes(['openssl', 'pkcs12', '-export', '-passout', `pass:${password}`, ...options], pem)
}

describe('a PFX that OpenSSL wrote can be imported', () => {
  const profiles: Readonly<Record<string, string[]>> = {
    'PBES2, AES-256, SHA-256': [],
    'PBES2, AES-128, SHA-512 MAC': ['-certpbe', 'AES-128-CBC', '-keypbe', 'AES-128-CBC', '-macalg', 'sha512'],
    'PBES2, 3DES': ['-certpbe', 'DES-EDE3-CBC', '-keypbe', 'DES-EDE3-CBC'],
    '3DES and SHA-1': ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'],
    'RC2-40 and SHA-1': ['-legacy', '-certpbe', 'PBE-SHA1-RC2-40', '-keypbe', 'PBE-SHA1-3DES'],
    'RC2-128 and SHA-1': ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128'],
    unencrypted: ['-certpbe', 'NONE', '-keypbe', 'NONE'],
  }
  test.skipIf(lacksOpenssl).each(Object.keys(profiles))('%s [needs openssl]', async (profile) => {
    const rig = await startRig()
    for (const [password, key, certificate] of [
      ['pässword', keyPem, certificatePem],
      ['', ecKeyPem, ecCertificatePem],
    ] as const) {
      const pfx = exportPfx(profiles[profile] ?? [], password, key + certificate)
      const imported = await rig.certificates.importCertificate(`c${key.length}`, pfx, { password })
      const x509 = new X509Certificate(certificate)
      expect(Buffer.from(imported.cer ?? [])).toEqual(x509.raw)
      const algorithm = x509.publicKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256'
      const message = randomBytes(20)
      const { result } = await rig.cryptography(imported.keyId ?? '').signData(algorithm, message)
      expect(isValidSignature(algorithm, x509.publicKey, message, result)).toBe(true)
    }
  })
})

test.skipIf(lacksOpenssl)('a PFX of 600,000 iterations can be imported, too [needs openssl]', async () => {
  const rig = await startRig()
  const pfx = exportPfx(['-iter', '600000'], 'pw', ecKeyPem + ecCertificatePem)
  await expect(rig.certificates.importCertificate('c', pfx, { password: 'pw' })).resolves.toMatchObject({
    name: 'c',
  })
})

describe('import', () => {
  test.skipIf(lacksOpenssl)('PEM, and the policy is read from the certificate [needs openssl]', async () => {
    const rig = await startRig()
    const imported = await rig.certificates.importCertificate('c', Buffer.from(certificatePem + keyPem), {
      policy: { contentType: 'application/x-pem-file', issuerName: 'Unknown', subject: 'CN=x' },
    })
    expect(imported.policy).toMatchObject({
      subject: 'CN=imported, O=Example, C=US',
      subjectAlternativeNames: { dnsNames: ['imported.example'] },
      keyUsage: ['digitalSignature'],
      enhancedKeyUsage: [],
      validityInMonths: 3,
      keyType: 'RSA',
      keySize: 2048,
      issuerName: 'Unknown',
      lifetimeActions: [{ action: 'EmailContacts', lifetimePercentage: 80 }],
    })
  })

  test.skipIf(lacksOpenssl)('PEM in base64, as the client for Python sends it [needs openssl]', async () => {
    const rig = await startRig()
    const value = Buffer.from(certificatePem + keyPem).toString('base64')
    const answer = await rig.raw('POST', '/certificates/c/import?api-version=7.6', { body: { value } })
    expect(answer).toMatchObject({
      status: 200,
      body: { policy: { secret_props: { contentType: 'application/x-pem-file' } } },
    })
  })

  test.skipIf(lacksOpenssl)('a PFX without encryption and without a MAC [needs openssl]', async () => {
    const rig = await startRig()
    const pfx = exportPfx(['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'], '', ecKeyPem + ecCertificatePem)
    await expect(rig.certificates.importCertificate('c', pfx)).resolves.toMatchObject({ name: 'c' })
  })

  test.skipIf(lacksOpenssl)(
    'puts the end entity first in its secret, unless preserveCertOrder is set [needs openssl]',
    async () => {
      const rig = await startRig()
      const inFile = certificatePem + ecCertificatePem
      const importing = async (name: string, preserveCertOrder: boolean): Promise<string | undefined> => {
        const { status, body } = await rig.raw(
          'POST',
          `/certificates/${name}/import?api-version=2025-07-01`,
          {
            body: {
              value: inFile + ecKeyPem,
              preserveCertOrder,
              policy: {
                key_props: { exportable: false },
                secret_props: { contentType: 'application/x-pem-file' },
              },
            },
          },
        )
        const own = new X509Certificate(ecCertificatePem).raw.toString('base64')
        expect({ status, body }).toMatchObject({ status: 200, body: { cer: own, preserveCertOrder } })
        return (await rig.secrets.getSecret(name)).value
      }
      expect(await importing('ordered', true)).toBe(inFile)
      expect(await importing('sorted', false)).toBe(ecCertificatePem + certificatePem)
    },
  )

  test.skipIf(lacksOpenssl)(
    'again is a new version, and a pending certificate is in its way [needs openssl]',
    async () => {
      const rig = await startRig()
      const pfx = exportPfx([], 'x', ecKeyPem + ecCertificatePem)
      const first = await rig.certificates.importCertificate('c', pfx, { password: 'x' })
      const second = await rig.certificates.importCertificate('c', pfx, { password: 'x' })
      expect(second.properties.version).not.toBe(first.properties.version)
      await rig.certificates.beginCreateCertificate('c', { issuerName: 'Unknown', subject: 'CN=c' })
      const error = await rejection(rig.certificates.importCertificate('c', pfx, { password: 'x' }))
      expect(errorOf(error).status).toBe(409)
    },
  )

  const bad: Readonly<Record<string, () => [string, string?]>> = {
    'the wrong password': () => [exportPfx([], 'x', ecKeyPem + ecCertificatePem).toString('base64'), 'y'],
    'no key': () => [exportPfx(['-nokeys'], 'x', ecCertificatePem).toString('base64'), 'x'],
    'another key': () => [ecKeyPem + certificatePem],
    'a truncated file': () => [
      exportPfx([], '', ecKeyPem + ecCertificatePem)
        .subarray(0, 500)
        .toString('base64'),
    ],
    rubbish: () => [randomBytes(100).toString('base64')],
    'an empty value': () => [''],
    'a PKCS#1 key': () => [
      certificatePem + createPrivateKey(keyPem).export({ format: 'pem', type: 'pkcs1' }).toString(),
    ],
    'broken PEM': () => ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    'PBMAC1 or another MAC it cannot check': () => [
      exportPfx(['-macalg', 'sha224'], 'x', ecKeyPem + ecCertificatePem).toString('base64'),
      'x',
    ],
    'more iterations than anybody needs': () => {
      const pfx = exportPfx(['-iter', '65537'], 'x', ecKeyPem + ecCertificatePem)
      // The iterations of the MAC are the last thing in the file: INTEGER 65537 becomes INTEGER 8388607.
      expect(pfx.subarray(-5).toString('hex')).toBe('0203010001')
      Buffer.from('7fffff', 'hex').copy(pfx, pfx.length - 3)
      return [pfx.toString('base64'), 'x']
    },
  }
  test.skipIf(lacksOpenssl).each(Object.keys(bad))(
    '%s is a 400 and makes nothing [needs openssl]',
    async (name) => {
      const rig = await startRig()
      const [value, pwd] = bad[name]?.() ?? ['']
      const answer = await rig.raw('POST', '/certificates/c/import?api-version=7.6', { body: { value, pwd } })
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'BadParameter' } } })
      expect((await rig.raw('GET', '/certificates/c?api-version=7.6')).status).toBe(404)
    },
  )

  test.skipIf(lacksOpenssl)(
    'every byte of a PFX altered in turn: typed errors only [needs openssl]',
    async () => {
      // Without TLS, which would take the time of this test.
      const emulator = createKeyVaultEmulator()
      const { token } = await emulator.credential().getToken('https://vault.azure.net/.default')
      const url = new URL(`${emulator.vaultUrl()}/certificates/c/import?api-version=7.6`)
      const headers = { authorization: `Bearer ${token}` }
      const pfx = exportPfx(['-iter', '1'], '', ecKeyPem + ecCertificatePem)
      const statuses = new Set<number>()
      for (let at = 0; at < pfx.length; at += 3) {
        const altered = Buffer.from(pfx)
        altered[at] = (altered[at] ?? 0) ^ 0x41
        const body = Buffer.from(JSON.stringify({ value: altered.toString('base64') }))
        statuses.add((await emulator.handle({ method: 'POST', url, headers, body })).status)
      }
      expect([...statuses]).not.toContain(500)
    },
  )
})

async function secretOfNonExportable(rig: Rig, contentType: CertificateContentType): Promise<string> {
  const policy = { issuerName: 'Self', subject: 'CN=c', keyType: 'EC', exportable: false, contentType }
  await (await rig.certificates.beginCreateCertificate('c', policy, { intervalInMs: 5 })).pollUntilDone()
  return (await rig.secrets.getSecret('c')).value ?? ''
}

describe('the secret of a certificate', () => {
  test.skipIf(lacksOpenssl).each(['RSA', 'EC'])(
    'PKCS#12 of %s is what OpenSSL opens without a password [needs openssl]',
    async (keyType) => {
      const rig = await startRig()
      const poller = await rig.certificates.beginCreateCertificate(
        'c',
        { issuerName: 'Self', subject: 'CN=c', keyType },
        { intervalInMs: 5 },
      )
      const certificate = await poller.pollUntilDone()
      const secret = await rig.secrets.getSecret('c')
      expect(secret.properties).toMatchObject({
        contentType: 'application/x-pkcs12',
        managed: true,
        certificateKeyId: certificate.keyId,
        version: certificate.properties.version,
      })
      const pfx = Buffer.from(secret.value ?? '', 'base64')
      const shown = runForBytes(
        ['openssl', 'pkcs12', '-legacy', '-passin', 'pass:', '-nodes'],
        pfx,
      ).toString()
      const key = createPrivateKey(
        /-----BEGIN PRIVATE KEY-----[^]+-----END PRIVATE KEY-----/.exec(shown)?.[0] ?? '',
      )
      const x509 = new X509Certificate(certificate.cer ?? new Uint8Array())
      expect(x509.checkPrivateKey(key)).toBe(true)
      // DER: no indefinite length anywhere.
      expect(runForBytes(['openssl', 'asn1parse', '-inform', 'DER'], pfx).toString()).not.toMatch(/\binf\b/)
      // And what it wrote it reads.
      await expect(rig.certificates.importCertificate('again', pfx)).resolves.toMatchObject({ name: 'again' })
    },
  )

  test('PEM, when the policy says so', async () => {
    const rig = await startRig()
    const policy = {
      issuerName: 'Self',
      subject: 'CN=c',
      keyType: 'EC',
      contentType: 'application/x-pem-file',
    } as const
    const poller = await rig.certificates.beginCreateCertificate('c', policy, { intervalInMs: 5 })
    const certificate = await poller.pollUntilDone()
    const { value = '', properties } = await rig.secrets.getSecret('c')
    expect(properties.contentType).toBe('application/x-pem-file')
    expect(value).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n/,
    )
    const x509 = new X509Certificate(value.slice(value.indexOf('-----BEGIN CERTIFICATE')))
    expect(x509.raw).toEqual(Buffer.from(certificate.cer ?? []))
    expect(x509.checkPrivateKey(createPrivateKey(value))).toBe(true)
  })

  test('PKCS#12 as PEM, on request', async () => {
    const rig = await startRig()
    const policy = { issuerName: 'Self', subject: 'CN=c', keyType: 'EC' }
    await (await rig.certificates.beginCreateCertificate('c', policy, { intervalInMs: 5 })).pollUntilDone()
    const answer = await rig.raw(
      'GET',
      '/secrets/c/?api-version=2025-07-01&outContentType=application%2Fx-pem-file',
    )
    expect(String(answer.body['value'])).toMatch(/BEGIN PRIVATE KEY[^]+BEGIN CERTIFICATE/)
    const plain = await rig.raw('PUT', '/secrets/s?api-version=7.6', { body: { value: 'x' } })
    expect(plain.status).toBe(200)
    const refused = await rig.raw(
      'GET',
      '/secrets/s/?api-version=2025-07-01&outContentType=application%2Fx-pem-file',
    )
    expect(refused).toMatchObject({
      status: 400,
      body: {
        error: {
          code: 'BadParameter',
          message:
            "The 'Unsupported' to 'PEM' transformation is not supported. Only PFX to PEM transformation is supported.",
        },
      },
    })
  })

  test('has no key in its PKCS#12 when that is not exportable', async () => {
    const rig = await startRig()
    const value = await secretOfNonExportable(rig, 'application/x-pkcs12')
    const answer = await rig.raw('POST', '/certificates/d/import?api-version=7.6', { body: { value } })
    expect(JSON.stringify(answer.body)).toMatch(/Private key is not specified/)
  })

  test('has no key in its PEM when that is not exportable', async () => {
    const value = await secretOfNonExportable(await startRig(), 'application/x-pem-file')
    expect(value).toMatch(/^-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n$/)
  })
})

test.skipIf(lacks('openssl', 'pk12util', 'certutil'))(
  'a file of NSS, BER with constructed strings, is read [needs pk12util]',
  async () => {
    const folder = scratchFolder()
    const database = `sql:${folder}`
    const file = (name: string): string => join(folder, name)
    writeFileSync(file('in.pfx'), exportPfx(['-name', 'x'], 'pw', keyPem + certificatePem))
    run(['certutil', '-N', '-d', database, '--empty-password'])
    run(['pk12util', '-i', file('in.pfx'), '-d', database, '-W', 'pw'])
    run(['pk12util', '-o', file('out.pfx'), '-d', database, '-n', 'x', '-W', 'nss'])
    const pfx = readFileSync(file('out.pfx'))
    expect(runForBytes(['openssl', 'asn1parse', '-inform', 'DER'], pfx).toString()).toMatch(/\binf\b/)
    const rig = await startRig()
    const imported = await rig.certificates.importCertificate('c', pfx, { password: 'nss' })
    expect(Buffer.from(imported.cer ?? [])).toEqual(new X509Certificate(certificatePem).raw)
  },
)
