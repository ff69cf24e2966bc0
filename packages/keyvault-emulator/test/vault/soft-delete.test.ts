import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { errorOf, startRig, type Rig } from '../support/rig.ts'

/** Keys, secrets and certificates through the same hoops. */
const collections = {
  key: {
    title: 'Key',
    make: (rig: Rig) => rig.keys.createEcKey('x'),
    get: (rig: Rig) => rig.keys.getKey('x'),
    startDelete: (rig: Rig) => rig.raw('DELETE', '/keys/x?api-version=7.6'),
    getDeleted: (rig: Rig) => rig.keys.getDeletedKey('x'),
    recover: (rig: Rig) => rig.raw('POST', '/deletedkeys/x/recover?api-version=7.6'),
    purge: (rig: Rig) => rig.keys.purgeDeletedKey('x'),
  },
  secret: {
    title: 'Secret',
    make: (rig: Rig) => rig.secrets.setSecret('x', 'y'),
    get: (rig: Rig) => rig.secrets.getSecret('x'),
    startDelete: (rig: Rig) => rig.raw('DELETE', '/secrets/x?api-version=7.6'),
    getDeleted: (rig: Rig) => rig.secrets.getDeletedSecret('x'),
    recover: (rig: Rig) => rig.raw('POST', '/deletedsecrets/x/recover?api-version=7.6'),
    purge: (rig: Rig) => rig.secrets.purgeDeletedSecret('x'),
  },
  certificate: {
    title: 'Certificate',
    make: (rig: Rig) =>
      rig.certificates
        .beginCreateCertificate(
          'x',
          { issuerName: 'Self', subject: 'CN=x', keyType: 'EC' },
          { intervalInMs: 5 },
        )
        .then((poller) => poller.pollUntilDone()),
    get: (rig: Rig) => rig.certificates.getCertificate('x'),
    startDelete: (rig: Rig) => rig.raw('DELETE', '/certificates/x?api-version=7.6'),
    getDeleted: (rig: Rig) => rig.certificates.getDeletedCertificate('x'),
    recover: (rig: Rig) => rig.raw('POST', '/deletedcertificates/x/recover?api-version=7.6'),
    purge: (rig: Rig) => rig.certificates.purgeDeletedCertificate('x'),
  },
} as const

describe.each(Object.entries(collections))('a %s', (name, collection) => {
  test('goes through every phase', async () => {
    let now = Date.UTC(2026, 0, 1)
    const rig = await startRig({
      now: () => now,
      timing: { issuance: 0, deletion: 2000, recovery: 3000 },
      recoverableDays: 7,
    })
    const status = async (call: (rig: Rig) => Promise<unknown>): Promise<string> => {
      try {
        await call(rig)
        return 'ok'
      } catch (error) {
        const { status: code, inner } = errorOf(error)
        return inner === undefined ? String(code) : `${String(code)} ${inner}`
      }
    }
    await collection.make(rig)

    const deleted = await collection.startDelete(rig)
    expect(deleted.body).toMatchObject({
      recoveryId: `${rig.emulator.vaultUrl()}/deleted${name}s/x`,
      deletedDate: now / 1000,
      scheduledPurgeDate: now / 1000 + 7 * 86_400,
    })
    expect(Object.keys(deleted.body).slice(0, 3)).toEqual(['recoveryId', 'deletedDate', 'scheduledPurgeDate'])
    // Being deleted: gone from one place, not yet in the other.
    expect(await status(collection.get)).toBe('404')
    expect(errorOf(await rejection(collection.getDeleted(rig)))).toMatchObject({
      status: 404,
      code: `${collection.title}NotFound`,
      message: `Deleted ${collection.title} not found: x`,
    })
    expect(await status(collection.make)).toBe('409 ObjectIsBeingDeleted')
    for (const early of [await collection.recover(rig), await rejection(collection.purge(rig))]) {
      const error = 'status' in (early as object) ? early : errorOf(early)
      expect(error).toMatchObject({ status: 409 })
    }
    expect(errorOf(await rejection(collection.purge(rig)))).toMatchObject({
      message: `${collection.title} is currently being deleted.`,
      inner: 'ObjectIsBeingDeleted',
    })
    now += 2000
    // Deleted.
    expect(await status(collection.getDeleted)).toBe('ok')
    expect(await status(collection.make)).toBe('409 ObjectIsDeletedButRecoverable')
    expect(errorOf(await rejection(collection.make(rig))).message).toBe(
      `${collection.title} x is currently in a deleted but recoverable state, and its name cannot be reused; in this state, ` +
        `the ${name} can only be recovered or purged.`,
    )
    // Recovered, which takes a while, too.
    expect((await collection.recover(rig)).status).toBe(200)
    expect(await status(collection.get)).toBe('404')
    now += 3000
    expect(await status(collection.get)).toBe('ok')
    // Deleted again, and purged.
    await collection.startDelete(rig)
    now += 2000
    await collection.purge(rig)
    expect(await status(collection.getDeleted)).toBe('404')
    expect(await status(collection.make)).toBe('409 ObjectIsBeingDeleted')
    now += 2000
    expect(await status(collection.make)).toBe('ok')
  })
})

