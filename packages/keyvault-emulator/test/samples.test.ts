import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DefaultCertificatePolicy, WellKnownIssuer } from '@azure/keyvault-certificates'
import { CryptographyClient } from '@azure/keyvault-keys'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, runForBytes } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { startRig } from './support/rig.ts'

// The calls of the SDK's documented samples (samples-dev of @azure/keyvault-keys and @azure/keyvault-certificates) in
// their order and with their arguments. Only the URL, the CA, the credential and the interval of polling are the emulator's.

const withoutOpenssl = lacks('openssl')
const soon = { intervalInMs: 20 }

test('keys/helloWorld: create, read, list, update, delete and purge', async () => {
  const { keys } = await startRig()
  const created = await keys.createKey('sample-key', 'EC')
  const ec = await keys.createEcKey('sample-ec-key', { curve: 'P-256' })
  const rsa = await keys.createRsaKey('sample-rsa-key', { keySize: 2048 })
  expect([created.keyType, ec.key?.crv, rsa.key?.n?.length]).toEqual(['EC', 'P-256', 256])
  expect((await keys.getKey('sample-key')).id).toBe(created.id)
  const listed: string[] = []
  for await (const { name } of keys.listPropertiesOfKeys()) listed.push((await keys.getKey(name)).name)
  expect(listed.toSorted()).toEqual(['sample-ec-key', 'sample-key', 'sample-rsa-key'])
  const version = created.properties.version ?? ''
  const updated = await keys.updateKeyProperties('sample-key', version, { enabled: false })
  expect(updated.properties.enabled).toBe(false)
  const deletion = await keys.beginDeleteKey('sample-key', soon)
  await deletion.pollUntilDone()
  expect((await keys.getDeletedKey('sample-key')).properties.recoveryId).toBeDefined()
  await keys.purgeDeletedKey('sample-key')
  await expect(keys.getDeletedKey('sample-key')).rejects.toMatchObject({ statusCode: 404 })
}, 30_000)

test('keys/cryptography: sign and verify, by the key’s id', async () => {
  const { keys, credential, emulator } = await startRig()
  const key = await keys.createKey('crypto-sample-key', 'RSA')
  const client = new CryptographyClient(key.id ?? '', credential, { agent: emulator.agent() })
  const digest = createHash('sha256').update('MySignature').digest()
  const { result } = await client.sign('RS256', digest)
  expect(await client.verify('RS256', digest, result)).toMatchObject({ result: true })
  expect(await client.verify('RS256', createHash('sha256').update('other').digest(), result)).toMatchObject({
    result: false,
  })
})

test('keys/keyRotation: set, read and change the rotation policy, rotate', async () => {
  const { keys } = await startRig()
  const key = await keys.createKey('key-rotation-sample-key', 'EC')
  await keys.updateKeyRotationPolicy(key.name, {
    lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P30D' }],
  })
  const current = await keys.getKeyRotationPolicy(key.name)
  expect(current.lifetimeActions).toContainEqual(
    expect.objectContaining({ action: 'Rotate', timeAfterCreate: 'P30D' }),
  )
  const updated = await keys.updateKeyRotationPolicy(key.name, {
    lifetimeActions: [{ action: 'Notify', timeBeforeExpiry: 'P30D' }],
    expiresIn: 'P90D',
  })
  expect(updated.expiresIn).toBe('P90D')
  const rotated = await keys.rotateKey(key.name)
  expect(rotated.properties.version).not.toBe(key.properties.version)
  expect((await keys.getKey(key.name)).id).toBe(rotated.id)
})

