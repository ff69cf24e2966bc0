import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createKeyVaultEmulator, EmulatorError } from '@sealwright/keyvault-emulator'
import { CertificateClient } from '@azure/keyvault-certificates'
import { KeyClient } from '@azure/keyvault-keys'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, test } from 'vitest'

function clients(data: string): { keys: KeyClient; certificates: CertificateClient } {
  const emulator = createKeyVaultEmulator({ data, timing: { issuance: 0, deletion: 0, recovery: 0 } })
  const options = { httpClient: emulator.httpClient(), retryOptions: { maxRetries: 0 } }
  return {
    keys: new KeyClient(emulator.vaultUrl(), emulator.credential(), options),
    certificates: new CertificateClient(emulator.vaultUrl(), emulator.credential(), options),
  }
}

test('an emulator on the same folder has everything: keys, deleted ones, certificates, contacts, issuers', async () => {
  const data = scratchFolder()
  const before = clients(data)
  const key = await before.keys.createEcKey('k')
  await before.keys.createEcKey('gone')
  await (await before.keys.beginDeleteKey('gone', { intervalInMs: 1 })).pollUntilDone()
  await before.keys.createEcKey('purged')
  await (await before.keys.beginDeleteKey('purged', { intervalInMs: 1 })).pollUntilDone()
  await before.keys.purgeDeletedKey('purged')
  const policy = { issuerName: 'Self', subject: 'CN=c', keyType: 'EC' }
  const poller = await before.certificates.beginCreateCertificate('c', policy, { intervalInMs: 1 })
  const certificate = await poller.pollUntilDone()
  await before.certificates.setContacts([{ email: 'a@b.example' }])
  await before.certificates.createIssuer('i', 'Test')

  const after = clients(data)
  expect((await after.keys.getKey('k')).id).toBe(key.id)
  expect((await after.keys.getDeletedKey('gone')).name).toBe('gone')
  await expect(after.keys.getDeletedKey('purged')).rejects.toMatchObject({ statusCode: 404 })
  expect((await after.certificates.getCertificate('c')).cer).toEqual(certificate.cer)
  expect(await after.certificates.getContacts()).toEqual([{ email: 'a@b.example' }])
  expect((await after.certificates.getIssuer('i')).provider).toBe('Test')
})

test('files are for their owner alone', async () => {
  const data = join(scratchFolder(), 'new')
  await clients(data).keys.createEcKey('k')
  expect(statSync(data).mode & 0o777).toBe(0o700)
  expect(statSync(join(data, 'emulator.json')).mode & 0o777).toBe(0o600)
  expect(statSync(join(data, 'vaults/emulator/documents/k.json')).mode & 0o777).toBe(0o600)
})

test('what a killed writer left behind is cleared away; a foreign file is an error that names it', async () => {
  const data = scratchFolder()
  const documents = join(data, 'vaults/emulator/documents')
  await clients(data).keys.createEcKey('k')
  writeFileSync(join(documents, 'k.json.tmp'), '{"key":')
  await clients(data).keys.createEcKey('l')
  expect(() => readFileSync(join(documents, 'k.json.tmp'))).toThrow(/ENOENT/)
  writeFileSync(join(documents, 'x.json'), '{"key":')
  await expect(clients(data).keys.getKey('k')).rejects.toThrow(/x\.json is not valid JSON/)
})

test('options that cannot work are refused', () => {
  expect(() => createKeyVaultEmulator({ recoverableDays: 6 })).toThrow(EmulatorError)
  expect(() => createKeyVaultEmulator({ recoverableDays: 91 })).toThrow(EmulatorError)
  const file = join(scratchFolder(), 'file')
  mkdirSync(file)
  expect(() => createKeyVaultEmulator({ identities: [] }).credential()).toThrow(EmulatorError)
})

test('a folder is for one process: a running one keeps it, the lock of one that is gone is taken over', () => {
  const data = scratchFolder()
  const lock = join(data, 'emulator.lock')
  writeFileSync(lock, '1')
  expect(() => createKeyVaultEmulator({ data })).toThrow(
    /is in use by process 1; stop it, or delete .*emulator\.lock/,
  )
  // Beyond the largest process id of any system.
  writeFileSync(lock, '99999999')
  createKeyVaultEmulator({ data })
  expect(readFileSync(lock, 'utf8')).toBe(String(process.pid))
})
