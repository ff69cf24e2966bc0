import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openssl } from '@sealwright/test-kit/openssl'
import { lacks, lacksModes } from '@sealwright/test-kit/tools'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openSigningKey, type OpenKeyOptions, type SigningKey } from '@sealwright/core'
import { readPkcs12 } from '@sealwright/x509'
import { localStore, openFolderStore, openPkcs12File, type LocalStoreOptions } from '@sealwright/local-store'
import { filesIn } from './support/files.ts'

afterEach(() => vi.restoreAllMocks())

const tool = openssl()
const ec = { keyType: 'ec-p256' } as const

function open(
  uri: string,
  options: LocalStoreOptions,
  openOptions: OpenKeyOptions = {},
): Promise<SigningKey> {
  return openSigningKey(uri, { backends: [localStore(options)], ...openOptions })
}

/** A base folder whose `home` and `ssl` stand in for what .NET and App Service would have. */
async function machine(
  loadCertificates = '',
): Promise<{ base: string; my: string; ssl: string; options: LocalStoreOptions }> {
  const base = scratchFolder()
  const [home, ssl] = [join(base, 'home'), join(base, 'ssl')]
  const my = join(home, '.dotnet/corefx/cryptography/x509stores/my')
  await mkdir(my, { recursive: true })
  await mkdir(ssl)
  const options = { baseFolder: base, dotNet: { home }, appService: { folder: ssl, loadCertificates } }
  return { base, my, ssl, options }
}

async function put(path: string, pfx: Uint8Array): Promise<void> {
  await writeFile(path, pfx, { mode: 0o600 })
}

describe.skipIf(lacks('openssl'))('file: URIs [needs openssl]', () => {
  test('open one PFX, relative and absolute, by its password', async () => {
    const { base, options } = await machine()
    const own = tool().certificate('/CN=x')
    const path = join(base, 'my app.pfx')
    await put(path, tool().pfx(own, 'pw', ['-name', 'elsewhere']))
    for (const uri of [
      'file:./my%20app.pfx',
      'file:my%20app.pfx',
      `file:${path}`,
      pathToFileURL(path).href,
    ]) {
      const key = await open(uri, options, { password: () => 'pw' })
      expect(key.name).toBe('my app')
      expect(key.location).toBe(path)
      expect(key.version).toBe(own.sha256.toLowerCase())
    }
  })

  test('are relative to the working folder unless told otherwise', async () => {
    const message = await failure('NOT_FOUND', () => open('file:./no-such.pfx', {}))
    expect(message).toContain(join(process.cwd(), 'no-such.pfx'))
  })

  test('open a file without a password when none is given', async () => {
    const { base, options } = await machine()
    await put(join(base, 'a.pfx'), tool().pfx(tool().certificate('/CN=x'), ''))
    expect((await open('file:./a.pfx', options)).name).toBe('a')
    expect((await open('file:./a.pfx', options, { password: async () => '' })).name).toBe('a')
  })

  test('tell a wrong password and a torn file from an absent one', async () => {
    const { base, options } = await machine()
    const pfx = tool().pfx(tool().certificate('/CN=x'), 'pw')
    await put(join(base, 'a.pfx'), pfx)
    await put(join(base, 'torn.pfx'), pfx.subarray(0, 300))
    expect(await failure('WRONG_PASSWORD', () => open('file:./a.pfx', options))).toContain('a.pfx')
    const hunter2 = { password: () => 'hunter2' }
    expect(await failure('WRONG_PASSWORD', () => open('file:./a.pfx', options, hunter2))).not.toContain(
      'hunter2',
    )
    expect(await failure('INVALID_ENCODING', () => open('file:./torn.pfx', options))).toContain('torn.pfx')
    expect(await failure('NOT_FOUND', () => open('file:./b.pfx', options))).toContain(join(base, 'b.pfx'))
    await failure('UNAVAILABLE', () => open('file:./a.pfx/b.pfx', options))
  })

  test.skipIf(lacksModes)(
    "demand a file that is the owner's alone, also behind a link [needs POSIX modes]",
    async () => {
      const { base, options } = await machine()
      const path = join(base, 'a.pfx')
      await put(path, tool().pfx(tool().certificate('/CN=x'), ''))
      await symlink(path, join(base, 'link.pfx'))
      // The folder is not the file's alone, as a working folder is not.
      await chmod(base, 0o755)
      expect((await open('file:./link.pfx', options)).name).toBe('link')
      await chmod(path, 0o644)
      expect(await failure('UNSAFE_PERMISSIONS', () => open('file:./a.pfx', options))).toContain(
        `chmod 600 ${path}`,
      )
      await failure('UNSAFE_PERMISSIONS', () => open('file:./link.pfx', options))
      await failure('UNSAFE_PERMISSIONS', () => openPkcs12File(path, ''))
    },
  )

  test('never create', async () => {
    const { base, options } = await machine()
    expect(await failure('INVALID_ARGUMENT', () => open('file:./a.pfx', options, { create: ec }))).toBe(
      'file:PATH cannot create a key: it is an existing file; use store:FOLDER?name=NAME',
    )
    expect((await filesIn(base)).toSorted()).toEqual(['home', 'ssl'])
  })
})

