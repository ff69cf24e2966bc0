import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalSigner } from '@sealwright/core'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { openKeyVault, type CertificateIssuer } from '../../src/index.ts'
import { startVault } from '../support/vault.ts'

describe('a deletion whose answer is lost', () => {
  test.each(['certificates', 'keys'] as const)('has worked, in %s', async (collection) => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection })
    await store.create('k', { keyType: 'ec-p256' })
    vault.emulator.faults.add({ operation: `${collection}/delete`, fault: { type: 'truncate' } })
    await store.delete('k')
    expect(vault.emulator.requests.count(`${collection}/delete`)).toBe(2)
    expect(await store.get('k')).toBeNull()
  })

  test.each([
    ['certificates', { type: 'status', status: 429 }],
    ['certificates', { type: 'hang' }],
    ['keys', { type: 'status', status: 429 }],
    ['keys', { type: 'hang' }],
  ] as const)(
    'has worked, in %s, where the client asks what became of it and that is answered with %o',
    async (collection, fault) => {
      const vault = await startVault()
      await openKeyVault(vault.url, { ...vault.options, collection }).create('k', { keyType: 'ec-p256' })
      const store = openKeyVault(vault.url, { ...vault.options, collection, managementDeadline: 3_000 })
      await store.get('k')
      vault.emulator.faults.add({ operation: `${collection}/getDeleted`, fault })
      await store.delete('k')
      expect(vault.emulator.requests.count(`${collection}/delete`)).toBe(1)
      expect(await store.get('k')).toBeNull()
    },
  )

  test('has not, where the vault had refused it for the moment and then says that there is none', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    vault.emulator.faults.add({ operation: 'keys/delete', fault: { type: 'status', status: 429 } })
    await expect(store.delete('absent')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

describe('a read that is not answered', () => {
  test.each([
    ['certificates', 'get'],
    ['certificates', 'list'],
    ['certificates', 'listVersions'],
    ['keys', 'get'],
    ['keys', 'list'],
    ['keys', 'listVersions'],
  ] as const)('is sent again: %s/%s', async (collection, operation) => {
    const vault = await startVault()
    const options = { ...vault.options, collection }
    await openKeyVault(vault.url, options).create('k', { keyType: 'ec-p256' })
    const store = openKeyVault(vault.url, { ...options, attemptTimeout: 200 })
    vault.emulator.faults.add({ operation: `${collection}/${operation}`, fault: { type: 'hang' } })
    expect((await store.list()).map(({ name }) => name)).toEqual(['k'])
  })

  test('is sent again: the question how far a certificate is', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, attemptTimeout: 200 })
    // The first one is asked by the client itself.
    vault.emulator.faults.add({ operation: 'certificates/getPending', fault: { type: 'hang' }, after: 1 })
    await expect(store.create('k', { keyType: 'ec-p256' })).resolves.toMatchObject({ name: 'k' })
  })
})

async function makeIssuer(): Promise<CertificateIssuer> {
  const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
  return { signer, certificates: [await createSelfSignedCertificate(signer, { subject: 'CN=issuer' })] }
}

describe('a certificate request that fails half-way', () => {
  test('leaves the name free when the answer is lost', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    vault.emulator.faults.add({ operation: 'certificates/create', fault: { type: 'truncate' } })
    await expect(store.create('k', { issuer: await makeIssuer() })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    })
    expect(await store.get('k')).toBeNull()
  })

  test('leaves the name free when the caller aborts', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    const { requests, faults } = vault.emulator
    faults.add({ operation: 'certificates/getPending', fault: { type: 'hang' } })
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    const creating = store.create('k', { issuer: await makeIssuer(), signal: controller.signal })
    // Looked at below; until then nobody else does.
    creating.catch(() => undefined)
    while (requests.count('certificates/getPending') === 0) await sleep(5)
    controller.abort(reason)
    await expect(creating).rejects.toBe(reason)
    expect(await store.get('k')).toBeNull()
  })

  test('leaves that of somebody else alone', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    await store.create('k', { keyType: 'ec-p256' })
    await vault.certificates.beginCreateCertificate('k', { issuerName: 'Unknown', subject: 'CN=theirs' })
    await expect(store.rotate('k', { issuer: await makeIssuer() })).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    })
    expect(vault.emulator.requests.count('certificates/deletePending')).toBe(0)
  })
})
