import { describe, expect, test } from 'vitest'
import { all, aborted, newName, quick, sharedClients } from './shared-clients.ts'

// What the test files of @azure/keyvault-secrets expect of the service, one behaviour a test, in words of our own. Left
// out: tracing, and what the client does without the service.

const clients = sharedClients()
const notFound = { statusCode: 404, code: 'SecretNotFound' }
const timedOut = { requestOptions: { timeout: 1 } }

async function deleted(): Promise<string> {
  const { name } = await clients.secrets.setSecret(newName(), 'value')
  await (await clients.secrets.beginDeleteSecret(name, quick)).pollUntilDone()
  return name
}

describe('CRUD.spec: set and update', () => {
  test('a secret', async () => {
    const name = newName()
    expect(await clients.secrets.setSecret(name, 'value')).toMatchObject({ name, value: 'value' })
  })
  test('a request can be aborted', async () => {
    await expect(clients.secrets.setSecret(newName(), 'value', aborted())).rejects.toThrow(/aborted/)
  })
  test('a name cannot be empty', async () => {
    await expect(clients.secrets.setSecret('', 'value')).rejects.toThrow(/not allowed/)
  })
  test('a value can be empty', async () => {
    const { name } = await clients.secrets.setSecret(newName(), '')
    expect((await clients.secrets.getSecret(name)).value).toBe('')
  })
  test('with an expiry', async () => {
    const expiresOn = new Date('2035-01-01T00:00:00Z')
    const { name } = await clients.secrets.setSecret(newName(), 'value', { expiresOn })
    expect((await clients.secrets.getSecret(name)).properties.expiresOn).toEqual(expiresOn)
  })
  test('an update changes the expiry of one version', async () => {
    const { name, properties } = await clients.secrets.setSecret(newName(), 'value')
    const expiresOn = new Date('2035-01-01T00:00:00Z')
    const updated = await clients.secrets.updateSecretProperties(name, properties.version ?? '', {
      expiresOn,
    })
    expect(updated.expiresOn).toEqual(expiresOn)
  })
  test('a disabled secret is updated', async () => {
    const { name, properties } = await clients.secrets.setSecret(newName(), 'value', { enabled: false })
    const updated = await clients.secrets.updateSecretProperties(name, properties.version ?? '', {
      enabled: false,
    })
    expect(updated.enabled).toBe(false)
  })
})

describe('CRUD.spec: get and delete', () => {
  test('a secret, and its latest value', async () => {
    const { name } = await clients.secrets.setSecret(newName(), 'first')
    expect((await clients.secrets.getSecret(name)).value).toBe('first')
    await clients.secrets.setSecret(name, 'second')
    expect((await clients.secrets.getSecret(name)).value).toBe('second')
  })
  test('a disabled secret is not shown', async () => {
    const { name } = await clients.secrets.setSecret(newName(), 'value', { enabled: false })
    await expect(clients.secrets.getSecret(name)).rejects.toMatchObject({ statusCode: 403 })
  })
  test('one that does not exist is not found, nor deleted, nor among the deleted', async () => {
    await expect(clients.secrets.getSecret(newName())).rejects.toMatchObject(notFound)
    await expect(clients.secrets.beginDeleteSecret(newName())).rejects.toMatchObject(notFound)
    await expect(clients.secrets.getDeletedSecret(newName())).rejects.toMatchObject(notFound)
  })
  test('a deleted secret is found no more, but among the deleted', async () => {
    const name = await deleted()
    await expect(clients.secrets.getSecret(name)).rejects.toMatchObject(notFound)
    expect((await clients.secrets.getDeletedSecret(name)).name).toBe(name)
  })
})

