import { createPrivateKey, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, runForBytes } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { all, aborted, newName, quick, sharedClients } from './shared-clients.ts'

// What the test files of @azure/keyvault-certificates expect of the service, one behaviour a test, in words of our own.
// Left out: tracing, and what the client does without the service.

const clients = sharedClients()
const policy = { issuerName: 'Self', subject: 'cn=MyCert', keyType: 'EC' } as const
const notFound = { statusCode: 404, code: 'CertificateNotFound' }

async function created(name = newName(), more: object = {}) {
  const poller = await clients.certificates.beginCreateCertificate(name, { ...policy, ...more }, quick)
  return poller.pollUntilDone()
}

async function deleted(): Promise<string> {
  const { name } = await created()
  await (await clients.certificates.beginDeleteCertificate(name, quick)).pollUntilDone()
  return name
}

describe('CRUD.spec: create and update', () => {
  test('a certificate', async () => {
    const name = newName()
    expect((await created(name)).name).toBe(name)
  })
  test('a creation can be aborted', async () => {
    const creation = clients.certificates.beginCreateCertificate(newName(), policy, aborted())
    await expect(creation).rejects.toThrow(/aborted/)
  })
  test('a name cannot be empty', async () => {
    await expect(clients.certificates.beginCreateCertificate('', policy)).rejects.toThrow(/not allowed/)
  })
  test('its tags', async () => {
    const { name, properties } = await created()
    const tags = { customTag: 'value' }
    await clients.certificates.updateCertificateProperties(name, properties.version ?? '', { tags })
    expect((await clients.certificates.getCertificate(name)).properties.tags).toEqual(tags)
  })
  test('it is disabled, and so is one version', async () => {
    const { name, properties } = await created()
    await clients.certificates.updateCertificateProperties(name, '', { enabled: false })
    expect((await clients.certificates.getCertificate(name)).properties.enabled).toBe(false)
    const version = properties.version ?? ''
    await clients.certificates.updateCertificateProperties(name, version, { enabled: true })
    await clients.certificates.updateCertificateProperties(name, version, { enabled: false })
    const read = await clients.certificates.getCertificateVersion(name, version)
    expect(read.properties.enabled).toBe(false)
  })
  test('its policy', async () => {
    const { name } = await created()
    await clients.certificates.updateCertificatePolicy(name, {
      issuerName: 'Self',
      subject: 'cn=MyOtherCert',
    })
    expect((await clients.certificates.getCertificatePolicy(name)).subject).toBe('cn=MyOtherCert')
    expect((await clients.certificates.getCertificate(name)).policy?.subject).toBe('cn=MyOtherCert')
  })
})

describe('CRUD.spec: get', () => {
  test('a certificate, and its latest version', async () => {
    const first = await created()
    expect((await clients.certificates.getCertificate(first.name)).name).toBe(first.name)
    const second = await created(first.name)
    const latest = await clients.certificates.getCertificate(first.name)
    expect(latest.properties.version).toBe(second.properties.version)
    expect(latest.properties.version).not.toBe(first.properties.version)
  })
  test('its secret as PKCS#12', async () => {
    const { name } = await created()
    const { value, properties } = await clients.secrets.getSecret(name)
    expect(properties.contentType).toBe('application/x-pkcs12')
    expect(Buffer.from(value ?? '', 'base64')[0]).toBe(0x30)
  })
  test('its secret as PEM', async () => {
    const { name, cer } = await created(newName(), { contentType: 'application/x-pem-file' })
    const { value = '' } = await clients.secrets.getSecret(name)
    expect(new X509Certificate(value).raw).toEqual(Buffer.from(cer ?? []))
    expect(new X509Certificate(value).checkPrivateKey(createPrivateKey(value))).toBe(true)
  })
  test('one that does not exist', async () => {
    await expect(clients.certificates.getCertificate(newName())).rejects.toMatchObject(notFound)
  })
})

describe('CRUD.spec: delete', () => {
  test('a certificate is found no more', async () => {
    await expect(clients.certificates.getCertificate(await deleted())).rejects.toMatchObject(notFound)
  })
  test('one that does not exist', async () => {
    await expect(clients.certificates.beginDeleteCertificate(newName())).rejects.toMatchObject(notFound)
  })
  test('a deleted certificate is read from the poller', async () => {
    const { name } = await created()
    const poller = await clients.certificates.beginDeleteCertificate(name, quick)
    expect(poller.getResult()?.name).toBe(name)
    await poller.pollUntilDone()
  })
  test('a deleted certificate is read by its name', async () => {
    const name = await deleted()
    expect((await clients.certificates.getDeletedCertificate(name)).name).toBe(name)
  })
  test('one that never existed is not among the deleted', async () => {
    await expect(clients.certificates.getDeletedCertificate(newName())).rejects.toMatchObject(notFound)
  })
})

