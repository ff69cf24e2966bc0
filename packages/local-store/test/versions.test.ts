import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, readdir, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, jwkThumbprint } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { createSelfSignedCertificate, generatePrivateKey, readPkcs12, writePkcs12 } from '@sealwright/x509'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openDotNetStore, openFolderStore, type FolderStore } from '../src/index.ts'
import { arrivalsIn, filesIn } from './support/files.ts'

const keyType = 'ec-p256'

async function newStore(): Promise<{ readonly store: FolderStore; readonly folder: string }> {
  const folder = join(scratchFolder(), 'keys')
  return { store: await openFolderStore(folder), folder }
}

/** A PFX with the key and a new certificate. */
async function renewal(pfx: Uint8Array, subject: string): Promise<Uint8Array> {
  const [key] = (await readPkcs12(pfx, '')).keys
  if (key === undefined) throw new Error('no key')
  return pfxOf(key.privateKey, subject)
}

/** A PFX with the key and a new certificate. */
async function pfxOf(privateKey: KeyObject, subject: string): Promise<Uint8Array> {
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject })
  return writePkcs12({ privateKey, certificates: [certificate], friendlyName: 'x' }, '', { iterations: 1 })
}

describe('versions of a key', () => {
  test('lie side by side, newest first, and each can be had by its version', async () => {
    const { store, folder } = await newStore()
    const first = await store.create('Auth', { keyType, subject: 'CN=auth,O=Contoso', validityDays: 30 })
    const second = await store.rotate('auth')
    const third = await store.rotate('AUTH')
    expect(await filesIn(folder)).toEqual(['auth.pfx', 'auth.v2.pfx', 'auth.v3.pfx'])
    const listed = await (await openFolderStore(folder)).list({ name: 'auth' })
    expect(listed.map(({ keyId }) => keyId)).toEqual([third, second, first].map(({ keyId }) => keyId))
    expect(listed.map(({ name }) => name)).toEqual(['Auth', 'Auth', 'Auth'])
    expect((await store.get('auth'))?.keyId).toBe(third.keyId)
    expect((await store.get('auth', { version: first.version }))?.keyId).toBe(first.keyId)
    expect(second.certificates[0]?.subject).toBe('O=Contoso\nCN=auth')
    const days = (second.notAfter.getTime() - second.notBefore.getTime()) / 86_400_000
    expect(Math.round(days)).toBe(30)
  })

  test('have times in the order of the versions, also when the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const { store, folder } = await newStore()
    const first = await store.create('auth', { keyType })
    vi.setSystemTime(Date.now() - 30_000)
    const second = await store.rotate('auth')
    expect(second.createdAt?.getTime()).toBe((first.createdAt?.getTime() ?? NaN) + 1)
    expect((await store.list({ name: 'auth' })).map(({ keyId }) => keyId)).toEqual([
      second.keyId,
      first.keyId,
    ])
    vi.setSystemTime(Date.now() - 3_600_000)
    const before = await filesIn(folder)
    expect(await failure('UNAVAILABLE', () => store.rotate('auth'))).toContain(
      'which is in the future; correct the clock of this machine, then rotate',
    )
    expect(await filesIn(folder)).toEqual(before)
  })

  test('that several processes make at once are one: the others are told, and leave neither file nor record', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType })
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => store.rotate('k')))
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    for (const error of refused) {
      expect(await failure('ALREADY_EXISTS', () => Promise.reject(error as Error))).toContain('k.v')
    }
    expect(refused.length).toBeGreaterThan(0)
    const files = await filesIn(folder)
    expect(files).toHaveLength(1 + results.length - refused.length)
    expect(await arrivalsIn(folder)).toHaveLength(files.length)
  })

  test('keep their key type', async () => {
    const { store } = await newStore()
    await store.importPkcs12('rsa-3072', await pfxOf(rsaKey(3072), 'CN=k'), '')
    for (const type of ['ec-p384', 'ed25519'] as const) await store.create(type, { keyType: type })
    const types: unknown[] = []
    for (const name of ['rsa-3072', 'ec-p384', 'ed25519']) {
      const { asymmetricKeyType, asymmetricKeyDetails } = (await store.rotate(name)).publicKey
      const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {}
      types.push([asymmetricKeyType, modulusLength, namedCurve])
    }
    expect(types).toEqual([
      ['rsa', 3072, undefined],
      ['ec', undefined, 'secp384r1'],
      ['ed25519', undefined, undefined],
    ])
  })

  test('that follow an RSA key of an unusual length have the next longer one', async () => {
    const { store } = await newStore()
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2056 })
    await store.importPkcs12('k', await pfxOf(privateKey, 'CN=k'), '')
    expect((await store.rotate('k')).publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072)
  })

  test('are not made when the call is aborted, at whatever point', async () => {
    const { store, folder } = await newStore()
    const reason = new Error('enough')
    for (const [make, points] of [
      [(signal: AbortSignal) => store.create('k', { keyType, signal }), 2],
      [(signal: AbortSignal) => store.rotate('k', { signal }), 3],
    ] as const) {
      let at = 0
      for (; ; at++) {
        const before = existsSync(folder) ? await filesIn(folder) : []
        let looks = 0
        const throwIfAborted = (): void => {
          if (looks++ === at) throw reason
        }
        const signal = Object.assign(new AbortController().signal, { throwIfAborted })
        const error = await make(signal).then(
          () => null,
          (cause: unknown) => cause,
        )
        if (error === null) break
        expect(error).toBe(reason)
        expect(existsSync(folder) ? await filesIn(folder) : []).toEqual(before)
      }
      expect(at).toBe(points)
    }
  })

  test('in two files are ambiguous', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType })
    await store.rotate('k')
    await copyFile(join(folder, 'k.v2.pfx'), join(folder, 'K.V2.p12'))
    expect(await failure('AMBIGUOUS', () => store.get('k'))).toContain('K.V2.p12, k.v2.pfx')
  })

  test('are all the name has: none can be created beside them, and delete removes all', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType })
    await store.create('k-other', { keyType })
    await store.rotate('k')
    await unlink(join(folder, 'k.pfx'))
    expect(await failure('ALREADY_EXISTS', () => store.create('k', { keyType }))).toContain('k.v2.pfx')
    await store.rotate('k')
    await store.delete('k')
    expect(await filesIn(folder)).toEqual(['k-other.pfx'])
    expect(await arrivalsIn(folder)).toHaveLength(1)
  })

  test('are one to a search by name or subject, which finds the newest; a thumbprint finds each', async () => {
    const { store } = await newStore()
    const first = await store.create('k', { keyType })
    const second = await store.rotate('k')
    expect((await store.find({ friendlyName: 'k' })).keyId).toBe(second.keyId)
    expect((await store.find({ subject: 'CN=k' })).keyId).toBe(second.keyId)
    expect((await store.find({ thumbprint: first.version })).keyId).toBe(first.keyId)
  })

  test('there are none in the folder of .NET, whose file names cannot keep two writers apart', async () => {
    expect(await openDotNetStore({ home: scratchFolder() })).not.toHaveProperty('rotate')
  })
})