describe('list.spec', () => {
  test('every deleted secret can be purged', async () => {
    await deleted()
    for (const { name } of await all(clients.secrets.listDeletedSecrets())) {
      await clients.secrets.purgeDeletedSecret(name)
    }
    expect(await all(clients.secrets.listDeletedSecrets())).toEqual([])
  })
  test('the secrets, whole and in pages', async () => {
    const names = [newName(), newName()]
    for (const name of names) await clients.secrets.setSecret(name, 'value')
    const listed = (await all(clients.secrets.listPropertiesOfSecrets())).map(({ name }) => name)
    expect(listed).toEqual(expect.arrayContaining(names))
    const pages = await all(clients.secrets.listPropertiesOfSecrets().byPage({ maxPageSize: 2 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(listed)
  })
  test('the deleted secrets, whole and in pages', async () => {
    const names = [await deleted(), await deleted()]
    const listed = (await all(clients.secrets.listDeletedSecrets())).map(({ name }) => name)
    expect(listed).toEqual(expect.arrayContaining(names))
    const pages = await all(clients.secrets.listDeletedSecrets().byPage({ maxPageSize: 1 }))
    expect(pages.flat().map(({ name }) => name)).toEqual(listed)
  })
  test('the versions of a secret, whole and in pages, each with its value', async () => {
    const name = newName()
    const values = ['a', 'b', 'c']
    for (const value of values) await clients.secrets.setSecret(name, value)
    const versions = await all(clients.secrets.listPropertiesOfSecretVersions(name))
    const read = await Promise.all(
      versions.map(
        async ({ version }) => (await clients.secrets.getSecret(name, { version: version ?? '' })).value,
      ),
    )
    expect(new Set(read)).toEqual(new Set(values))
    const pages = await all(clients.secrets.listPropertiesOfSecretVersions(name).byPage({ maxPageSize: 1 }))
    expect(pages.map((page) => page.length)).toEqual([1, 1, 1])
  })
  test('a secret that does not exist has no versions, whole and in pages', async () => {
    expect(await all(clients.secrets.listPropertiesOfSecretVersions(newName()))).toEqual([])
    const pages = await all(
      clients.secrets.listPropertiesOfSecretVersions(newName()).byPage({ maxPageSize: 1 }),
    )
    expect(pages.flat()).toEqual([])
  })
})

describe('lro.delete.spec and lro.recover.spec', () => {
  test('a poller waits until a secret is deleted, also after it was stopped', async () => {
    const { name } = await clients.secrets.setSecret(newName(), 'value')
    const poller = await clients.secrets.beginDeleteSecret(name, quick)
    const resumed = await clients.secrets.beginDeleteSecret(name, { resumeFrom: poller.toString(), ...quick })
    expect((await resumed.pollUntilDone()).name).toBe(name)
  })
  test('a poller waits until a secret is recovered, also after it was stopped', async () => {
    const name = await deleted()
    const poller = await clients.secrets.beginRecoverDeletedSecret(name, quick)
    const resumed = await clients.secrets.beginRecoverDeletedSecret(name, {
      resumeFrom: poller.toString(),
      ...quick,
    })
    expect((await resumed.pollUntilDone()).name).toBe(name)
    expect((await clients.secrets.getSecret(name)).value).toBe('value')
  })
})

describe('recoverBackupRestore.spec', () => {
  test('one that does not exist is neither recovered nor backed up', async () => {
    await expect(clients.secrets.beginRecoverDeletedSecret(newName())).rejects.toMatchObject(notFound)
    await expect(clients.secrets.backupSecret(newName())).rejects.toMatchObject(notFound)
  })
  test('a backup is restored once the secret is purged', async () => {
    const { name } = await clients.secrets.setSecret(newName(), 'value')
    const backup = await clients.secrets.backupSecret(name)
    await (await clients.secrets.beginDeleteSecret(name, quick)).pollUntilDone()
    await clients.secrets.purgeDeletedSecret(name)
    clients.emulator.clock.advance(1000)
    await clients.secrets.restoreSecretBackup(backup ?? new Uint8Array())
    expect((await clients.secrets.getSecret(name)).value).toBe('value')
  })
  test('a malformed backup is refused', async () => {
    const restore = clients.secrets.restoreSecretBackup(Buffer.from('malformed'))
    await expect(restore).rejects.toMatchObject({ statusCode: 400 })
  })
})

describe('requests that time out', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['set', () => clients.secrets.setSecret(newName(), 'value', timedOut)],
    ['update', () => clients.secrets.updateSecretProperties(newName(), '', timedOut)],
    ['get', () => clients.secrets.getSecret(newName(), timedOut)],
    ['delete', () => clients.secrets.beginDeleteSecret(newName(), timedOut)],
    ['recover', () => clients.secrets.beginRecoverDeletedSecret(newName(), timedOut)],
    ['backup', () => clients.secrets.backupSecret(newName(), timedOut)],
    ['list', () => clients.secrets.listPropertiesOfSecrets(timedOut).next()],
    ['list versions', () => clients.secrets.listPropertiesOfSecretVersions(newName(), timedOut).next()],
    ['list deleted', () => clients.secrets.listDeletedSecrets(timedOut).next()],
  ])('%s', async (_, call) => {
    clients.emulator.faults.add({ operation: '*', fault: { type: 'hang' } })
    await expect(call()).rejects.toThrow(/abort/i)
    clients.emulator.faults.clear()
  })
})
