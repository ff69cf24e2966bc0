import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { createLocalSigner, openSigningKey, type SigningKey } from '@sealwright/core'
import {
  localStore,
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  openPkcs12File,
  type CreateSigner,
} from '@sealwright/local-store'

/** What the function under test was given. */
interface Call {
  readonly publicKey: KeyObject
  readonly algorithm: string | undefined
}

function recorder(): { readonly calls: Call[]; readonly createSigner: CreateSigner } {
  const calls: Call[] = []
  return {
    calls,
    createSigner(privateKey, { algorithm }) {
      calls.push({ publicKey: createPublicKey(privateKey), algorithm })
      return createLocalSigner(privateKey, { algorithm })
    },
  }
}

/** One key where each of the stores and URIs finds test. */
async function everywhere(): Promise<
  Record<string, (createSigner: CreateSigner) => Promise<SigningKey | null>>
> {
  const base = scratchFolder()
  const keys = join(base, 'keys')
  const file = join(keys, 'auth.pfx')
  const home = join(base, 'home')
  const my = join(home, '.dotnet/corefx/cryptography/x509stores/my')
  const ssl = join(base, 'ssl')
  const { certificates } = await (await openFolderStore(keys)).create('auth', { keyType: 'ec-p256' })
  const thumbprint = certificates[0]?.fingerprint.replaceAll(':', '') ?? ''
  await mkdir(my, { recursive: true })
  await mkdir(ssl)
  await copyFile(file, join(my, `${thumbprint}.pfx`))
  await copyFile(file, join(ssl, `${thumbprint}.p12`))
  await chmod(ssl, 0o700)
  const appService = { folder: ssl, loadCertificates: '*' }
  const open = (uri: string) => (createSigner: CreateSigner) =>
    openSigningKey(uri, {
      backends: [localStore({ baseFolder: base, dotNet: { home }, appService, createSigner })],
      create: uri.includes('new') ? { keyType: 'ec-p256' } : undefined,
    })
  return {
    'file:': open('file:keys/auth.pfx'),
    'store:FOLDER?name=': open('store:./keys?name=auth'),
    'store:FOLDER?thumbprint=': open(`store:./keys?thumbprint=${thumbprint}`),
    'store:FOLDER?name=, created': open('store:./keys?name=new'),
    'store:my': open(`store:my?thumbprint=${thumbprint}`),
    'store:appservice': open(`store:appservice?thumbprint=${thumbprint}`),
    openPkcs12File: (createSigner) => openPkcs12File(file, '', { createSigner }),
    'openFolderStore, get': async (createSigner) =>
      (await openFolderStore(keys, { createSigner })).get('auth'),
    'openFolderStore, create': async (createSigner) =>
      (await openFolderStore(keys, { createSigner })).create('another', { keyType: 'ec-p256' }),
    'openDotNetStore, find': async (createSigner) =>
      (await openDotNetStore({ home, createSigner })).find({ thumbprint }),
    'openAppServiceStore, list': async (createSigner) =>
      (await openAppServiceStore({ ...appService, createSigner })).list().then(([key]) => key ?? null),
  }
}

test.skipIf(lacksModes)(
  'every way to a key makes its signers with createSigner [needs POSIX modes]',
  async () => {
    for (const [way, open] of Object.entries(await everywhere())) {
      const { calls, createSigner } = recorder()
      // oxlint-disable-next-line no-await-in-loop -- they share a folder
      const key = await open(createSigner)
      if (key === null) throw new Error(`${way}: no key`)
      expect(calls, way).toEqual([])
      const signer = key.signer('ES256')
      expect(key.signer('ES256'), way).toBe(signer)
      expect(calls, way).toHaveLength(1)
      expect(calls[0]?.algorithm, way).toBe('ES256')
      expect(calls[0]?.publicKey.equals(key.publicKey), way).toBe(true)
      const data = Buffer.from(way)
      // oxlint-disable-next-line no-await-in-loop
      const signature = await signer.sign(data)
      const publicKey = { key: key.publicKey, dsaEncoding: 'ieee-p1363' as const }
      expect(verify('sha256', data, publicKey, signature), way).toBe(true)
    }
  },
)

test('without an algorithm, the function gets none and chooses', async () => {
  const store = await openFolderStore(join(scratchFolder(), 'keys'))
  await store.create('auth', { keyType: 'ec-p256' })
  const { calls, createSigner } = recorder()
  const key = await openPkcs12File(join(store.location, 'auth.pfx'), '', { createSigner })
  expect(key.signer().algorithm.name).toBe('ES256')
  expect(calls.map(({ algorithm }) => algorithm)).toEqual([undefined])
})