describe('CRUD.spec: issuers, operations and contacts', () => {
  test('an issuer is made, read, listed and deleted', async () => {
    const name = newName()
    const contacts = {
      administratorContacts: [{ firstName: 'A', lastName: 'B', email: 'a@b.example', phone: '1' }],
    }
    await clients.certificates.createIssuer(name, 'Test', { accountId: 'id', ...contacts })
    expect(await clients.certificates.getIssuer(name)).toMatchObject({
      id: expect.stringMatching(`/certificates/issuers/${name}$`) as string,
      provider: 'Test',
      ...contacts,
    })
    // The client takes the wrong part of the id for the name.
    const listed = (await all(clients.certificates.listPropertiesOfIssuers())).map(({ id }) => id)
    expect(listed).toContain(`${clients.emulator.vaultUrl()}/certificates/issuers/${name}`)
    await clients.certificates.updateIssuer(name, { accountId: 'other' })
    await clients.certificates.deleteIssuer(name)
    await expect(clients.certificates.getIssuer(name)).rejects.toMatchObject({ statusCode: 404 })
  })
  test('an operation is read, cancelled and deleted', async () => {
    const name = newName()
    await clients.certificates.beginCreateCertificate(name, { ...policy, issuerName: 'Unknown' })
    const poller = await clients.certificates.getCertificateOperation(name)
    await poller.cancelOperation()
    const { certificateOperation } = poller.getOperationState()
    expect(certificateOperation?.cancellationRequested).toBe(true)
    await clients.certificates.deleteCertificateOperation(name)
    await expect(clients.certificates.getCertificateOperation(name)).rejects.toMatchObject({
      statusCode: 404,
    })
  })
  test('contacts are set, read and deleted', async () => {
    const contacts = [
      { email: 'a@b.example', name: 'a', phone: '111111111111' },
      { email: 'b@b.example', name: 'b' },
    ]
    await clients.certificates.setContacts(contacts)
    expect(await clients.certificates.getContacts()).toMatchObject(contacts)
    await clients.certificates.deleteContacts()
    await expect(clients.certificates.getContacts()).rejects.toMatchObject({ code: 'ContactsNotFound' })
  })
})