describe.skipIf(lacks('openssl'))('store:my [needs openssl]', () => {
  test('finds in .NET’s folder by thumbprint, subject and name, and asks for no password', async () => {
    const { my, options } = await machine()
    const own = tool().certificate('/O=Contoso/CN=x')
    await put(join(my, `${own.sha1}.pfx`), tool().pfx(own, '', ['-name', 'signing']))
    for (const query of [
      `thumbprint=${own.sha1}`,
      `thumbprint=%E2%80%8E${own.sha256.toLowerCase()}`,
      'subject=CN=x,O=Contoso',
      'subject=x',
      'name=signing',
    ]) {
      expect((await open(`store:my?${query}`, options, { password: neverAsked })).version).toBe(
        own.sha256.toLowerCase(),
      )
    }
  })

  test('finds in App Service’s folder as well, where the app asks for certificates', async () => {
    const asked = await machine('*')
    const own = tool().certificate('/CN=x')
    await put(join(asked.ssl, `${own.sha1}.p12`), tool().pfx(own, ''))
    const uri = `store:my?thumbprint=${own.sha1}`
    expect((await open(uri, asked.options)).location).toBe(join(asked.ssl, `${own.sha1}.p12`))
    // The same certificate in both folders is one certificate, the first folder's.
    await put(join(asked.my, `${own.sha1}.pfx`), tool().pfx(own, ''))
    expect((await open(uri, asked.options)).location).toBe(join(asked.my, `${own.sha1}.pfx`))

    const { my, options, ssl } = await machine('')
    await put(join(ssl, `${own.sha1}.p12`), tool().pfx(own, ''))
    expect(await failure('NOT_FOUND', () => open(uri, options))).toBe(
      `there is no certificate in ${my}; App Service provides certificates only if WEBSITE_LOAD_CERTIFICATES is * or lists their thumbprints`,
    )
    vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
    expect(await failure('NOT_FOUND', () => open(uri, options))).toBe(
      `there is no certificate in ${my}; on macOS .NET uses the keychain, which is not supported: export a PFX and open it with file:`,
    )
  })

  test('lists what is in both when it is in neither', async () => {
    const { my, ssl, options } = await machine('*')
    const [a, b] = [tool().certificate('/CN=a'), tool().certificate('/CN=b')]
    await put(join(my, `${a.sha1}.pfx`), tool().pfx(a, ''))
    await put(join(ssl, `${b.sha1}.p12`), tool().pfx(b, ''))
    const message = await failure('NOT_FOUND', () => open('store:my?subject=c', options))
    for (const said of [my, ssl, a.sha1, b.sha1]) expect(message).toContain(said)
  })

  test('never creates', async () => {
    const { my, ssl, options } = await machine('*')
    for (const [uri, store] of [
      ['store:my?name=k', 'my'],
      ['store:AppService?name=k', 'appservice'],
      [`store:my?thumbprint=${'0'.repeat(40)}`, 'my'],
    ] as const) {
      expect(await failure('INVALID_ARGUMENT', () => open(uri, options, { create: ec }))).toBe(
        `store:${store} cannot create a key: two processes could create two keys of the same name; use store:FOLDER?name=NAME`,
      )
    }
    expect(await filesIn(my)).toEqual([])
    expect(await filesIn(ssl)).toEqual([])
  })
})

describe.skipIf(lacks('openssl'))('store:appservice [needs openssl]', () => {
  test('finds what the app asks for, and says when it asks for nothing', async () => {
    const { ssl, options } = await machine('*')
    const own = tool().certificate('/CN=x')
    await put(join(ssl, `${own.sha1}.p12`), tool().pfx(own, ''))
    expect((await open(`store:AppService?thumbprint=${own.sha1}`, options)).name).toBe('x')
    const unset = { ...options, appService: { folder: ssl, loadCertificates: '' } }
    expect(
      await failure('NOT_FOUND', () => open(`store:appservice?thumbprint=${own.sha1}`, unset)),
    ).toContain('WEBSITE_LOAD_CERTIFICATES is not set')
  })
})