describe('the time of arrival', () => {
  test('is that of the folder, not of the file', async () => {
    const { store, folder } = await newStore()
    const { createdAt } = await store.create('k', { keyType })
    const longAgo = new Date('2020-01-01')
    await utimes(join(folder, 'k.pfx'), longAgo, longAgo)
    expect((await store.get('k'))?.createdAt).toEqual(createdAt)
    expect(Math.abs((createdAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
  })

  test('is unknown for a file that was put there by hand, even under the name of another key', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType })
    await store.create('other', { keyType })
    await copyFile(join(folder, 'other.pfx'), join(folder, 'k.pfx'))
    await copyFile(join(folder, 'other.pfx'), join(folder, 'by-hand.pfx'))
    expect((await store.get('k'))?.createdAt).toBeNull()
    expect((await store.get('by-hand'))?.createdAt).toBeNull()
  })

  test('of a key that was deleted and comes back is the later one', async () => {
    const { store, folder } = await newStore()
    const first = await store.create('k', { keyType })
    const pfx = await readFile(join(folder, 'k.pfx'))
    // Removed by hand, so its record stays.
    await rm(join(folder, 'k.pfx'))
    const again = await store.importPkcs12('k', pfx, '')
    expect(again.keyId).toBe(first.keyId)
    expect(again.createdAt?.getTime()).toBeGreaterThan(first.createdAt?.getTime() ?? Infinity)
    expect((await store.get('k'))?.createdAt).toEqual(again.createdAt)
  })

  test('does not come from files that only look like records', async () => {
    const { store, folder } = await newStore()
    const pfx = await renewal(await exported(), 'CN=k')
    await store.create('other', { keyType })
    await writeFile(join(folder, 'k.pfx'), pfx, { mode: 0o600 })
    const keyId = (await store.get('k'))?.keyId
    for (const time of ['20261340T000000000Z', '2026', '20260101T000000000Zx']) {
      await writeFile(join(folder, `.k.${keyId}.arrived-${time}`), '')
    }
    expect((await store.get('k'))?.createdAt).toBeNull()
    await writeFile(join(folder, `.k.${keyId}.arrived-20260101T000000000Z`), '')
    expect((await store.get('k'))?.createdAt).toEqual(new Date('2026-01-01T00:00:00Z'))
  })
})