describe('list.spec', () => {
  test('every deleted certificate can be purged', async () => {
    await deleted()
    for (const { name } of await all(clients.certificates.listDeletedCertificates())) {
      await clients.certificates.purgeDeletedCertificate(name)
    }
    expect(await all(clients.certificates.listDeletedCertificates())).toEqual([])
  })
  test('the certificates, whole and in pages', async () => {
    const names = [(await created()).name, (await created()).name]
    const listed = (await all(clients.certificates.listPropertiesOfCertificates())).map(({ name }) => name)
    expect(listed).toEqual(expect.arrayContaining(names))
    const pages = await all(clients.certificates.listPropertiesOfCertificates().byPage({ maxPageSize: 1 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(listed)
  })
  test('those that are pending, when asked for', async () => {
    const name = newName()
    await clients.certificates.beginCreateCertificate(name, { ...policy, issuerName: 'Unknown' })
    const without = (await all(clients.certificates.listPropertiesOfCertificates())).map((one) => one.name)
    expect(without).not.toContain(name)
    const withPending = await all(clients.certificates.listPropertiesOfCertificates({ includePending: true }))
    expect(withPending.map((one) => one.name)).toContain(name)
  })
  test('the deleted certificates, whole and in pages', async () => {
    const names = [await deleted(), await deleted()]
    const options = { includePending: true }
    const listed = (await all(clients.certificates.listDeletedCertificates(options))).map(({ name }) => name)
    expect(listed).toEqual(expect.arrayContaining(names))
    const pages = await all(clients.certificates.listDeletedCertificates(options).byPage({ maxPageSize: 2 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(listed)
  })
  test('the versions of a certificate', async () => {
    const { name } = await created()
    await created(name)
    const versions = await all(clients.certificates.listPropertiesOfCertificateVersions(name))
    expect(new Set(versions.map(({ version }) => version)).size).toBe(2)
  })
  test('a certificate that does not exist has no versions', async () => {
    expect(await all(clients.certificates.listPropertiesOfCertificateVersions(newName()))).toEqual([])
  })
})

describe('lro.*.spec: pollers wait, also after they were stopped', () => {
  test('until a certificate is created', async () => {
    const name = newName()
    const poller = await clients.certificates.beginCreateCertificate(name, policy, quick)
    const resumed = await clients.certificates.beginCreateCertificate(name, policy, {
      resumeFrom: poller.toString(),
      ...quick,
    })
    expect((await resumed.pollUntilDone()).name).toBe(name)
  })
  test('until an operation that is under way is done', async () => {
    const name = newName()
    await clients.certificates.beginCreateCertificate(name, policy)
    const poller = await clients.certificates.getCertificateOperation(name, quick)
    const resumed = await clients.certificates.getCertificateOperation(name, {
      resumeFrom: poller.toString(),
      ...quick,
    })
    await resumed.pollUntilDone()
    expect(resumed.getOperationState().certificateOperation?.status).toBe('completed')
  })
  test('until a certificate is deleted', async () => {
    const { name } = await created()
    const poller = await clients.certificates.beginDeleteCertificate(name, quick)
    const resumed = await clients.certificates.beginDeleteCertificate(name, {
      resumeFrom: poller.toString(),
      ...quick,
    })
    expect((await resumed.pollUntilDone()).name).toBe(name)
  })
  test('until a certificate is recovered', async () => {
    const name = await deleted()
    const poller = await clients.certificates.beginRecoverDeletedCertificate(name, quick)
    const resumed = await clients.certificates.beginRecoverDeletedCertificate(name, {
      resumeFrom: poller.toString(),
      ...quick,
    })
    expect((await resumed.pollUntilDone()).name).toBe(name)
    expect((await clients.certificates.getCertificate(name)).name).toBe(name)
  })
})

describe('mergeAndImport.spec', () => {
  test('the secret of a certificate is imported: PKCS#12, and PEM', async () => {
    const pkcs12 = await created()
    const pem = await created(newName(), { contentType: 'application/x-pem-file' })
    for (const [{ name, cer }, encoding] of [
      [pkcs12, 'base64'],
      [pem, 'utf8'],
    ] as const) {
      const { value = '' } = await clients.secrets.getSecret(name)
      const imported = await clients.certificates.importCertificate(newName(), Buffer.from(value, encoding))
      expect(imported.cer).toEqual(cer)
    }
  })
  test.skipIf(lacks('openssl'))('a signed request is merged [needs openssl]', async () => {
    const folder = scratchFolder()
    const file = (suffix: string): string => join(folder, `x.${suffix}`)
    const name = newName()
    await clients.certificates.beginCreateCertificate(name, { ...policy, issuerName: 'Unknown' })
    const operation = await clients.certificates.getCertificateOperation(name)
    const csr = Buffer.from(operation.getOperationState().certificateOperation?.csr ?? []).toString('base64')
    const title = 'CERTIFICATE REQUEST'
    writeFileSync(file('csr'), `-----BEGIN ${title}-----\n${csr}\n-----END ${title}-----`)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('key')]
    runForBytes(['openssl', 'req', '-x509', ...key, '-subj', '/CN=CA', '-out', file('ca')])
    const ca = ['-CA', file('ca'), '-CAkey', file('key'), '-CAcreateserial']
    const der = runForBytes(['openssl', 'x509', '-req', '-in', file('csr'), ...ca, '-outform', 'DER'])
    const merged = await clients.certificates.mergeCertificate(name, [Buffer.from(der.toString('base64'))])
    expect(Buffer.from(merged.cer ?? [])).toEqual(der)
  })
})

describe('recoverBackupRestore.spec', () => {
  test('a certificate that was not deleted is not recovered', async () => {
    await expect(clients.certificates.beginRecoverDeletedCertificate(newName())).rejects.toMatchObject(
      notFound,
    )
  })
  test('a backup is restored once the certificate is purged', async () => {
    const { name, id } = await created()
    const backup = await clients.certificates.backupCertificate(name)
    await (await clients.certificates.beginDeleteCertificate(name, quick)).pollUntilDone()
    await clients.certificates.purgeDeletedCertificate(name)
    clients.emulator.clock.advance(1000)
    const restored = await clients.certificates.restoreCertificateBackup(backup ?? new Uint8Array())
    expect(restored.id).toBe(id)
  })
  test('a malformed backup is refused', async () => {
    const restore = clients.certificates.restoreCertificateBackup(Buffer.from('malformed'))
    await expect(restore).rejects.toMatchObject({ statusCode: 400 })
  })
})

const timedOut = { requestOptions: { timeout: 1 } }

describe('requests that time out', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['create', () => clients.certificates.beginCreateCertificate(newName(), policy, timedOut)],
    ['update', () => clients.certificates.updateCertificateProperties(newName(), '', timedOut)],
    ['get', () => clients.certificates.getCertificate(newName(), timedOut)],
    ['delete', () => clients.certificates.beginDeleteCertificate(newName(), timedOut)],
    ['recover', () => clients.certificates.beginRecoverDeletedCertificate(newName(), timedOut)],
    ['backup', () => clients.certificates.backupCertificate(newName(), timedOut)],
    ['restore', () => clients.certificates.restoreCertificateBackup(Buffer.of(1), timedOut)],
    ['list', () => clients.certificates.listPropertiesOfCertificates(timedOut).next()],
    [
      'list versions',
      () => clients.certificates.listPropertiesOfCertificateVersions(newName(), timedOut).next(),
    ],
    ['list deleted', () => clients.certificates.listDeletedCertificates(timedOut).next()],
  ])('%s', async (_, call) => {
    clients.emulator.faults.add({ operation: '*', fault: { type: 'hang' } })
    await expect(call()).rejects.toThrow(/abort/i)
    clients.emulator.faults.clear()
  })
})