describe('the backend', () => {
  test('says what it is called and what it opens', async () => {
    const { name, forms } = localStore()
    expect(name).toBe('local store')
    expect(forms).toEqual([
      'file:PATH',
      'file:KEY?certificate=CERTIFICATE',
      'store:my?thumbprint=…',
      'store:appservice?thumbprint=…',
      'store:FOLDER?name=…',
    ])
    for (const form of forms) {
      const uri = form.replace('…', 'x').replace('FOLDER', './keys')
      expect(localStore().accepts(uri), form).toBe(true)
    }
  })

  test('locates the store of a name in a folder, and nothing else', async () => {
    const { base, options } = await machine('*')
    const backend = localStore(options)
    const created = await (await openFolderStore(join(base, 'keys'))).create('my-app', ec)
    const place = await backend.locate('store:./keys?name=my-app', {})
    expect(place).toMatchObject({ name: 'my-app', version: null, store: { location: join(base, 'keys') } })
    expect((await place?.store.get('my-app'))?.keyId).toBe(created.keyId)
    for (const uri of [
      'file:./keys/my-app.pfx',
      'store:./keys?subject=my-app',
      'store:my?name=my-app',
      'store:appservice?name=x',
    ]) {
      expect(await backend.locate(uri, {}), uri).toBeNull()
    }
    const elsewhere = await localStore().locate('store:./keys?name=my-app', {})
    expect(elsewhere?.store.location).toBe(join(process.cwd(), 'keys'))
    const locked = await backend.locate('store:./keys?name=my-app', { password: () => 'other' })
    await failure('WRONG_PASSWORD', async () => locked?.store.get('my-app'))
  })

  test('refuses options that it does not know', async () => {
    const backend = localStore()
    for (const call of [backend.open.bind(backend), backend.locate.bind(backend)]) {
      expect(
        await failure('INVALID_ARGUMENT', () => call('file:a', { pasword: 'x' } as OpenKeyOptions)),
      ).toBe('options.pasword is not an option; the options are password, create, signal')
      expect(await failure('INVALID_ARGUMENT', () => call(5 as unknown as string, {}))).toBe(
        'uri must be a string',
      )
    }
  })
})

describe('store:FOLDER', () => {
  test('opens by name, thumbprint and subject, with the folder’s password', async () => {
    const { base, options } = await machine()
    const store = await openFolderStore(join(base, 'keys'))
    const created = await store.create('my-app', ec)
    const thumbprint = created.certificates[0]?.fingerprint256
    for (const query of ['name=my-app', 'name=MY-APP', `thumbprint=${thumbprint}`, 'subject=CN=my-app']) {
      const key = await open(`store:./keys?${query}`, options, { password: () => '' })
      expect(key.keyId).toBe(created.keyId)
    }
    await failure('WRONG_PASSWORD', () =>
      open('store:./keys?name=my-app', options, { password: () => 'other' }),
    )
    expect(await failure('NOT_FOUND', () => open('store:./keys?name=other', options))).toContain(
      'name "my-app"',
    )
  })

  test('creates what is proven absent, once, when it may', async () => {
    const { base, options } = await machine()
    const uri = 'store:./data/keys?name=my-app'
    await failure('NOT_FOUND', () => open(uri, options))
    await expect(stat(join(base, 'data'))).rejects.toThrow('ENOENT')
    const created = await open(uri, options, { create: ec })
    const again = await open(uri, options, { create: ec })
    expect(again.keyId).toBe(created.keyId)
    expect(again.algorithms[0]?.name).toBe('ES256')
    expect(await filesIn(join(base, 'data/keys'))).toEqual(['my-app.pfx'])
  })

  test('gives ten callers that create at once the same key', async () => {
    const { base, options } = await machine()
    const keys = await Promise.all(
      Array.from({ length: 10 }, () => open('store:./keys?name=k', options, { create: ec })),
    )
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1)
    expect(await filesIn(join(base, 'keys'))).toEqual(['k.pfx'])
  })

  test('creates nothing because of a torn file, a wrong password or loosened permissions', async () => {
    const { base, options } = await machine()
    const folder = join(base, 'keys')
    const { location } = await (await openFolderStore(folder)).create('k', ec)
    const create = (password = ''): Promise<SigningKey> =>
      open('store:./keys?name=k', options, { create: ec, password: () => password })
    await failure('WRONG_PASSWORD', () => create('other'))
    if (!lacksModes) {
      await chmod(location, 0o644)
      await failure('UNSAFE_PERMISSIONS', create)
      await chmod(location, 0o600)
      await chmod(folder, 0o755)
      await failure('UNSAFE_PERMISSIONS', create)
      await chmod(folder, 0o700)
    }
    await writeFile(location, '')
    await failure('INVALID_ENCODING', create)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
    expect((await stat(location)).size).toBe(0)
  })

  test('refuses to create by anything but a name', async () => {
    const { base, options } = await machine()
    for (const [by, value] of [
      ['thumbprint', '0'.repeat(40)],
      ['subject', 'CN=x'],
    ] as const) {
      expect(
        await failure('INVALID_ARGUMENT', () => open(`store:./keys?${by}=${value}`, options, { create: ec })),
      ).toBe(
        `store:FOLDER?${by}=… cannot create a key: it is an existing certificate; use store:FOLDER?name=NAME`,
      )
    }
    expect(
      await failure('INVALID_ARGUMENT', () => open('store:./keys?name=a/b', options, { create: ec })),
    ).toContain('a/b')
    expect((await filesIn(base)).toSorted()).toEqual(['home', 'ssl'])
  })

  test('says what is there when the name is not', async () => {
    const { base, options } = await machine()
    const uri = 'store:./keys?name=k'
    expect(await failure('NOT_FOUND', () => open(uri, options))).toBe(
      `there is no certificate in ${join(base, 'keys')}`,
    )
    await (await openFolderStore(join(base, 'keys'))).create('other', ec)
    expect(await failure('NOT_FOUND', () => open(uri, options))).toContain(
      `no signing key in ${join(base, 'keys')} has the name "k"; found:`,
    )
  })
})

