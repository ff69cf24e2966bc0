import { generateKeyPairSync } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { CertificateCollection } from '../../src/vault/certificate-collection.ts'
import { VaultStore } from '../../src/store/key-vault-store.ts'
import { VaultConnection, type SignAnswer, type SignRequest } from '../../src/vault/connection.ts'
import { startVault } from '../support/vault.ts'

/** Notes what its signatures are said to cost. */
class NotingConnection extends VaultConnection {
  readonly costs: number[] = []

  override sign(request: SignRequest): Promise<SignAnswer> {
    this.costs.push(request.cost)
    return super.sign(request)
  }
}

describe('a signature with a certificate’s key counts as one in hardware', () => {
  test.each([
    ['when it is, however the key was come by', true, 2],
    ['and not when it is not', false, 1],
  ])('%s', async (_, hardware, cost) => {
    const vault = await startVault()
    const connection = new NotingConnection(vault.url, vault.options)
    const store = new VaultStore(connection, new CertificateCollection(connection), false)
    const created = await store.create('k', { keyType: 'ec-p256', hardware })
    const rotated = await store.rotate('k')
    const newest = await store.get('k')
    const pinned = await store.get('k', { version: created.version })
    const listed = await store.list({ name: 'k' })
    for (const key of [created, rotated, newest, pinned, ...listed]) {
      await key?.signer().sign(Buffer.from('data'))
    }
    expect(connection.costs).toEqual([cost, cost, cost, cost, cost, cost])
  })

  test('when the vault does not say', async () => {
    const vault = await startVault()
    const connection = new NotingConnection(vault.url, vault.options)
    const store = new VaultStore(connection, new CertificateCollection(connection), false)
    const { version } = await store.create('k', { keyType: 'ec-p256' })
    vault.emulator.faults.add({
      operation: 'certificates/getPolicy',
      fault: { type: 'status', status: 403 },
    })
    const key = await store.get('k', { version })
    await key?.signer().sign(Buffer.from('data'))
    expect(connection.costs).toEqual([2])
  })
})

/** A vault that was told to make an imported key not exportable, and says that it is. */
class ExportingConnection extends VaultConnection {
  override async create<T>(
    operation: Parameters<VaultConnection['create']>[0],
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return { ...(await super.create(operation, send)), policy: { subject: 'CN=k', exportable: true } }
  }
}

describe('an import that the vault made exportable', () => {
  test.each([
    ['is disabled', undefined, 'is disabled', false],
    ['is said to be so when it cannot be disabled', 403, 'disabling the version failed', true],
  ])('%s', async (_, status, message, enabled) => {
    const vault = await startVault()
    const connection = new ExportingConnection(vault.url, vault.options)
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject: 'CN=k' })
    if (status !== undefined) {
      vault.emulator.faults.add({ operation: 'certificates/update', fault: { type: 'status', status } })
    }
    await expect(
      new CertificateCollection(connection).import('k', {
        privateKey,
        certificates: [certificate],
        hardware: false,
      }),
    ).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
      message: expect.stringMatching(
        new RegExp(`exportable, although a non-exportable key was requested.*${message}`),
      ),
    })
    expect((await vault.certificates.getCertificate('k')).properties.enabled).toBe(enabled)
  })
})
