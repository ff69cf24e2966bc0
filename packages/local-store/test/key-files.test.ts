import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type * as FsPromises from 'node:fs/promises'
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openssl, type OpensslCertificate } from '@sealwright/test-kit/openssl'
import { lacks, lacksModes, run } from '@sealwright/test-kit/tools'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { openSigningKey } from '@sealwright/core'
import {
  localStore,
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  openKeyFile,
  openPkcs12File,
} from '@sealwright/local-store'

/** Runs before each file is opened, with its path. */
let beforeOpen: (path: string) => void | Promise<void> = () => undefined

vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FsPromises>()
  const open: typeof fs.open = async (path, flags, mode) => {
    await beforeOpen(String(path))
    return fs.open(path, flags, mode)
  }
  return { ...fs, open }
})
beforeEach(() => {
  beforeOpen = () => undefined
})

const tool = openssl()
const pemOf = (a: OpensslCertificate): string => readFileSync(a.certificateFile, 'utf8')
const keyOf = (a: OpensslCertificate): string => readFileSync(a.keyFile, 'utf8')

/** Writes files with mode 600 into a new folder. */
function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = scratchFolder()
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content, { mode: 0o600 })
  return folder
}

/** An issuer and what it issued. */
function pair(): { issuer: OpensslCertificate; own: OpensslCertificate } {
  const issuer = tool().certificate('/CN=issuer')
  return { issuer, own: tool().issued('/CN=own', issuer) }
}

const backends = [localStore()]