async function exported(): Promise<Uint8Array> {
  return pfxOf(await generatePrivateKey(keyType), 'CN=first')
}

describe('renewing a certificate', () => {
  test('replaces the file of that version and of no other, and keeps its place and age', async () => {
    const { store, folder } = await newStore()
    const first = await store.create('k', { keyType })
    const second = await store.rotate('k')
    const renewed = await store.importPkcs12(
      'k',
      await renewal(await readFile(join(folder, 'k.pfx')), 'CN=renewed'),
      '',
    )
    expect(renewed).toMatchObject({
      keyId: first.keyId,
      location: first.location,
      createdAt: first.createdAt,
    })
    expect(renewed.version).not.toBe(first.version)
    expect((await store.list({ name: 'k' })).map(({ version }) => version)).toEqual([
      second.version,
      renewed.version,
    ])
    expect((await store.get('k'))?.keyId).toBe(second.keyId)
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('with the certificate it has changes nothing', async () => {
    const { store, folder } = await newStore()
    const first = await store.create('k', { keyType })
    const before = await readFile(join(folder, 'k.pfx'))
    expect(await store.importPkcs12('k', before, '')).toMatchObject({ version: first.version })
    expect(await readFile(join(folder, 'k.pfx'))).toEqual(before)
    expect(await arrivalsIn(folder)).toHaveLength(1)
  })

  test('of a file that was put there by hand does not make its key a new one', async () => {
    const { store, folder } = await newStore()
    await store.create('other', { keyType })
    await writeFile(join(folder, 'k.p12'), await exported(), { mode: 0o600 })
    const renewed = await store.importPkcs12(
      'k',
      await renewal(await readFile(join(folder, 'k.p12')), 'CN=b'),
      '',
    )
    expect(renewed).toMatchObject({ location: join(folder, 'k.p12'), createdAt: null })
    expect(renewed.keyId).toBe(jwkThumbprint(renewed.publicKey))
  })

  test("in .NET's folder adds a file, since the thumbprint is its name", async () => {
    const home = scratchFolder()
    const store = await openDotNetStore({ home })
    const first = await store.create('k', { keyType })
    const renewed = await store.importPkcs12('k', await renewal(await readFile(first.location), 'CN=k'), '')
    expect(renewed.keyId).toBe(first.keyId)
    expect((await store.list({ name: 'k' })).map(({ version }) => version).toSorted()).toEqual(
      [first.version, renewed.version].toSorted(),
    )
    expect((await store.importPkcs12('k', await readFile(renewed.location), '')).version).toBe(
      renewed.version,
    )
  })
})

describe('a disabled version', () => {
  test('is passed over by get and by searches, and refuses to sign', async () => {
    const { store, folder } = await newStore()
    const first = await store.create('k', { keyType })
    const second = await store.rotate('k')
    await store.disable('K', second.version.toUpperCase())
    const record = `.k.${second.keyId}.disabled`
    expect(await readdir(folder)).toContain(record)
    expect((await store.get('k'))?.keyId).toBe(first.keyId)
    expect((await store.find({ subject: 'CN=k' })).keyId).toBe(first.keyId)
    expect((await store.find({ friendlyName: 'k' })).keyId).toBe(first.keyId)
    const disabled = await store.find({ thumbprint: second.version })
    const message = `the key "k" in ${join(folder, 'k.v2.pfx')} is disabled; to enable it, remove ${join(folder, record)}`
    const data = Buffer.from('x')
    expect(await failure('ACCESS_DENIED', () => disabled.signer().signSync(data))).toBe(message)
    expect(await failure('ACCESS_DENIED', () => disabled.signer().sign(data))).toBe(message)
    expect(await failure('NOT_FOUND', () => store.find({ subject: 'other' }))).toMatch(/, disabled$/m)
    // What was opened before signs on, as it has the key.
    expect(second.signer().signSync(data)).toHaveLength(64)
    await unlink(join(folder, record))
    expect((await store.get('k'))?.keyId).toBe(second.keyId)
  })

  test('may be disabled by a file that was made by hand', async () => {
    const { store, folder } = await newStore()
    const { keyId } = await store.create('My-App', { keyType })
    await writeFile(join(folder, `.My-App.${keyId}.disabled`), '')
    expect(await store.get('my-app')).toMatchObject({ name: 'My-App', enabled: false })
    await store.delete('my-app')
    expect(await readdir(folder)).toEqual([])
  })

  test('is the newest one where all are disabled', async () => {
    const { store } = await newStore()
    const first = await store.create('k', { keyType })
    const second = await store.rotate('k')
    for (const { version } of [first, second]) await store.disable('k', version)
    expect(await store.get('k')).toMatchObject({ keyId: second.keyId, enabled: false })
    expect(await store.find({ subject: 'k' })).toMatchObject({ keyId: second.keyId, enabled: false })
  })

  test('stays disabled when its certificate is renewed, and is enabled when it comes back after a deletion', async () => {
    const { store, folder } = await newStore()
    const { version } = await store.create('k', { keyType })
    await store.create('other', { keyType })
    const pfx = await store.exportPkcs12('k', '')
    await store.disable('k', version)
    expect(await store.importPkcs12('k', await renewal(pfx, 'CN=k'), '')).toMatchObject({ enabled: false })
    expect(await store.get('k')).toMatchObject({ enabled: false })
    expect(await store.get('other')).toMatchObject({ enabled: true })
    await store.delete('k')
    expect((await readdir(folder)).filter((name) => name.startsWith('.k.'))).toEqual([])
    expect(await store.importPkcs12('k', pfx, '')).toMatchObject({ enabled: true })
  })

  test('must be there, and makes no signer of the caller’s', async () => {
    const folder = join(scratchFolder(), 'keys')
    let signers = 0
    const store = await openFolderStore(folder, {
      createSigner: (key, options) => {
        signers++
        return createLocalSigner(key, options)
      },
    })
    expect(await failure('NOT_FOUND', () => store.disable('k', '00'))).toContain('there is no certificate')
    const { version } = await store.create('k', { keyType })
    expect(await failure('NOT_FOUND', () => store.disable('k', '00'))).toBe(
      `the key "k" in ${folder} has no such version`,
    )
    await failure('INVALID_ARGUMENT', () => store.disable('k', undefined as unknown as string))
    await store.disable('k', version)
    const key = await store.get('k')
    expect(key?.signer()).toMatchObject({ keyId: key?.keyId, algorithm: { name: 'ES256' } })
    expect(signers).toBe(0)
  })
})
