import { createPrivateKey } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openssl } from '@sealwright/test-kit/openssl'
import { lacks, lacksModes, run } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, writePkcs12 } from '@sealwright/x509'
import { describe, expect, test, vi } from 'vitest'
import { openDotNetStore, type WritableCertificateStore } from '@sealwright/local-store'

const tool = openssl()
const ec = { keyType: 'ec-p256' } as const

/** The store of a home folder, and the folder in it that .NET keeps `X509Store(My, CurrentUser)` in. */
async function newStore(): Promise<{ home: string; folder: string; store: WritableCertificateStore }> {
  const home = scratchFolder()
  const folder = join(home, '.dotnet/corefx/cryptography/x509stores/my')
  return { home, folder, store: await openDotNetStore({ home }) }
}

/** As .NET does it: the folder with the usual umask, the file with mode 600. */
async function addAsDotNet(folder: string, fileName: string, pfx: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
  await writeFile(join(folder, fileName), pfx, { mode: 0o600 })
}

describe.skipIf(lacks('openssl'))(".NET's folder [needs openssl]", () => {
  test('is that of $HOME unless told otherwise', async () => {
    const { home, folder } = await newStore()
    vi.stubEnv('HOME', home)
    try {
      expect((await openDotNetStore()).location).toBe(folder)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('is that of the user in the system where $HOME is empty', async () => {
    vi.stubEnv('HOME', '')
    try {
      const { location } = await openDotNetStore()
      expect(location).toBe(join(userInfo().homedir, '.dotnet/corefx/cryptography/x509stores/my'))
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test.each([
    ['win32', "on Windows .NET uses the system's store"],
    ['darwin', 'on macOS .NET uses the keychain'],
  ] as const)('is not where .NET keeps certificates on %s, and errors say so', async (platform, said) => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue(platform)
    try {
      const { store } = await newStore()
      expect(await failure('NOT_FOUND', () => store.find({ subject: 'x' }))).toContain(said)
    } finally {
      vi.restoreAllMocks()
    }
  })

  test('has only the files that .NET calls its own', async () => {
    const { folder, store } = await newStore()
    const own = tool().certificate('/O=Contoso')
    for (const name of ['.hidden.pfx', `${own.sha1}.pfx.bak`, `${own.sha1}.p12`, 'notes.txt']) {
      await addAsDotNet(folder, name, Buffer.from('x'))
    }
    await addAsDotNet(folder, `${own.sha1}.9.pfx`, tool().pfx(own, ''))
    // Without a common name and a friendly name it has its thumbprint for a name.
    expect((await store.list()).map(({ name }) => name)).toEqual([own.sha1])
  })

  test('renews no certificate whose file is there without its key', async () => {
    const { folder, store } = await newStore()
    const [old, renewed] = [tool().certificate('/CN=k'), tool().certificate('/CN=k')]
    await store.importPkcs12('k', tool().pfx(old, ''), '')
    const own = await createSelfSignedCertificate(
      createLocalSigner(createPrivateKey(await readFile(old.keyFile))),
      { subject: 'CN=k' },
    )
    const thumbprint = own.fingerprint.replaceAll(':', '')
    const privateKey = createPrivateKey(await readFile(old.keyFile))
    const pfx = await writePkcs12({ privateKey, certificates: [own] }, '', { iterations: 1 })
    await addAsDotNet(folder, `${thumbprint}.pfx`, tool().pfxWithoutKey(renewed, ''))
    expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('k', pfx, ''))).toBe(
      `${join(folder, `${thumbprint}.pfx`)} already exists and was not changed`,
    )
  })

  test('stays the same when the working folder changes', async () => {
    const [home, elsewhere] = [scratchFolder(), scratchFolder()]
    const before = process.cwd()
    process.chdir(dirname(home))
    try {
      const store = await openDotNetStore({ home: basename(home) })
      process.chdir(elsewhere)
      const { location } = await store.create('k', ec)
      expect(dirname(location)).toBe(join(home, '.dotnet/corefx/cryptography/x509stores/my'))
      expect(store.location).toBe(dirname(location))
    } finally {
      process.chdir(before)
    }
  })

  test('shows what .NET put there, under its thumbprints and names', async () => {
    const { folder, store } = await newStore()
    // .NET on Linux writes no friendly name; other tools do.
    const [plain, named] = [tool().certificate('/O=Contoso/CN=plain'), tool().certificate('/CN=named')]
    await addAsDotNet(folder, `${plain.sha1}.pfx`, tool().pfx(plain, ''))
    await addAsDotNet(folder, `${named.sha1}.1.pfx`, tool().pfx(named, '', ['-name', 'Signing']))
    expect((await store.list()).map(({ name }) => name).toSorted()).toEqual(['Signing', 'plain'])
    expect((await store.find({ thumbprint: plain.sha1.toLowerCase() })).version).toBe(
      plain.sha256.toLowerCase(),
    )
    expect((await store.find({ thumbprint: named.sha256 })).name).toBe('Signing')
    expect((await store.find({ subject: 'CN=plain,O=Contoso' })).name).toBe('plain')
    expect((await store.find({ friendlyName: 'Signing' })).name).toBe('Signing')
    expect((await store.get('signing'))?.version).toBe(named.sha256.toLowerCase())
  })

  test('holds certificates that are no signing keys: they are passed over, and named when asked for', async () => {
    const { folder, store } = await newStore()
    const [alone, small, own] = [
      tool().certificate('/CN=alone'),
      tool().certificate('/CN=small', ['rsa:1024']),
      tool().certificate('/CN=own'),
    ]
    await addAsDotNet(folder, `${alone.sha1}.pfx`, tool().pfxWithoutKey(alone, ''))
    await addAsDotNet(folder, `${small.sha1}.pfx`, tool().pfx(small, ''))
    await addAsDotNet(folder, `${own.sha1}.pfx`, tool().pfx(own, ''))
    expect((await store.list()).map(({ name }) => name)).toEqual(['own'])
    expect(await store.get('alone')).toBeNull()
    expect(await failure('INVALID_ENCODING', () => store.find({ subject: 'alone' }))).toContain(alone.sha1)
    expect(await failure('UNSUPPORTED_KEY', () => store.find({ subject: 'small' }))).toContain(small.sha1)
    const missing = await failure('NOT_FOUND', () => store.find({ subject: 'missing' }))
    expect(missing).toMatch(/"CN=alone".*without its private key/)
  })

  test('removes only what it shows, and takes no name of what it does not show', async () => {
    const { folder, store } = await newStore()
    const [alone, small] = [tool().certificate('/CN=x'), tool().certificate('/CN=x', ['rsa:1024'])]
    const others = [`${alone.sha1}.pfx`, `${small.sha1}.pfx`].toSorted()
    await addAsDotNet(folder, `${alone.sha1}.pfx`, tool().pfxWithoutKey(alone, ''))
    await addAsDotNet(folder, `${small.sha1}.pfx`, tool().pfx(small, ''))
    expect(await failure('NOT_FOUND', () => store.delete('x'))).toMatch(
      /^no signing key in \S+ has the name "x"; found:/,
    )
    expect((await readdir(folder)).toSorted()).toEqual(others)
    await store.create('x', ec)
    await store.delete('x')
    expect((await readdir(folder)).toSorted()).toEqual(others)
  })

  test('prefers the file with the key where a certificate is there twice', async () => {
    const { folder, store } = await newStore()
    const own = tool().certificate('/CN=own')
    await addAsDotNet(folder, `${own.sha1}.pfx`, tool().pfxWithoutKey(own, ''))
    await addAsDotNet(folder, `${own.sha1}.1.pfx`, tool().pfx(own, ''))
    expect((await store.find({ thumbprint: own.sha1 })).location).toBe(join(folder, `${own.sha1}.1.pfx`))
  })

  test('has versions of a name, the newest first', async () => {
    const { folder, store } = await newStore()
    const [older, newer] = [tool().certificate('/CN=app'), tool().certificate('/CN=app')]
    await addAsDotNet(folder, `${older.sha1}.pfx`, tool().pfx(older, ''))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await addAsDotNet(folder, `${newer.sha1}.pfx`, tool().pfx(newer, ''))
    expect((await store.get('app'))?.version).toBe(newer.sha256.toLowerCase())
    const version = older.sha256.toLowerCase()
    expect((await store.get('app', { version }))?.version).toBe(version)
    expect(await failure('AMBIGUOUS', () => store.find({ subject: 'app' }))).toContain(older.sha1)
    await store.delete('app')
    expect(await readdir(folder)).toEqual([])
  })

  test('with a torn file is an error that names it, and no key is made', async () => {
    const { folder, store } = await newStore()
    const own = tool().certificate('/CN=own')
    await addAsDotNet(folder, `${own.sha1}.pfx`, tool().pfx(own, '').subarray(0, 500))
    for (const action of [
      () => store.get('other'),
      () => store.list(),
      () => store.find({ subject: 'other' }),
      () => store.create('other', ec),
      () => store.delete('other'),
    ]) {
      expect(await failure('INVALID_ENCODING', action)).toContain(`${own.sha1}.pfx`)
    }
    expect(await readdir(folder)).toHaveLength(1)
  })

  test('takes in a PFX under its thumbprint, where .NET finds it', async () => {
    const { folder, store } = await newStore()
    const own = tool().certificate('/CN=own')
    const pfx = tool().pfx(own, 'pw')
    const key = await store.importPkcs12('signing', pfx, 'pw')
    expect(key.name).toBe('signing')
    expect(await readdir(folder)).toEqual([`${own.sha1}.pfx`])
    // .NET opens these files with no password.
    const opened = run(['openssl', 'pkcs12', '-in', key.location, '-passin', 'pass:', '-noenc'])
    expect(opened).toContain('friendlyName: signing')
    expect((await store.importPkcs12('signing', pfx, 'pw')).version).toBe(key.version)
    expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('other', pfx, 'pw'))).toContain(own.sha1)
    const another = tool().pfx(tool().certificate('/CN=other'), 'pw')
    await failure('ALREADY_EXISTS', () => store.importPkcs12('signing', another, 'pw'))
    expect(await readdir(folder)).toEqual([`${own.sha1}.pfx`])
  })
})

describe('creating in .NET’s folder', () => {
  test('makes the folder as private as its file', async () => {
    const { folder, store } = await newStore()
    expect(await store.list()).toEqual([])
    const key = await store.create('my-app', ec)
    const thumbprint = key.certificates[0]?.fingerprint.replaceAll(':', '') ?? ''
    expect(await readdir(folder)).toEqual([`${thumbprint}.pfx`])
    expect((await store.get('MY-APP'))?.keyId).toBe(key.keyId)
    const modes = await Promise.all(
      [folder, key.location].map(async (path) => (await stat(path)).mode & 0o777),
    )
    // Windows shows every file and folder as writable by all.
    expect(modes).toEqual(lacksModes ? [0o666, 0o666] : [0o700, 0o600])
  })

  test('is refused while the name is taken', async () => {
    const { folder, store } = await newStore()
    const key = await store.create('my-app', ec)
    const before = await readFile(key.location)
    expect(await failure('ALREADY_EXISTS', () => store.create('My-App', ec))).toContain(key.location)
    expect(await readdir(folder)).toHaveLength(1)
    expect(await readFile(key.location)).toEqual(before)
    await failure('INVALID_ARGUMENT', () => store.create('not/a name', ec))
  })

  test.skipIf(lacksModes)(
    'is refused where others can write, and a file that others can read is not read [needs POSIX modes]',
    async () => {
      const { folder, store } = await newStore()
      const key = await store.create('my-app', ec)
      await chmod(folder, 0o755)
      expect((await store.get('my-app'))?.keyId).toBe(key.keyId)
      await chmod(folder, 0o775)
      expect(await failure('UNSAFE_PERMISSIONS', () => store.create('other', ec))).toContain(
        `chmod 700 ${folder}`,
      )
      await chmod(folder, 0o755)
      await chmod(key.location, 0o644)
      expect(await failure('UNSAFE_PERMISSIONS', () => store.get('my-app'))).toContain(
        `chmod 600 ${key.location}`,
      )
    },
  )
})