describe.skipIf(lacks('openssl'))('one file with a key and its certificates [needs openssl]', () => {
  test('is PEM in any order, whatever its extension; the chain is ordered and others are left out', async () => {
    const { issuer, own } = pair()
    const other = tool().certificate('/CN=other')
    const folder = folderWith({ 'auth.txt': [other, issuer, own].map(pemOf).join('') + keyOf(own) })
    for (const key of [
      await openKeyFile(join(folder, 'auth.txt')),
      await openSigningKey(`file:${folder}/auth.txt`, { backends }),
    ]) {
      expect(key).toMatchObject({ name: 'auth', location: join(folder, 'auth.txt'), createdAt: null })
      expect(key.version).toBe(own.sha256.toLowerCase())
      expect(key.certificates.map(({ subject }) => subject)).toEqual(['CN=own', 'CN=issuer'])
      const signature = await key.signer().sign(Buffer.from('x'))
      expect(signature).toHaveLength(64)
    }
  })

  test('is encrypted PEM with its password, and PFX', async () => {
    const own = tool().certificate('/CN=own')
    const encrypted = run([
      'openssl',
      ['pkcs8', '-topk8', '-in', own.keyFile, '-passout', 'pass:pw'],
      ['-iter', '1000'],
    ])
    const folder = folderWith({ 'a.pem': encrypted + pemOf(own), 'a.pfx': tool().pfx(own, 'pw') })
    for (const name of ['a.pem', 'a.pfx']) {
      for (const password of ['pw', () => 'pw', () => Promise.resolve('pw')]) {
        expect((await openKeyFile(join(folder, name), { password })).version).toBe(own.sha256.toLowerCase())
      }
      for (const password of [undefined, 'hunter2']) {
        const message = await failure('WRONG_PASSWORD', () => openKeyFile(join(folder, name), { password }))
        expect(message).toContain(join(folder, name))
        expect(message).not.toContain('hunter2')
      }
    }
  })

  test('that is not there is NOT_FOUND, whether it is to be a PFX or anything', async () => {
    const path = join(folderWith({}), 'none.pfx')
    expect(await failure('NOT_FOUND', () => openPkcs12File(path, ''))).toBe(`there is no file ${path}`)
    expect(await failure('NOT_FOUND', () => openKeyFile(path))).toBe(`there is no file ${path}`)
  })

  test('may hold the public key as well', async () => {
    const own = tool().certificate('/CN=own')
    const publicKey = run(['openssl', ['pkey', '-in', own.keyFile, '-pubout']])
    const folder = folderWith({ 'all.pem': publicKey + pemOf(own) + keyOf(own) })
    expect((await openKeyFile(join(folder, 'all.pem'))).version).toBe(own.sha256.toLowerCase())
  })

  test('without one of them is refused for what it is', async () => {
    const [own, other] = [tool().certificate('/CN=own'), tool().certificate('/CN=other')]
    const publicKey = run(['openssl', ['pkey', '-in', own.keyFile, '-pubout']])
    const folder = folderWith({
      'key.pem': keyOf(own),
      'certificate.pem': pemOf(own),
      'certificate.der': own.certificate.raw,
      'public.pem': publicKey,
      'mismatch.pem': keyOf(own) + pemOf(other),
      'two.pem': keyOf(own) + keyOf(other) + pemOf(own),
      'empty.pem': '',
    })
    for (const [name, said] of [
      ['key.pem', 'no certificate in the file belongs to its private key'],
      ['certificate.pem', 'a certificate without its private key'],
      ['certificate.der', 'a certificate without its private key'],
      ['public.pem', 'a public key; signing needs the private key'],
      ['mismatch.pem', 'no certificate in the file belongs to its private key'],
      ['two.pem', '2 private keys'],
      ['empty.pem', 'is empty'],
    ] as const) {
      const message = await failure('INVALID_ENCODING', () => openKeyFile(join(folder, name)))
      expect(message).toContain(`${join(folder, name)}: `)
      expect(message).toContain(said)
    }
    expect(await failure('NOT_FOUND', () => openKeyFile(join(folder, 'none.pem')))).toContain('none.pem')
  })

  test('of Bouncy Castle, OpenSSH or PuTTY is named', async () => {
    const folder = folderWith({
      'a.bks': Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 20, ...Buffer.alloc(24)),
      'id.ppk': 'PuTTY-User-Key-File-3: ssh-rsa\n',
      'id.pub': `ssh-ed25519 AAAA${'A'.repeat(60)} me@example.com\n`,
      id: `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from('openssh-key-v1\0').toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`,
    })
    for (const [name, command] of [
      ['a.bks', '-srcstoretype BKS'],
      ['id.ppk', 'puttygen'],
      ['id.pub', 'ssh-keygen -e'],
      ['id', 'ssh-keygen -p -m PEM'],
    ] as const) {
      expect(await failure('INVALID_ENCODING', () => openKeyFile(join(folder, name)))).toContain(command)
    }
  })

  test.skipIf(lacks('keytool')).each(['JKS', 'JCEKS'])(
    'of Java (%s) is named [needs keytool]',
    async (type) => {
      const folder = scratchFolder()
      const path = join(folder, 'a.p12')
      run([
        'keytool',
        ['-genkeypair', '-alias', 'a', '-keyalg', 'EC', '-dname', 'CN=a', '-storetype', type],
        ['-keystore', path, '-storepass', 'changeit', '-keypass', 'changeit'],
      ])
      await chmod(path, 0o600)
      const store = await openFolderStore(join(folder, 'keys'))
      for (const open of [
        () => openKeyFile(path, { password: 'changeit' }),
        () => openPkcs12File(path, 'changeit'),
        () => store.importPkcs12('a', readFileSync(path), 'changeit'),
      ]) {
        const message = await failure('INVALID_ENCODING', open)
        expect(message).toContain(`Java keystore (${type})`)
        expect(message).toContain('keytool -importkeystore')
      }
    },
  )

  test('of PEM or DER is named by openPkcs12File, which takes PFX alone', async () => {
    const own = tool().certificate('/CN=own')
    const folder = folderWith({ 'a.pem': keyOf(own) + pemOf(own), 'a.der': own.certificate.raw })
    for (const [name, said] of [
      ['a.pem', /is PEM, not PKCS#12/],
      ['a.der', /is DER, but not PKCS#12/],
    ] as const) {
      const message = await failure('INVALID_ENCODING', () => openPkcs12File(join(folder, name), ''))
      expect(message).toMatch(said)
      expect(message).toContain('openssl pkcs12 -export')
    }
  })

  test('of PEM is imported into a store, with its chain; one without a key or a certificate is not', async () => {
    const { issuer, own } = pair()
    const store = await openFolderStore(join(folderWith({}), 'keys'))
    const pem = Buffer.from(pemOf(issuer) + pemOf(own) + keyOf(own))
    const key = await store.importPkcs12('a', pem, () => '')
    expect(key.certificates.map(String)).toEqual([own, issuer].map(({ certificate }) => String(certificate)))
    expect((await store.get('a'))?.keyId).toBe(key.keyId)
    for (const [file, said] of [
      [own.certificate.raw, 'no private key'],
      [Buffer.from(keyOf(own)), 'no certificate'],
    ] as const) {
      expect(await failure('INVALID_ENCODING', () => store.importPkcs12('b', file, ''))).toContain(said)
    }
    expect(await store.list()).toHaveLength(1)
  })
})

describe.skipIf(lacks('openssl'))('a key and its certificates in two files [needs openssl]', () => {
  test('are named by a URI and by openKeyFile; the certificates lie beside the key or anywhere', async () => {
    const { issuer, own } = pair()
    const folder = folderWith({ 'tls.key': keyOf(own), 'tls.crt': pemOf(issuer) + pemOf(own) })
    const elsewhere = folderWith({ 'my chain.pem': pemOf(own) + pemOf(issuer) })
    // Certificates are public.
    await chmod(join(folder, 'tls.crt'), 0o644)
    for (const key of [
      await openSigningKey('file:./tls.key?certificate=tls.crt', {
        backends: [localStore({ baseFolder: folder })],
      }),
      await openSigningKey(`file:${folder}/tls.key?certificate=${elsewhere}/my%20chain.pem`, { backends }),
      await openKeyFile(join(folder, 'tls.key'), { certificate: './tls.crt' }),
    ]) {
      expect(key).toMatchObject({ name: 'tls', location: join(folder, 'tls.key'), createdAt: null })
      expect(key.certificates.map(({ subject }) => subject)).toEqual(['CN=own', 'CN=issuer'])
      expect(key.version).toBe(own.sha256.toLowerCase())
    }
  })

  test('in a folder have its whole name, without the extension of a file', async () => {
    const own = tool().certificate('/CN=own')
    const folder = join(scratchFolder(), 'my.app')
    await mkdir(folder)
    for (const [name, content] of Object.entries(secretOf(own)))
      await writeFile(join(folder, name), content, { mode: 0o600 })
    expect(await openKeyFile(folder)).toMatchObject({ name: 'my.app', location: join(folder, 'tls.key') })
  })

  test('take certificates in DER and PKCS#7, and a key that is encrypted', async () => {
    const own = tool().certificate('/CN=own')
    const folder = folderWith({
      'a.key': run([
        'openssl',
        ['pkcs8', '-topk8', '-in', own.keyFile, '-passout', 'pass:pw', '-iter', '1000'],
      ]),
      'a.cer': own.certificate.raw,
      'a.p7b': run(['openssl', ['crl2pkcs7', '-nocrl', '-certfile', own.certificateFile]]),
    })
    for (const certificate of ['a.cer', 'a.p7b']) {
      const key = await openKeyFile(join(folder, 'a.key'), { certificate, password: 'pw' })
      expect(key.version).toBe(own.sha256.toLowerCase())
    }
  })

  test('that do not belong together are refused, and both are named', async () => {
    const [own, other] = [tool().certificate('/CN=own'), tool().certificate('/CN=other')]
    const folder = folderWith({ 'a.key': keyOf(own), 'b.crt': pemOf(other) })
    const message = await failure('INVALID_ENCODING', () =>
      openKeyFile(join(folder, 'a.key'), { certificate: 'b.crt' }),
    )
    expect(message).toBe(
      `no certificate in ${join(folder, 'b.crt')} belongs to the private key in ${join(folder, 'a.key')}`,
    )
  })

  test('are refused when one is absent, or in the place of the other', async () => {
    const own = tool().certificate('/CN=own')
    const folder = folderWith({ 'a.key': keyOf(own), 'a.crt': pemOf(own) })
    const open =
      (key: string, certificate: string): (() => Promise<unknown>) =>
      () =>
        openKeyFile(join(folder, key), { certificate })
    expect(await failure('NOT_FOUND', open('b.key', 'a.crt'))).toContain(join(folder, 'b.key'))
    expect(await failure('NOT_FOUND', open('a.key', 'b.crt'))).toContain(join(folder, 'b.crt'))
    expect(await failure('INVALID_ENCODING', open('a.crt', 'a.crt'))).toContain('without its private key')
    expect(await failure('INVALID_ENCODING', open('a.key', 'a.key'))).toContain(
      `${join(folder, 'a.key')}: the file holds no certificate`,
    )
  })

  test.skipIf(lacksModes)('need a key that is the owner’s alone [needs POSIX modes]', async () => {
    const own = tool().certificate('/CN=own')
    const folder = folderWith({ 'a.key': keyOf(own), 'a.crt': pemOf(own) })
    for (const mode of [0o640, 0o660, 0o604]) {
      await chmod(join(folder, 'a.key'), mode)
      expect(
        await failure('UNSAFE_PERMISSIONS', () =>
          openKeyFile(join(folder, 'a.key'), { certificate: 'a.crt' }),
        ),
      ).toContain(`chmod 600 ${join(folder, 'a.key')}`)
    }
  })

  test('and stores are refused when a path is the contents of a file, or empty', async () => {
    const own = tool().certificate('/CN=own')
    const jwk = JSON.stringify(createPrivateKey(keyOf(own)).export({ format: 'jwk' }))
    for (const content of [keyOf(own), jwk, ` ${jwk}`, '', 7 as unknown as string]) {
      const said = [
        await failure('INVALID_ARGUMENT', () => openKeyFile(content)),
        await failure('INVALID_ARGUMENT', () => openPkcs12File(content, '')),
        await failure('INVALID_ARGUMENT', () => openKeyFile('a.key', { certificate: content })),
        await failure('INVALID_ARGUMENT', () => openFolderStore(content)),
        await failure('INVALID_ARGUMENT', () => openDotNetStore({ home: content })),
        await failure('INVALID_ARGUMENT', () => openAppServiceStore({ folder: content })),
        await failure('INVALID_ARGUMENT', () => localStore({ baseFolder: content })),
      ]
      expect(said).toEqual([
        'path must be the path of a file',
        'path must be the path of a file',
        'options.certificate must be the path of a file',
        'folder must be the path of a folder',
        'options.home must be the path of a folder',
        'options.folder must be the path of a folder',
        'options.baseFolder must be the path of a folder',
      ])
    }
  })
})

/** A volume as the kubelet mounts a secret: each file is a link into `..data`, which is a link to the folder of a version. */
async function mountSecret(version: Readonly<Record<string, string>>): Promise<string> {
  const volume = join(scratchFolder(), 'signing')
  await mkdir(volume)
  await publish(volume, version)
  for (const name of Object.keys(version)) await symlink(join('..data', name), join(volume, name))
  return volume
}

let versions = 0

/** Makes a version the current one as the kubelet does, by rename(2), and removes the others. */
async function publish(volume: string, version: Readonly<Record<string, string>>): Promise<void> {
  const name = `..2026_11_26_${versions++}`
  await mkdir(join(volume, name))
  for (const [file, content] of Object.entries(version)) {
    await writeFile(join(volume, name, file), content, { mode: 0o400 })
  }
  await symlink(name, join(volume, '..data_tmp'))
  await rename(join(volume, '..data_tmp'), join(volume, '..data'))
  if (versions > 1) await rm(join(volume, `..2026_11_26_${versions - 2}`), { recursive: true, force: true })
}

function secretOf(own: OpensslCertificate): Readonly<Record<string, string>> {
  return { 'tls.key': keyOf(own), 'tls.crt': pemOf(own) }
}

describe.skipIf(lacks('openssl') || lacksModes)(
  'a TLS secret of Kubernetes [needs openssl, POSIX modes]',
  () => {
    test('is opened by its folder, and named after it', async () => {
      const own = tool().certificate('/CN=own')
      const volume = await mountSecret({ ...secretOf(own), 'ca.crt': pemOf(tool().certificate('/CN=ca')) })
      for (const uri of [`file:${volume}`, `file:${volume}/`]) {
        const key = await openSigningKey(uri, { backends })
        expect(key).toMatchObject({ name: 'signing', location: join(volume, 'tls.key'), createdAt: null })
        expect(key.version).toBe(own.sha256.toLowerCase())
      }
    })

    test.each(['tls.key', 'tls.crt'])(
      'that changes before %s is read is of one version',
      async (changing) => {
        const [old, renewed] = [tool().certificate('/CN=old'), tool().certificate('/CN=renewed')]
        const volume = await mountSecret(secretOf(old))
        let changes = 0
        beforeOpen = async (path) => {
          if (path === join(volume, changing) && changes++ === 0) await publish(volume, secretOf(renewed))
        }
        expect((await openKeyFile(volume)).version).toBe(renewed.sha256.toLowerCase())
        expect(changes).toBe(2)
      },
    )

    test('that never stands still is UNAVAILABLE, after five attempts', async () => {
      const own = tool().certificate('/CN=own')
      const volume = await mountSecret(secretOf(own))
      let changes = 0
      beforeOpen = async (path) => {
        if (path !== join(volume, 'tls.key')) return
        changes++
        await publish(volume, secretOf(own))
      }
      const message = await failure('UNAVAILABLE', () => openKeyFile(volume))
      expect(message).toBe(
        `${join(volume, 'tls.key')} and ${join(volume, 'tls.crt')} changed each time they were read; try again`,
      )
      expect(changes).toBe(5)
    })

    test('without one of its files says which', async () => {
      const volume = await mountSecret(secretOf(tool().certificate('/CN=own')))
      await rm(join(volume, 'tls.crt'))
      expect(await failure('NOT_FOUND', () => openKeyFile(volume))).toContain(join(volume, 'tls.crt'))
      await rm(join(volume, 'tls.key'))
      expect(await failure('NOT_FOUND', () => openKeyFile(volume))).toContain(join(volume, 'tls.key'))
    })
  },
)