test.each(['file:./a.pfx', 'store:my?name=k', 'store:./keys?name=k', 'store:./keys?subject=k'])(
  '%s is not opened after an abort',
  async (uri) => {
    const { options } = await machine()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(open(uri, options, { password: neverAsked, signal })).rejects.toBe(reason)
  },
)

test('a key is not created after an abort by either signal', async () => {
  const { options } = await machine()
  const never = new AbortController().signal
  const reason = new Error('enough')
  // Aborted after each look at it, so that nothing but the creation can notice it.
  const late = (): AbortSignal => {
    const controller = new AbortController()
    return Object.assign(controller.signal, { throwIfAborted: () => controller.abort(reason) })
  }
  const uri = 'store:./keys?name=k'
  const createSignal = AbortSignal.abort(reason)
  for (const [signal, create] of [
    [late(), { ...ec, signal: never }],
    [never, { ...ec, signal: createSignal }],
  ] as const) {
    await expect(open(uri, options, { signal, create })).rejects.toBe(reason)
  }
  await expect(open(uri, options)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test.each(['file:./a.pfx', 'store:./keys?name=k'])(
  'what the password of %s returns is checked',
  async (uri) => {
    const { options } = await machine()
    const message = 'options.password must return a string'
    expect(await failure('INVALID_ARGUMENT', () => open(uri, options, { password: seven }))).toBe(message)
    if (uri.startsWith('file:')) return
    // oxlint-disable-next-line vitest/no-conditional-expect
    expect(
      await failure('INVALID_ARGUMENT', () => localStore(options).locate(uri, { password: seven })),
    ).toBe(message)
  },
)

function seven(): never {
  return 7 as never
}

function neverAsked(): never {
  throw new Error('a password was asked for')
}

describe.skipIf(lacks('openssl'))('a password [needs openssl]', () => {
  test('is a string or a function, for every way to a key; anything else is refused', async () => {
    const folder = scratchFolder()
    // OpenSSL's 2,048 iterations open faster than the 600,000 of the store.
    await put(join(folder, 'k.pfx'), tool().pfx(tool().certificate('/CN=k'), 'pw'))
    const { keyId } = await openPkcs12File(join(folder, 'k.pfx'), 'pw')
    const backends = [localStore()]
    const uri = `store:${folder}?name=k`
    for (const password of ['pw', () => 'pw', () => Promise.resolve('pw')]) {
      expect((await openSigningKey(uri, { backends, password })).keyId).toBe(keyId)
      expect((await openPkcs12File(join(folder, 'k.pfx'), password)).keyId).toBe(keyId)
      expect((await (await openFolderStore(folder, { password })).get('k'))?.keyId).toBe(keyId)
    }
    const password = Buffer.from('pw') as unknown as string
    expect(await failure('INVALID_ARGUMENT', () => openFolderStore(folder, { password }))).not.toContain('pw')
    await failure('WRONG_PASSWORD', () => openPkcs12File(join(folder, 'k.pfx'), () => 'wrong'))

    const other = await openFolderStore(join(folder, 'other'))
    const pfx = await readFile(join(folder, 'k.pfx'))
    for (const right of ['pw', () => 'pw', () => Promise.resolve('pw')]) {
      expect((await other.importPkcs12('k', pfx, right)).keyId).toBe(keyId)
    }
    const exported = await other.exportPkcs12('k', () => Promise.resolve('new'))
    expect((await readPkcs12(exported, 'new')).keys).toHaveLength(1)
    for (const wrong of [password, () => password]) {
      const refused = [() => other.importPkcs12('k', pfx, wrong), () => other.exportPkcs12('k', wrong)]
      for (const call of refused) expect(await failure('INVALID_ARGUMENT', call)).toContain('a string')
    }
  })
})