test('certificates/helloWorld: create, read, update, delete', async () => {
  const { certificates } = await startRig()
  const creation = await certificates.beginCreateCertificate('hello-world', DefaultCertificatePolicy)
  expect(creation.getResult()).toMatchObject({ name: 'hello-world' })
  const created = await certificates.getCertificate('hello-world')
  expect(created.policy?.issuerName).toBe('Self')
  const version = created.properties.version ?? ''
  expect((await certificates.getCertificateVersion('hello-world', version)).name).toBe('hello-world')
  const tags = { projectName: 'certificate-sample', projectOwner: 'an owner' }
  const updated = await certificates.updateCertificateProperties('hello-world', '', { tags, enabled: true })
  expect(updated.properties.tags).toEqual(tags)
  await certificates.updateCertificatePolicy('hello-world', {
    issuerName: 'Self',
    subject: 'cn=MyOtherCert',
    exportable: true,
    enabled: true,
  })
  expect((await certificates.getCertificate('hello-world')).policy?.subject).toBe('cn=MyOtherCert')
  const deletion = await certificates.beginDeleteCertificate('hello-world', soon)
  const deleted = await deletion.pollUntilDone()
  expect(deleted.recoveryId).toContain('hello-world')
  expect(deleted.scheduledPurgeDate?.getTime()).toBeGreaterThan(deleted.deletedOn?.getTime() ?? Infinity)
}, 30_000)

test.skipIf(withoutOpenssl)(
  'certificates/importCertificate: a PFX and a PEM, each deleted afterwards [needs openssl]',
  async () => {
    const { certificates } = await startRig()
    const folder = scratchFolder()
    const [key, crt, pfx] = ['key', 'crt', 'pfx'].map((name) => join(folder, `contoso.${name}`)) as [
      string,
      string,
      string,
    ]
    const subject = ['-subj', '/CN=contoso.com', '-days', '365', '-keyout', key, '-out', crt]
    runForBytes(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject])
    runForBytes(['openssl', 'pkcs12', '-export', '-inkey', key, '-in', crt, '-passout', 'pass:', '-out', pfx])
    for (const [name, contentType, bytes] of [
      ['import', 'application/x-pkcs12', readFileSync(pfx)],
      ['cert', 'application/x-pem-file', Buffer.concat([readFileSync(crt), readFileSync(key)])],
    ] as const) {
      const policy = { contentType, issuerName: WellKnownIssuer.Self, subject: 'CN=contoso.com' }
      const imported = await certificates.importCertificate(name, bytes, { policy })
      expect(imported.cer).toEqual(runForBytes(['openssl', 'x509', '-in', crt, '-outform', 'DER']))
      const deletion = await certificates.beginDeleteCertificate(imported.name, soon)
      expect((await deletion.pollUntilDone()).recoveryId).toContain(name)
    }
  },
  30_000,
)

test.skipIf(withoutOpenssl)(
  'certificates/mergeCertificate: the request is signed by OpenSSL and merged [needs openssl]',
  async () => {
    const { certificates } = await startRig()
    const folder = scratchFolder()
    const file = (name: string): string => join(folder, name)
    runForBytes(['openssl', 'genrsa', '-out', file('ca.key'), '2048'])
    runForBytes([
      'openssl',
      'req',
      '-new',
      '-x509',
      '-key',
      file('ca.key'),
      '-subj',
      '/CN=CA',
      '-out',
      file('ca.crt'),
    ])
    await certificates.beginCreateCertificate('merge', {
      issuerName: 'Unknown',
      certificateTransparency: false,
      subject: 'cn=MyCert',
    })
    const operation = await certificates.getCertificateOperation('merge')
    const { csr } = operation.getOperationState().certificateOperation ?? {}
    const base64 = Buffer.from(csr ?? []).toString('base64')
    writeFileSync(
      file('test.csr'),
      `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----`,
    )
    const authority = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial']
    runForBytes(['openssl', 'x509', '-req', '-in', file('test.csr'), ...authority, '-out', file('test.crt')])
    const lines = readFileSync(file('test.crt'), 'utf8').split('\n').slice(1, -1)
    const merged = await certificates.mergeCertificate('merge', [Buffer.from(lines.join(''))])
    expect(merged.cer).toEqual(runForBytes(['openssl', 'x509', '-in', file('test.crt'), '-outform', 'DER']))
  },
)
