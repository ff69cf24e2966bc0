import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openssl, type OpensslCertificate } from '@sealwright/test-kit/openssl'
import { lacks } from '@sealwright/test-kit/tools'
import { beforeAll, describe, expect, test } from 'vitest'
import { canDelete, canImportPkcs12, openSigningKey } from '@sealwright/core'
import { localStore, openAppServiceStore, type CertificateStore } from '@sealwright/local-store'

const tool = openssl()

describe.skipIf(lacks('openssl'))("App Service's folder [needs openssl]", () => {
  let a: OpensslCertificate
  let b: OpensslCertificate

  beforeAll(() => {
    a = tool().certificate('/O=Contoso/CN=a')
    b = tool().certificate('/CN=b')
  })

  /** The folder as the platform fills it: modes that are its own business, files without a password. */
  async function newStore(loadCertificates: string): Promise<{ store: CertificateStore; folder: string }> {
    const folder = scratchFolder()
    await writeFile(join(folder, `${a.sha1}.p12`), tool().pfx(a, ''), { mode: 0o644 })
    await writeFile(join(folder, `${b.sha1}.p12`), tool().pfx(b, '', ['-name', 'bee']), { mode: 0o644 })
    await writeFile(join(folder, `${b.sha1}.der`), b.certificate.raw)
    await writeFile(join(folder, `${b.sha1}.p12.tmp`), 'not written yet')
    return { folder, store: await openAppServiceStore({ folder, loadCertificates }) }
  }

  test('shows all of them with *', async () => {
    const { store, folder } = await newStore('*')
    expect(await names(store)).toEqual(['a', 'bee'])
    expect((await store.find({ thumbprint: a.sha1 })).location).toBe(join(folder, `${a.sha1}.p12`))
    expect((await store.find({ subject: 'CN=a,O=Contoso' })).version).toBe(a.sha256.toLowerCase())
    expect((await store.get('bee'))?.version).toBe(b.sha256.toLowerCase())
    expect(await store.get('c')).toBeNull()
  })

  test('file: opens a file there with the modes of the platform, and no such file elsewhere', async () => {
    const { folder } = await newStore('*')
    const open = (loadCertificates?: string): Promise<unknown> =>
      openSigningKey(`file:${join(folder, `${a.sha1}.p12`)}`, {
        backends: [localStore({ appService: { folder, loadCertificates } })],
      })
    expect(await open('*')).toMatchObject({ location: join(folder, `${a.sha1}.p12`) })
    await failure('UNSAFE_PERMISSIONS', () => open(''))
    const elsewhere = { appService: { folder: scratchFolder(), loadCertificates: '*' } }
    await failure('UNSAFE_PERMISSIONS', () =>
      openSigningKey(`file:${join(folder, `${a.sha1}.p12`)}`, { backends: [localStore(elsewhere)] }),
    )
  })

  test('shows those on the list', async () => {
    const { store } = await newStore(` ${b.sha1.toLowerCase()} , ${'0'.repeat(40)}`)
    expect(await names(store)).toEqual(['bee'])
    const message = await failure('NOT_FOUND', () => store.find({ thumbprint: a.sha1 }))
    expect(message).toContain('App Service provides only those in WEBSITE_LOAD_CERTIFICATES: ')
    expect(message).toContain('"CN=b"')
    expect(message).not.toContain('"CN=a')
  })

  test('shows none where the setting is missing, and says so', async () => {
    const { store } = await newStore('')
    expect(await names(store)).toEqual([])
    const message = await failure('NOT_FOUND', () => store.find({ thumbprint: a.sha1 }))
    expect(message).toContain('WEBSITE_LOAD_CERTIFICATES is not set')
  })

  test('is /var/ssl/private unless told otherwise', async () => {
    expect((await openAppServiceStore({ loadCertificates: '*' })).location).toBe('/var/ssl/private')
  })

  test('has files in either case, and certificates without a name under their thumbprint', async () => {
    const folder = scratchFolder()
    const own = tool().certificate('/O=Contoso')
    await writeFile(join(folder, `${own.sha1.toLowerCase()}.P12`), tool().pfx(own, ''))
    await writeFile(join(folder, `${own.sha1}.p12.bak`), 'x')
    const store = await openAppServiceStore({ folder, loadCertificates: own.sha256.slice(0, 40) })
    expect(await names(store)).toEqual([])
    expect(await names(await openAppServiceStore({ folder, loadCertificates: own.sha1 }))).toEqual([own.sha1])
  })

  test('takes the setting from the environment', async () => {
    const { folder } = await newStore('*')
    const before = process.env['WEBSITE_LOAD_CERTIFICATES']
    process.env['WEBSITE_LOAD_CERTIFICATES'] = a.sha1
    try {
      expect(await names(await openAppServiceStore({ folder }))).toEqual(['a'])
    } finally {
      if (before === undefined) delete process.env['WEBSITE_LOAD_CERTIFICATES']
      else process.env['WEBSITE_LOAD_CERTIFICATES'] = before
    }
  })

  test.each(['all', '**', 'AB12', ','])('refuses the setting %j', async (loadCertificates) => {
    expect(await failure('INVALID_ARGUMENT', () => openAppServiceStore({ loadCertificates }))).toContain(
      'WEBSITE_LOAD_CERTIFICATES must be * or thumbprints',
    )
  })

  test('is read only', async () => {
    const { store, folder } = await newStore('*')
    expect(await failure('UNSUPPORTED_OPERATION', () => store.create('c'))).toContain(folder)
    expect(canImportPkcs12(store)).toBe(false)
    expect(canDelete(store)).toBe(false)
    expect(await readdir(folder)).toHaveLength(4)
  })

  test('has nothing where there is no such folder', async () => {
    const store = await openAppServiceStore({
      folder: join(scratchFolder(), 'no'),
      loadCertificates: '*',
    })
    expect(await store.list()).toEqual([])
    await failure('NOT_FOUND', () => store.find({ thumbprint: a.sha1 }))
  })
})

async function names(store: CertificateStore): Promise<readonly string[]> {
  return (await store.list()).map(({ name }) => name).toSorted()
}