describe('the clients’ own pollers', () => {
  test('delete, list, recover and purge', async () => {
    const rig = await startRig()
    await rig.keys.createEcKey('k')
    const deletion = await rig.keys.beginDeleteKey('k', { intervalInMs: 10 })
    await expect(deletion.pollUntilDone()).resolves.toMatchObject({ name: 'k' })
    const listed: string[] = []
    for await (const key of rig.keys.listDeletedKeys()) listed.push(key.name)
    expect(listed).toEqual(['k'])
    const recovery = await rig.keys.beginRecoverDeletedKey('k', { intervalInMs: 10 })
    await expect(recovery.pollUntilDone()).resolves.toMatchObject({ name: 'k' })
    await expect(rig.keys.getKey('k')).resolves.toMatchObject({ name: 'k' })
  })
})

describe('a certificate takes its key and secret along', () => {
  test('when it is deleted and when it is recovered', async () => {
    const rig = await startRig()
    await collections.certificate.make(rig)
    await (await rig.certificates.beginDeleteCertificate('x', { intervalInMs: 5 })).pollUntilDone()
    expect(errorOf(await rejection(rig.keys.getKey('x'))).status).toBe(404)
    expect(errorOf(await rejection(rig.secrets.getSecret('x'))).status).toBe(404)
    expect(errorOf(await rejection(rig.keys.createEcKey('x'))).inner).toBe('ObjectIsDeletedButRecoverable')
    await (await rig.certificates.beginRecoverDeletedCertificate('x', { intervalInMs: 5 })).pollUntilDone()
    await expect(rig.keys.getKey('x')).resolves.toMatchObject({ name: 'x' })
    await expect(rig.secrets.getSecret('x')).resolves.toMatchObject({ name: 'x' })
  })

  test('and they cannot be changed without it', async () => {
    const rig = await startRig()
    await collections.certificate.make(rig)
    for (const call of [
      rig.raw('DELETE', '/keys/x?api-version=7.6'),
      rig.raw('DELETE', '/secrets/x?api-version=7.6'),
      rig.raw('POST', '/keys/x/create?api-version=7.6', { body: { kty: 'EC' } }),
      rig.raw('PUT', '/secrets/x?api-version=7.6', { body: { value: 'y' } }),
      rig.raw('POST', '/keys/x/backup?api-version=7.6'),
    ]) {
      expect((await call).status).toBe(403)
    }
  })

  test('nor does one take a name that a key or a secret has', async () => {
    const rig = await startRig()
    await rig.keys.createEcKey('x')
    expect(errorOf(await rejection(collections.certificate.make(rig)))).toMatchObject({ status: 409 })
  })
})
