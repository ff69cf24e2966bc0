import { createHash, verify, X509Certificate } from 'node:crypto'
import { copyFile, chmod, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openssl } from '@sealwright/test-kit/openssl'
import { lacks, lacksModes, run } from '@sealwright/test-kit/tools'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import { localKeyTypes } from '@sealwright/backend-contract'
import { describe, expect, test } from 'vitest'
import { createLocalSigner, isSealwrightError } from '@sealwright/core'
import {
  createSelfSignedCertificate,
  generatePrivateKey,
  writePkcs12,
  type Pkcs12Entry,
  type ValidityOptions,
} from '@sealwright/x509'
import { openFolderStore, type FolderStore } from '@sealwright/local-store'
import { filesIn } from './support/files.ts'
import { asOrdinaryUser, giveToOrdinaryUser } from './support/ordinary-user.ts'

const data = new TextEncoder().encode('header.payload')
const tool = openssl()

/** A store over a folder that does not exist yet. */
async function newStore(password?: string): Promise<{ store: FolderStore; folder: string }> {
  const folder = join(scratchFolder(), 'keys')
  return { store: await openFolderStore(folder, { password }), folder }
}

async function put(folder: string, fileName: string, pfx: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, fileName), pfx, { mode: 0o600 })
}

describe('creating a key', () => {
  test('is RS256 with 2048 bits for 730 days unless told otherwise', async () => {
    const { store } = await newStore()
    const before = Date.now()
    const key = await store.create('my-app-auth')
    expect(key.name).toBe('my-app-auth')
    expect(key.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048)
    expect(key.algorithms[0]?.name).toBe('RS256')
    expect(key.certificates).toHaveLength(1)
    expect(key.certificates[0]?.subject).toBe('CN=my-app-auth')
    expect(key.enabled).toBe(true)
    expect(Math.abs((key.notBefore?.getTime() ?? 0) - before)).toBeLessThan(60_000)
    const days = ((key.notAfter?.getTime() ?? 0) - before) / 86_400_000
    expect(days).toBeGreaterThan(729.99)
    expect(days).toBeLessThan(730.01)
  })

  // The longer RSA keys take long to make; the contract has them.
  test.each(localKeyTypes().filter((name) => name !== 'rsa-3072' && name !== 'rsa-4096'))(
    '%s: what it signs verifies, and it is the same key when it is read again',
    async (keyType) => {
      const { store, folder } = await newStore()
      const created = await store.create('k', { keyType })
      const read = await (await openFolderStore(folder)).get('k')
      expect(read?.keyId).toBe(created.keyId)
      expect(read?.version).toBe(created.version)
      expect(read?.createdAt).toEqual(created.createdAt)
      const certificate = created.certificates[0]?.raw ?? new Uint8Array()
      const { publicKey } = new X509Certificate(certificate)
      // By other people's code: jose's thumbprint, Node's hash and Node's verification.
      expect(read?.keyId).toBe(await calculateJwkThumbprint(await exportJWK(publicKey)))
      expect(read?.version).toBe(createHash('sha256').update(certificate).digest('hex'))
      const signer = read?.signer()
      const signature = signer?.signSync(data) ?? new Uint8Array()
      const digest = signer?.algorithm.digest ?? null
      expect(verify(digest, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    },
  )

  test.skipIf(lacksModes)(
    "makes a folder that is the owner's alone, with one file in it [needs POSIX modes]",
    async () => {
      const { store, folder } = await newStore()
      await store.create('k', { keyType: 'ec-p256' })
      expect(await filesIn(folder)).toEqual(['k.pfx'])
      expect((await stat(folder)).mode & 0o777).toBe(0o700)
      expect((await stat(join(folder, 'k.pfx'))).mode & 0o777).toBe(0o600)
    },
  )

  test.skipIf(lacks('openssl')).each([
    ['', 2048],
    ['correct horse', 600_000],
  ])(
    'with the password %j makes what OpenSSL opens, with %i iterations [needs openssl]',
    async (password, iterations) => {
      const { store, folder } = await newStore(password)
      const key = await store.create('k', { keyType: 'ec-p256' })
      const path = join(folder, 'k.pfx')
      const args = ['pkcs12', '-in', path, '-passin', `pass:${password}`, '-noenc']
      const pem = run(['openssl', args])
      expect(pem).toContain('friendlyName: k')
      const fingerprint = run(['openssl', 'x509', '-noout', '-fingerprint', '-sha256'], Buffer.from(pem))
      expect(fingerprint.replaceAll(':', '').toLowerCase()).toContain(key.version)
      const publicKey = run(['openssl', 'pkey', '-pubout'], Buffer.from(pem))
      expect(publicKey.trim()).toBe(key.publicKey.export({ type: 'spki', format: 'pem' }).toString().trim())
      const structure = run(['openssl', 'asn1parse', '-inform', 'DER', '-in', path])
      const lastInteger = /INTEGER +:([0-9A-F]+)\s*$/.exec(structure)?.[1] ?? ''
      expect(Number.parseInt(lastInteger, 16)).toBe(iterations)
    },
  )

  test('takes a subject and a validity', async () => {
    const { store } = await newStore()
    const key = await store.create('k', {
      keyType: 'ec-p256',
      subject: 'CN=Signing,O=Contoso',
      validityDays: 7,
    })
    expect(key.certificates[0]?.subject).toBe('O=Contoso\nCN=Signing')
    const seconds = Math.round(((key.notAfter?.getTime() ?? 0) - (key.notBefore?.getTime() ?? 0)) / 1000)
    expect(Math.abs(seconds - 7 * 86_400)).toBeLessThan(60)
  })

  test('leaves what is there as it was', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType: 'ec-p256' })
    const before = await readFile(join(folder, 'k.pfx'))
    expect(await failure('ALREADY_EXISTS', () => store.create('k', { keyType: 'ec-p256' }))).toContain(
      'k.pfx',
    )
    expect(await readFile(join(folder, 'k.pfx'))).toEqual(before)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test('of one name ten times at once succeeds once', async () => {
    const { store, folder } = await newStore()
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => store.create('k', { keyType: 'ec-p256' })),
    )
    const created = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(created).toHaveLength(1)
    expect(
      results.every(
        (result) => result.status === 'fulfilled' || isSealwrightError(result.reason, 'ALREADY_EXISTS'),
      ),
    ).toBe(true)
    expect((await store.get('k'))?.keyId).toBe(created[0]?.keyId)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test.each([
    [''],
    ['.'],
    ['..'],
    ['../k'],
    ['a/b'],
    [String.raw`a\b`],
    ['a.b'],
    ['a b'],
    ['a_b'],
    ['ä'],
    ['a\0b'],
    ['K\u017F'],
    ['NUL'],
    ['com1'],
    ['a'.repeat(128)],
  ])('refuses the name %j and writes nothing', async (name) => {
    const { store, folder } = await newStore()
    expect(await failure('INVALID_ARGUMENT', () => store.create(name))).toContain('invalid key name')
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  test.each([0, -1, 1.5, Number.NaN, Infinity, 36_501])(
    'refuses a validity of %s days',
    async (validityDays) => {
      const { store, folder } = await newStore()
      expect(await failure('INVALID_ARGUMENT', () => store.create('k', { validityDays }))).toContain(
        'validityDays',
      )
      await expect(stat(folder)).rejects.toThrow('ENOENT')
    },
  )

  test('refuses a malformed subject and an aborted call, and writes nothing', async () => {
    const { store, folder } = await newStore()
    const keyType = 'ec-p256'
    await failure('INVALID_ARGUMENT', () => store.create('k', { keyType, subject: 'no name' }))
    await expect(
      store.create('k', { keyType, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough')
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  test('takes names of 127 characters, although a common name has 64', async () => {
    const { store } = await newStore()
    const name = `${'a'.repeat(100)}-${'B'.repeat(26)}`
    const key = await store.create(name, { keyType: 'ec-p256' })
    expect(key.name).toBe(name)
    expect(key.certificates[0]?.subject).toBe(`CN=${'a'.repeat(64)}`)
  })
})

describe('a name', () => {
  test('is the same in either case, as in Key Vault and on file systems that do not tell it apart', async () => {
    const { store, folder } = await newStore()
    const created = await store.create('My-App', { keyType: 'ec-p256' })
    expect(await filesIn(folder)).toEqual(['my-app.pfx'])
    const read = await store.get('my-APP')
    expect(read?.keyId).toBe(created.keyId)
    expect(read?.name).toBe('My-App')
    expect((await store.list({ name: 'MY-APP' })).map((key) => key.name)).toEqual(['My-App'])
    await failure('ALREADY_EXISTS', () => store.create('my-app', { keyType: 'ec-p256' }))
  })

  test.skipIf(lacks('openssl'))(
    "is the file's, for files that were put there by hand [needs openssl]",
    async () => {
      const { store, folder } = await newStore()
      const names = ['By-Hand.PFX', 'a key.p12', 'dotted.name.pfx']
      for (const name of names) await put(folder, name, tool().pfx(tool().certificate('/CN=x'), ''))
      await put(folder, '.hidden.pfx', Buffer.from('metadata'))
      await put(folder, 'notes.txt', Buffer.from('notes'))
      expect((await store.list()).map((key) => key.name).toSorted()).toEqual([
        'By-Hand',
        'a key',
        'dotted.name',
      ])
      expect((await store.get('by-hand'))?.location).toBe(join(folder, 'By-Hand.PFX'))
      expect((await store.get('a key'))?.location).toBe(join(folder, 'a key.p12'))
      expect(await store.get('../keys/by-hand')).toBeNull()
      await failure('ALREADY_EXISTS', () => store.create('by-hand', { keyType: 'ec-p256' }))
      expect((await filesIn(folder)).filter((name) => !name.startsWith('.'))).toHaveLength(4)
    },
  )

  test('ends before the number of a version, from v1 to v999999999', async () => {
    const { store, folder } = await newStore()
    const pfx = await writePkcs12(await newKey('CN=x'), '', { iterations: 1 })
    const files = ['a.v1', 'b.V2', 'c.v0', 'd.v', 'e.v999999999', 'f.v1000000000', 'g.v2x', 'v3', '.h.v2']
    for (const name of files) await put(folder, `${name}.pfx`, pfx)
    expect((await store.list()).map(({ name }) => name).toSorted()).toEqual(
      ['a', 'b', 'c.v0', 'd.v', 'e', 'f.v1000000000', 'g.v2x', 'v3'].toSorted(),
    )
    expect((await store.list())[0]?.name).toBe('e')
  })

  test('of two files is ambiguous, and no third is made', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType: 'ec-p256' })
    await copyFile(join(folder, 'k.pfx'), join(folder, 'K.p12'))
    const message = await failure('AMBIGUOUS', () => store.get('k'))
    expect(message).toContain('K.p12, k.pfx')
    await failure('ALREADY_EXISTS', () => store.create('k', { keyType: 'ec-p256' }))
  })
})

describe('a key that was read', () => {
  test('shows its private half in no inspection or serialisation', async () => {
    const { store } = await newStore()
    const key = await store.create('k', { keyType: 'ec-p256' })
    key.signer()
    const shown = inspect(key, { depth: 10, showHidden: true }) + JSON.stringify({ ...key })
    expect(shown).not.toContain('PrivateKeyObject')
    expect(shown).not.toContain('privateKey')
  })

  test('makes each signer once, the default under its own name as well', async () => {
    const { store } = await newStore()
    const key = await store.create('k')
    expect(key.signer()).toBe(key.signer('RS256'))
    expect(key.signer('PS256')).toBe(key.signer('PS256'))
    expect(key.signer('PS256')).not.toBe(key.signer())
    expect(await failure('UNSUPPORTED_ALGORITHM', () => key.signer('ES256'))).toContain('RS256')
  })

  test('has the time that the store wrote it, whatever the time of the file', async () => {
    const { store, folder } = await newStore()
    const { createdAt } = await store.create('k', { keyType: 'ec-p256' })
    expect(Math.abs((createdAt?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000)
    const date = new Date('2024-02-29T12:00:00Z')
    await utimes(join(folder, 'k.pfx'), date, date)
    expect((await store.get('k'))?.createdAt).toEqual(createdAt)
  })

  test('is the version asked for or none', async () => {
    const { store } = await newStore()
    const { version } = await store.create('k', { keyType: 'ec-p256' })
    expect((await store.get('k', { version }))?.version).toBe(version)
    expect((await store.get('k', { version: version.toUpperCase() }))?.version).toBe(version)
    expect(await store.get('k', { version: '0'.repeat(64) })).toBeNull()
  })

  test('is listed newest first', async () => {
    const { store, folder } = await newStore()
    for (const [name, year] of [
      ['b', 2024],
      ['a', 2026],
      ['c', 2025],
    ] as const) {
      await store.create(name, { keyType: 'ec-p256' })
      await utimes(join(folder, `${name}.pfx`), new Date(year, 0), new Date(year, 0))
    }
    expect((await store.list()).map((key) => key.name)).toEqual(['a', 'c', 'b'])
    expect((await store.list({ name: 'b' })).map((key) => key.name)).toEqual(['b'])
    expect(await store.list({ name: 'd' })).toEqual([])
  })
})

test('keys of the same time are listed by version, so that all processes see one order', async () => {
  const { store, folder } = await newStore()
  const time = new Date(2026, 0)
  for (const name of ['a', 'b', 'c', 'd']) {
    await store.create(name, { keyType: 'ec-p256' })
    await utimes(join(folder, `${name}.pfx`), time, time)
  }
  const versions = (await store.list()).map(({ version }) => version)
  expect(versions).toEqual(versions.toSorted())
})

describe('absence', () => {
  test('is null and an empty list where the folder is missing, and makes nothing', async () => {
    const { store, folder } = await newStore()
    expect(await store.get('k')).toBeNull()
    expect(await store.list()).toEqual([])
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  test('is not what a file torn at any byte shows', async () => {
    const { store, folder } = await newStore()
    await store.create('other', { keyType: 'ec-p256' })
    await store.create('k', { keyType: 'ec-p256' })
    const path = join(folder, 'k.pfx')
    const whole = await readFile(path)
    const offsets = new Set([0, 1, 2, 3, 4, 5, 10, whole.length - 2, whole.length - 1])
    for (let offset = 0; offset < whole.length; offset += 41) offsets.add(offset)
    for (const offset of offsets) {
      await writeFile(path, whole.subarray(0, offset))
      expect(await failure('INVALID_ENCODING', () => store.get('k'))).toContain(path)
      await failure('INVALID_ENCODING', () => store.list())
      await failure('INVALID_ENCODING', () => store.find({ friendlyName: 'other' }))
      await failure('ALREADY_EXISTS', () => store.create('k', { keyType: 'ec-p256' }))
      expect(await filesIn(folder)).toEqual(['k.pfx', 'other.pfx'])
      expect((await readFile(path)).equals(whole.subarray(0, offset))).toBe(true)
    }
    // Another key's file does not keep this one from being opened by its name.
    expect((await store.get('other'))?.name).toBe('other')
    await store.delete('k')
    expect(await store.get('k')).toBeNull()
  })

  test('is not what a changed byte shows', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType: 'ec-p256' })
    const path = join(folder, 'k.pfx')
    const whole = await readFile(path)
    for (let offset = 0; offset < whole.length; offset += 53) {
      const changed = Buffer.from(whole)
      changed[offset] = (changed[offset] ?? 0) ^ 0x55
      await writeFile(path, changed)
      await expect(store.get('k')).rejects.toSatisfy((error) => isSealwrightError(error))
    }
  })

  test.skipIf(lacks('openssl'))('is not what a wrong password shows [needs openssl]', async () => {
    const { folder } = await newStore()
    // Of OpenSSL's making: with its 2048 iterations a refusal costs milliseconds.
    await put(folder, 'k.pfx', tool().pfx(tool().certificate('/CN=x'), 'right'))
    for (const password of ['hunter2', '', undefined]) {
      const store = await openFolderStore(folder, { password })
      for (const action of [
        () => store.get('k'),
        () => store.list(),
        () => store.find({ subject: 'x' }),
        () => store.exportPkcs12('k', ''),
      ]) {
        const message = await failure('WRONG_PASSWORD', action)
        expect(message).toContain(join(folder, 'k.pfx'))
        expect(message).not.toContain('hunter2')
      }
      await failure('ALREADY_EXISTS', () => store.create('k', { keyType: 'ec-p256' }))
    }
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test.skipIf(lacksModes)('is not what loosened permissions show [needs POSIX modes]', async () => {
    const { store, folder } = await newStore()
    const { keyId } = await store.create('k', { keyType: 'ec-p256' })
    await chmod(join(folder, 'k.pfx'), 0o640)
    const command = `chmod 600 ${join(folder, 'k.pfx')}`
    expect(await failure('UNSAFE_PERMISSIONS', () => store.get('k'))).toContain(command)
    expect(await failure('UNSAFE_PERMISSIONS', () => store.list())).toContain(command)
    await chmod(join(folder, 'k.pfx'), 0o600)
    await chmod(folder, 0o750)
    for (const action of [
      () => store.get('k'),
      () => store.get('other'),
      () => store.list(),
      () => store.find({ friendlyName: 'k' }),
      () => store.create('other', { keyType: 'ec-p256' }),
      () => store.delete('k'),
      () => openFolderStore(folder),
    ]) {
      expect(await failure('UNSAFE_PERMISSIONS', action)).toContain(`chmod 700 ${folder}`)
    }
    await chmod(folder, 0o700)
    expect((await store.get('k'))?.keyId).toBe(keyId)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test.skipIf(lacksModes)('is not what an unreadable folder shows [needs POSIX modes]', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType: 'ec-p256' })
    await giveToOrdinaryUser(join(folder, '..'), folder, join(folder, 'k.pfx'))
    for (const mode of [0o000, 0o300]) {
      await chmod(folder, mode)
      await asOrdinaryUser(async () => {
        expect(await failure('ACCESS_DENIED', () => store.get('k'))).toContain(folder)
        await failure('ACCESS_DENIED', () => store.get('other'))
        await failure('ACCESS_DENIED', () => store.list())
        await failure('ACCESS_DENIED', () => store.create('other', { keyType: 'ec-p256' }))
        await failure('ACCESS_DENIED', () => openFolderStore(folder))
      })
    }
    await chmod(folder, 0o700)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test('is not what a file in the place of the folder shows', async () => {
    const file = join(scratchFolder(), 'keys')
    await writeFile(file, '')
    expect(await failure('UNAVAILABLE', () => openFolderStore(file))).toContain(file)
  })
})

describe.skipIf(lacks('openssl'))('finding a key [needs openssl]', () => {
  test('by the thumbprint, as OpenSSL prints it and as Windows copies it', async () => {
    const { store, folder } = await newStore()
    const own = tool().certificate('/CN=wanted')
    await put(folder, 'wanted.pfx', tool().pfx(own, ''))
    await put(folder, 'other.pfx', tool().pfx(tool().certificate('/CN=other'), ''))
    for (const hash of ['-sha1', '-sha256']) {
      const printed = run(['openssl', 'x509', '-noout', '-fingerprint', hash, '-in', own.certificateFile])
      const thumbprint = printed.slice(printed.indexOf('=') + 1)
      expect((await store.find({ thumbprint })).name).toBe('wanted')
      const asWindows = `\u200E${thumbprint.replaceAll(':', ' ').toLowerCase()}`
      expect((await store.find({ thumbprint: asWindows })).name).toBe('wanted')
    }
  })

  test.each([
    'CN=my-app-auth,OU=Signing,O=Contoso',
    'CN=my-app-auth, OU=Signing, O=Contoso',
    'cn=MY-APP-AUTH,ou=signing,o=contoso',
    'my-app-auth',
    'My-App-Auth',
  ])('by the subject %j', async (subject) => {
    const { store, folder } = await newStore()
    await put(folder, 'k.pfx', tool().pfx(tool().certificate('/O=Contoso/OU=Signing/CN=my-app-auth'), ''))
    expect((await store.find({ subject })).name).toBe('k')
  })

  test.each(['CN=my-app-auth', 'O=Contoso,OU=Signing,CN=my-app-auth', 'my-app', 'Contoso'])(
    'not by %j, which is less or other than the subject',
    async (subject) => {
      const { store, folder } = await newStore()
      await put(folder, 'k.pfx', tool().pfx(tool().certificate('/O=Contoso/OU=Signing/CN=my-app-auth'), ''))
      const message = await failure('NOT_FOUND', () => store.find({ subject }))
      expect(message).toContain('"CN=my-app-auth,OU=Signing,O=Contoso"')
    },
  )

  test('by a subject with special characters', async () => {
    const { store, folder } = await newStore()
    await put(folder, 'k.pfx', tool().pfx(tool().certificate(String.raw`/CN=Müller, Söhne\+Co "KG"`), ''))
    expect((await store.find({ subject: String.raw`CN=Müller\, Söhne\+Co \"KG\"` })).name).toBe('k')
    expect((await store.find({ subject: 'Müller, Söhne+Co "KG"' })).name).toBe('k')
    expect(await failure('INVALID_ARGUMENT', () => store.find({ subject: 'CN=a,b' }))).toContain(
      'character 6: ATTRIBUTE=VALUE is expected',
    )
    expect(await failure('INVALID_ARGUMENT', () => store.find({ subject: ' ' }))).toContain('empty')
  })

  test('by the friendly name in the file and by the name of the file', async () => {
    const { store, folder } = await newStore()
    await put(folder, 'k.pfx', tool().pfx(tool().certificate('/CN=x'), '', ['-name', 'Contoso Signing']))
    expect((await store.find({ friendlyName: 'Contoso Signing' })).name).toBe('k')
    expect((await store.find({ friendlyName: 'k' })).name).toBe('k')
    await failure('NOT_FOUND', () => store.find({ friendlyName: 'Contoso' }))
  })

  test('by a thumbprint with a slip lists what is there and marks the closest', async () => {
    const { store, folder } = await newStore()
    const own = tool().certificate('/CN=wanted')
    await put(folder, 'z.pfx', tool().pfx(own, ''))
    await put(folder, 'a.pfx', tool().pfx(tool().certificate('/CN=other'), ''))
    for (const thumbprint of [own.sha1, own.sha256]) {
      const slip = (thumbprint.startsWith('0') ? '1' : '0') + thumbprint.slice(1)
      const lines = (await failure('NOT_FOUND', () => store.find({ thumbprint: slip }))).split('\n')
      expect(lines).toHaveLength(3)
      expect(lines[0]).toContain(`no certificate in ${folder} has the thumbprint ${slip}; found:`)
      expect(lines[1]).toMatch(
        new RegExp(
          String.raw`^  ${thumbprint} "CN=wanted", name "z", expires \d{4}-\d\d-\d\d <- differs in 1 character$`,
        ),
      )
      expect(lines[2]).toMatch(/^ {2}[0-9A-F]+ "CN=other", name "a", expires \d{4}-\d\d-\d\d$/)
    }
    const elsewhere = await failure('NOT_FOUND', () => store.find({ thumbprint: '0'.repeat(40) }))
    expect(elsewhere).not.toContain('differs')
  })

  test('lists no more than ten', async () => {
    const { store, folder } = await newStore()
    const made = Array.from({ length: 12 }, (_, index) => tool().certificate(`/CN=key-${index}`))
    for (const [index, own] of made.entries()) await put(folder, `${index}.pfx`, tool().pfx(own, ''))
    const last = made.at(-1)?.sha1 ?? ''
    const slip = last.slice(0, -1) + (last.endsWith('0') ? '1' : '0')
    const lines = (await failure('NOT_FOUND', () => store.find({ thumbprint: slip }))).split('\n')
    expect(lines).toHaveLength(12)
    expect(lines[1]).toContain('"CN=key-11"')
    expect(lines.at(-1)).toBe('  and 2 more')
  })

  test('says so when nothing is there', async () => {
    const { store, folder } = await newStore()
    expect(await failure('NOT_FOUND', () => store.find({ subject: 'x' }))).toContain(
      `no certificate in ${folder}`,
    )
  })

  test('says which when several match, and counts copies once', async () => {
    const { store, folder } = await newStore()
    const [a, b] = [tool().certificate('/CN=same'), tool().certificate('/CN=same')]
    await put(folder, 'a.pfx', tool().pfx(a, ''))
    await put(folder, 'copy.pfx', tool().pfx(a, ''))
    expect((await store.find({ subject: 'CN=same' })).name).toBe('a')
    await put(folder, 'b.pfx', tool().pfx(b, ''))
    const message = await failure('AMBIGUOUS', () => store.find({ subject: 'CN=same' }))
    expect(message).toContain('2 certificates')
    expect(message).toContain(a.sha1)
    expect(message).toContain(b.sha1)
    expect((await store.find({ thumbprint: b.sha1 })).name).toBe('b')
  })

  test.each([
    ['before', 'a', 'b'],
    ['after', 'b', 'a'],
  ])('finds the copy with the private key, also %s the one without', async (_, withKey, without) => {
    const { store, folder } = await newStore()
    const own = tool().certificate('/CN=own')
    await put(folder, `${withKey}.pfx`, tool().pfx(own, ''))
    await put(folder, `${without}.pfx`, tool().pfxWithoutKey(own, ''))
    expect((await store.find({ thumbprint: own.sha1 })).name).toBe(withKey)
    expect((await store.find({ subject: 'CN=own' })).name).toBe(withKey)
  })

  test('takes exactly one criterion', async () => {
    const { store } = await newStore()
    await failure('INVALID_ARGUMENT', () => store.find({}))
    expect(
      await failure('INVALID_ARGUMENT', () => store.find({ subject: 'x', friendlyName: 'x' })),
    ).toContain('exactly one')
  })

  test('passes over no file that holds a certificate alone', async () => {
    const { store, folder } = await newStore()
    await put(folder, 'k.pfx', tool().pfxWithoutKey(tool().certificate('/CN=alone'), ''))
    expect(await failure('INVALID_ENCODING', () => store.get('k'))).toContain('without its private key')
    await failure('INVALID_ENCODING', () => store.list())
    await failure('INVALID_ENCODING', () => store.find({ subject: 'alone' }))
    expect(await failure('NOT_FOUND', () => store.find({ subject: 'other' }))).toContain(
      'without its private key',
    )
    await failure('ALREADY_EXISTS', () => store.create('k', { keyType: 'ec-p256' }))
  })
})

describe('importing', () => {
  test.skipIf(lacks('openssl'))(
    'takes what openssl pkcs12 -export made, with its chain [needs openssl]',
    async () => {
      const { store, folder } = await newStore('of the folder')
      const root = tool().certificate('/CN=root')
      const own = tool().issued('/CN=signing', root)
      const pfx = tool().pfx(own, 'of the file', ['-name', 'elsewhere', '-certfile', root.certificateFile])
      const key = await store.importPkcs12('Imported', pfx, 'of the file')
      expect(key.name).toBe('Imported')
      expect(key.version).toBe(own.sha256.toLowerCase())
      expect(key.certificates.map(({ subject }) => subject)).toEqual(['CN=signing', 'CN=root'])
      expect(
        verify(
          'sha256',
          data,
          { key: own.certificate.publicKey, dsaEncoding: 'ieee-p1363' },
          key.signer().signSync(data),
        ),
      ).toBe(true)
      const path = join(folder, 'imported.pfx')
      expect(await filesIn(folder)).toEqual(['imported.pfx'])
      expect((await stat(path)).mode & 0o777).toBe(lacksModes ? 0o666 : 0o600)
      // The file in the folder has the folder's password, not that of the file it came from.
      expect(run(['openssl', 'pkcs12', '-in', path, '-passin', 'pass:of the folder', '-noenc'])).toContain(
        'friendlyName: Imported',
      )
    },
  )

  test.skipIf(lacks('keytool'))(
    'takes what keytool made [needs keytool]',
    async () => {
      const { store } = await newStore()
      const path = tool().path('p12')
      keytool(path, 'signing', 'CN=from keytool, O=Contoso', rsa)
      const key = await store.importPkcs12('k', await readFile(path), 'changeit')
      expect(key.certificates[0]?.subject).toBe('O=Contoso\nCN=from keytool')
      expect(key.algorithms[0]?.name).toBe('RS256')
      expect((await store.find({ subject: 'CN=from keytool,O=Contoso' })).keyId).toBe(key.keyId)
    },
    60_000,
  )

  test('refuses two keys in a file', async () => {
    const { store, folder } = await newStore()
    const pfx = await writePkcs12([await newKey('CN=one'), await newKey('CN=two')], 'pw', { iterations: 1 })
    expect(await failure('INVALID_ENCODING', () => store.importPkcs12('k', pfx, 'pw'))).toContain(
      '2 private keys',
    )
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  test.skipIf(lacks('openssl'))(
    'does nothing when the name has the key already [needs openssl]',
    async () => {
      const { store, folder } = await newStore()
      const pfx = tool().pfx(tool().certificate('/CN=x'), 'pw')
      const first = await store.importPkcs12('k', pfx, 'pw')
      const before = await readFile(join(folder, 'k.pfx'))
      const again = await store.importPkcs12('K', pfx, 'pw')
      expect(again.keyId).toBe(first.keyId)
      expect(await readFile(join(folder, 'k.pfx'))).toEqual(before)
      expect(await filesIn(folder)).toEqual(['k.pfx'])
    },
  )

  test.skipIf(lacks('openssl'))(
    'of one file ten times at once ends with one key [needs openssl]',
    async () => {
      const { store, folder } = await newStore()
      const pfx = tool().pfx(tool().certificate('/CN=x'), 'pw')
      const keys = await Promise.all(Array.from({ length: 10 }, () => store.importPkcs12('k', pfx, 'pw')))
      expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1)
      expect(await filesIn(folder)).toEqual(['k.pfx'])
    },
  )

  test.skipIf(lacks('openssl'))('leaves another key of the name as it was [needs openssl]', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType: 'ec-p256' })
    const before = await readFile(join(folder, 'k.pfx'))
    const pfx = tool().pfx(tool().certificate('/CN=x'), 'pw')
    expect(await failure('ALREADY_EXISTS', () => store.importPkcs12('k', pfx, 'pw'))).toContain('k.pfx')
    expect(await readFile(join(folder, 'k.pfx'))).toEqual(before)
    expect(await filesIn(folder)).toEqual(['k.pfx'])
  })

  test.skipIf(lacks('openssl'))(
    'writes nothing when the file or its password is bad [needs openssl]',
    async () => {
      const { store, folder } = await newStore()
      const own = tool().certificate('/CN=x')
      const pfx = tool().pfx(own, 'pw')
      const keyOnly = tool().path('pfx')
      run([
        'openssl',
        'pkcs12',
        '-export',
        '-nocerts',
        '-inkey',
        own.keyFile,
        '-passout',
        'pass:pw',
        '-out',
        keyOnly,
      ])
      expect(await failure('WRONG_PASSWORD', () => store.importPkcs12('k', pfx, 'hunter2'))).not.toContain(
        'hunter2',
      )
      await failure('INVALID_ENCODING', () => store.importPkcs12('k', pfx.subarray(0, -1), 'pw'))
      await failure('INVALID_ENCODING', () => store.importPkcs12('k', new Uint8Array(), 'pw'))
      await failure('INVALID_ENCODING', () =>
        store.importPkcs12('k', Buffer.from('-----BEGIN CERTIFICATE-----'), 'pw'),
      )
      await failure('LIMIT_EXCEEDED', () => store.importPkcs12('k', new Uint8Array(2_000_000), 'pw'))
      await failure('INVALID_ARGUMENT', () => store.importPkcs12('../k', pfx, 'pw'))
      const withoutCertificate = await readFile(keyOnly)
      expect(
        await failure('INVALID_ENCODING', () => store.importPkcs12('k', withoutCertificate, 'pw')),
      ).toContain('no certificate')
      const withoutKey = tool().pfxWithoutKey(own, 'pw')
      expect(await failure('INVALID_ENCODING', () => store.importPkcs12('k', withoutKey, 'pw'))).toContain(
        'no private key',
      )
      await expect(stat(folder)).rejects.toThrow('ENOENT')
    },
  )

  test.skipIf(lacks('openssl')).each([
    ['RSA of 1024 bits', ['rsa:1024']],
    ['Ed448', ['ed448']],
    ['EC on brainpoolP256r1', ['ec', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1']],
  ])('refuses %s [needs openssl]', async (_what, newkey) => {
    const { store, folder } = await newStore()
    const pfx = tool().pfx(tool().certificate('/CN=x', newkey), 'pw')
    await failure('UNSUPPORTED_KEY', () => store.importPkcs12('k', pfx, 'pw'))
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  test('takes an expired certificate', async () => {
    const { store } = await newStore()
    const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') }
    const pfx = await writePkcs12(await newKey('CN=expired', validity), 'pw', { iterations: 1 })
    expect(await store.importPkcs12('k', pfx, 'pw')).toMatchObject(validity)
  })
})

describe('exporting', () => {
  test.skipIf(lacks('openssl'))(
    'makes a PFX that OpenSSL opens, with the chain [needs openssl]',
    async () => {
      const { store } = await newStore()
      const root = tool().certificate('/CN=root')
      const own = tool().issued('/CN=signing', root)
      await store.importPkcs12('k', tool().pfx(own, '', ['-certfile', root.certificateFile]), '')
      const path = tool().path('pfx')
      await writeFile(path, await store.exportPkcs12('K', 'of the export'))
      const pem = run(['openssl', 'pkcs12', '-in', path, '-passin', 'pass:of the export', '-noenc'])
      expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
      const exported = run(['openssl', 'pkey'], Buffer.from(pem))
      expect(exported).toBe(run(['openssl', 'pkey', '-in', own.keyFile]))
      expect(() => run(['openssl', 'pkcs12', '-in', path, '-passin', 'pass:', '-noenc'])).toThrow(
        'invalid password',
      )
    },
  )

  test.skipIf(lacks('keytool'))(
    'makes a PFX that keytool opens [needs keytool]',
    async () => {
      const { store } = await newStore()
      await store.create('k', { keyType: 'ec-p256' })
      const path = tool().path('pfx')
      await writeFile(path, await store.exportPkcs12('k', 'changeit'))
      const listed = run(['keytool', '-list', '-keystore', path, '-storepass', 'changeit'])
      expect(listed).toMatch(/^k, .*PrivateKeyEntry/m)
    },
    60_000,
  )

  test('moves a key to another folder under its kid', async () => {
    const [from, to] = [await newStore(), await newStore()]
    const key = await from.store.create('k', { keyType: 'ed25519' })
    const moved = await to.store.importPkcs12('moved', await from.store.exportPkcs12('k', ''), '')
    expect(moved.keyId).toBe(key.keyId)
    expect(moved.version).toBe(key.version)
  })

  test('of what is not there says what is', async () => {
    const { store } = await newStore()
    const { version } = await store.create('k', { keyType: 'ec-p256' })
    expect(await failure('NOT_FOUND', () => store.exportPkcs12('other', ''))).toContain('name "k"')
    await failure('NOT_FOUND', () => store.exportPkcs12('k', '', { version: '0'.repeat(64) }))
    expect(await store.exportPkcs12('k', '', { version })).toBeInstanceOf(Uint8Array)
  })
})

describe('deleting', () => {
  test('removes the file, once', async () => {
    const { store, folder } = await newStore()
    await store.create('k', { keyType: 'ec-p256' })
    await store.create('other', { keyType: 'ec-p256' })
    await store.delete('K')
    expect(await filesIn(folder)).toEqual(['other.pfx'])
    expect(await store.get('k')).toBeNull()
    expect(await failure('NOT_FOUND', () => store.delete('k'))).toContain('name "other"')
    await failure('NOT_FOUND', () => store.delete('../keys/other'))
    expect(await filesIn(folder)).toEqual(['other.pfx'])
  })

  test('makes the name free again, for another key', async () => {
    const { store } = await newStore()
    const first = await store.create('k', { keyType: 'ec-p256' })
    await store.delete('k')
    const second = await store.create('k', { keyType: 'ec-p256' })
    expect(second.keyId).not.toBe(first.keyId)
    expect(second.version).not.toBe(first.version)
  })
})

const rsa = ['-keyalg', 'RSA', '-keysize', '2048', '-sigalg', 'SHA256withRSA']

/** A new key with its self-signed certificate. */
async function newKey(subject: string, validity: ValidityOptions = {}): Promise<Pkcs12Entry> {
  const privateKey = await generatePrivateKey('ec-p256')
  const options = { subject, ...validity }
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), options)
  return { privateKey, certificates: [certificate], friendlyName: subject }
}

/** Adds a self-signed key to a PKCS#12 keystore with keytool. */
function keytool(path: string, alias: string, subject: string, more: readonly string[]): void {
  run([
    'keytool',
    ['-genkeypair', '-validity', '30'],
    ['-storetype', 'PKCS12', '-keystore', path, '-storepass', 'changeit'],
    ['-alias', alias, '-dname', subject],
    more,
  ])
}
