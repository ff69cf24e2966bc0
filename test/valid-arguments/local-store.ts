import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner } from '../../packages/core/src/index.ts'
import * as localStore from '../../packages/local-store/src/index.ts'
import type { Calls } from './calls.ts'

const keyType = 'ec-p256'

/** The functions of local-store, and the methods of what they return. */
export async function validCalls(folder: string): Promise<Calls> {
  const store = await localStore.openFolderStore(join(folder, 'local-store'))
  const { version, certificates } = await store.create('key', { keyType })
  // For keys whose name may be a secret, which messages about the others would list.
  const elsewhere = await localStore.openFolderStore(join(folder, 'created'))
  const other = await store.create('other', { keyType })
  const pfx = await store.exportPkcs12('key', '')
  const file = join(folder, 'key.pfx')
  await writeFile(file, pfx, { mode: 0o600 })
  await writeFile(join(folder, 'key.crt'), certificates.join(''))
  const { signal } = new AbortController()
  const backend = localStore.localStore()
  const uri = `store:${folder}/local-store?name=key`
  const createSigner = createLocalSigner
  return {
    localStore: [
      localStore.localStore,
      {
        baseFolder: folder,
        dotNet: { home: folder },
        appService: { folder, loadCertificates: '*' },
        createSigner,
      },
    ],
    normalizeThumbprint: [localStore.normalizeThumbprint, 'ab'.repeat(20)],
    openAppServiceStore: [localStore.openAppServiceStore, { folder, loadCertificates: '*', createSigner }],
    openDotNetStore: [localStore.openDotNetStore, { home: folder, createSigner }],
    openFolderStore: [localStore.openFolderStore, folder, { password: '', createSigner }],
    openKeyFile: [localStore.openKeyFile, file, { certificate: 'key.crt', password: '', createSigner }],
    openPkcs12File: [localStore.openPkcs12File, file, '', { createSigner }],
    'Backend.locate': [backend.locate.bind(backend), uri, { password: '' }],
    'Backend.open': [backend.open.bind(backend), uri, { password: '', create: { keyType }, signal }],
    'FolderStore.create': [
      // Each time under another name, unless a secret is in its place.
      (name: string, options: object) =>
        elsewhere.create(name === 'new' ? `k-${randomUUID()}` : name, options),
      'new',
      { keyType, subject: 'CN=a', validityDays: 1, signal },
    ],
    'FolderStore.delete': [
      async (name: string) => {
        if (name === 'gone') await store.create('gone', { keyType })
        await store.delete(name)
      },
      'gone',
    ],
    'FolderStore.disable': [store.disable.bind(store), 'other', other.version],
    'FolderStore.exportPkcs12': [store.exportPkcs12.bind(store), 'key', '', { version, signal }],
    'FolderStore.find by name': [store.find.bind(store), { friendlyName: 'key' }],
    'FolderStore.find by subject': [store.find.bind(store), { subject: 'CN=key' }],
    'FolderStore.find by thumbprint': [store.find.bind(store), { thumbprint: version }],
    'FolderStore.get': [store.get.bind(store), 'key', { version, signal }],
    'FolderStore.importPkcs12': [elsewhere.importPkcs12.bind(elsewhere), 'imported', pfx, ''],
    'FolderStore.list': [store.list.bind(store), { name: 'key', signal }],
    'FolderStore.rotate': [
      (name: string, options: object) => store.rotate(name, options),
      'key',
      { after: undefined, signal },
    ],
  }
}
