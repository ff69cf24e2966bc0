import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { GetKeyOptions } from '@sealwright/core'
import { failure, rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { readPkcs12 } from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { openAppServiceStore, openDotNetStore, openFolderStore, type FolderStore } from '../../src/index.ts'

const keyType = 'ec-p256'

async function newStore(): Promise<{ readonly store: FolderStore; readonly folder: string }> {
  const folder = join(scratchFolder(), 'keys')
  return { store: await openFolderStore(folder), folder }
}

/** A signal that is found aborted when it is looked at for the `at`th time. */
function abortedAt(at: number, reason: Error): AbortSignal {
  let looks = 0
  const throwIfAborted = (): void => {
    if (++looks === at) throw reason
  }
  return Object.assign(new AbortController().signal, { throwIfAborted })
}

test('an abort is noticed before and after the folder is read', async () => {
  const { store } = await newStore()
  await store.create('k', { keyType })
  const reason = new Error('enough')
  for (const read of [
    (options: GetKeyOptions) => store.get('k', options),
    ({ signal }: GetKeyOptions) => store.list({ signal }),
    (options: GetKeyOptions) => store.exportPkcs12('k', '', options),
  ]) {
    for (const at of [1, 2]) {
      expect(await rejection(read({ signal: abortedAt(at, reason) }))).toBe(reason)
    }
    expect(await read({ signal: abortedAt(3, reason) })).not.toBeNull()
  }
})

test('a list of one name reads no other files', async () => {
  const { store, folder } = await newStore()
  const { keyId } = await store.create('k', { keyType })
  await writeFile(join(folder, 'broken.pfx'), 'x', { mode: 0o600 })
  expect((await store.list({ name: 'K' })).map((key) => key.keyId)).toEqual([keyId])
  await failure('INVALID_ENCODING', () => store.list())
})

describe('an export', () => {
  test('is of the version asked for, otherwise of the newest enabled one, under the name of the key', async () => {
    const { store } = await newStore()
    const first = await store.create('My-App', { keyType })
    const second = await store.rotate('my-app')
    const exported = async (options?: GetKeyOptions): Promise<unknown> => {
      const { keys } = await readPkcs12(await store.exportPkcs12('my-app', '', options), '')
      return keys.map(({ friendlyName, certificates: [own] }) => [friendlyName, own?.fingerprint256])
    }
    const [old, current] = [first, second].map(({ certificates: [own] }) => [['My-App', own?.fingerprint256]])
    expect(await exported()).toEqual(current)
    expect(await exported({ version: first.version.toUpperCase() })).toEqual(old)
    await store.disable('my-app', second.version)
    expect(await exported()).toEqual(old)
  })

  test('of a key that is not there lists what is', async () => {
    const { store, folder } = await newStore()
    expect(await failure('NOT_FOUND', () => store.exportPkcs12('k', ''))).toBe(
      `there is no certificate in ${folder}`,
    )
    await store.create('other', { keyType })
    for (const call of [
      () => store.exportPkcs12('k', ''),
      () => store.rotate('k'),
      () => store.disable('k', ''),
    ]) {
      expect(await failure('NOT_FOUND', call)).toMatch(
        /^no signing key in \S+ has the name "k"; found:\n {2}[0-9A-F]{40} "CN=other", name "other", expires [\d-]+$/,
      )
    }
  })
})

function refused(call: () => unknown): Promise<string> {
  return failure('INVALID_ARGUMENT', call)
}

test('options and criteria are checked by their names', async () => {
  const { store } = await newStore()
  const options = { versoin: '1' } as never
  const all = 'options.versoin is not an option; the options are version, signal'
  expect(await refused(() => store.get('k', options))).toBe(all)
  expect(await refused(() => store.exportPkcs12('k', '', options))).toBe(all)
  expect(await refused(() => store.list(options))).toBe(
    'options.versoin is not an option; the options are name, signal',
  )
  expect(await refused(() => store.find({ name: 'k' } as never))).toBe(
    'query.name is not an option; the options are thumbprint, subject, friendlyName',
  )
  expect(await refused(() => store.disable('k', 7 as never))).toBe('version must be a string')
})

test('a store that is only read creates nothing, and says so', async () => {
  const folder = scratchFolder()
  const store = await openAppServiceStore({ folder, loadCertificates: '*' })
  expect(await failure('UNSUPPORTED_OPERATION', () => store.create('k'))).toBe(
    `cannot create the key "k": ${folder} is read-only`,
  )
  expect(await failure('UNSUPPORTED_OPERATION', () => store.create('{"kty":"EC"}'))).toBe(
    `cannot create the key of that name: ${folder} is read-only`,
  )
})

test('a folder that other programs use has names inside its files, in either case', async () => {
  const { store } = await newStore()
  const home = scratchFolder()
  const dotNet = await openDotNetStore({ home })
  const { location } = await store.create('Signing', { keyType, subject: 'CN=other' })
  await mkdir(dotNet.location, { recursive: true, mode: 0o700 })
  await writeFile(join(dotNet.location, 'A.pfx'), await readFile(location), { mode: 0o600 })
  const key = await dotNet.get('sIGNING')
  expect(key).toMatchObject({ name: 'Signing', createdAt: null, enabled: true })
  expect(await dotNet.get('other')).toBeNull()
  expect(dirname(key?.location ?? '')).toBe(dotNet.location)
})
