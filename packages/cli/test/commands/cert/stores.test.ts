import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startKeyVaultEmulator, wellKnown } from '@sealwright/keyvault-emulator'
import { openDotNetStore, openFolderStore } from '@sealwright/local-store'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lockedFolder, makePfx } from '../../support/pfx.ts'
import { scratch, sealwright, succeed, type Surroundings } from '../../support/sealwright.ts'

interface Listed {
  readonly keys: readonly { readonly name: string; readonly keyId: string; readonly thumbprint: string }[]
}

async function listed(place: string, surroundings: Surroundings = {}): Promise<Listed['keys']> {
  const { out } = await succeed(['cert', 'list', place, '--json'], surroundings)
  const { keys }: Listed = JSON.parse(out)
  return keys
}

const noOne = { password: async () => '', confirm: async () => false }
const yes = { password: async () => '', confirm: async () => true }

describe('store:my, .NET’s folder', () => {
  test('import, list, show, export, renew and delete, as certmgr does them', async () => {
    const { pfx, password } = await makePfx()
    const local = { dotNet: { home: scratchFolder() } }
    const imported = await succeed(
      ['cert', 'import', pfx, '--to', 'store:my', '--password-file', password, '--json'],
      { local },
    )
    const { keyId, thumbprint }: Listed['keys'][number] = JSON.parse(imported.out)
    const store = await openDotNetStore(local.dotNet)
    expect(await store.find({ thumbprint })).toMatchObject({ keyId, name: 'a' })
    expect(await listed('store:my', { local })).toMatchObject([{ name: 'a', keyId, thumbprint }])
    expect((await succeed(['cert', 'list'], { local })).out).toMatch(
      /^NAME +ALG .*\na +ES256 +[0-9A-F]{40} +CN=a .*left/,
    )

    const uri = `store:my?thumbprint=${thumbprint}`
    expect((await succeed(['cert', 'show', uri], { local })).out).toContain(`certificate ${thumbprint}`)
    const { file } = scratch()
    await succeed(['cert', 'export', uri, '--out', file('b.pem'), '--no-out-password'], { local })
    expect((await succeed(['inspect', file('b.pem')])).out).toContain(keyId)

    const [old] = (await store.find({ thumbprint }))?.certificates ?? []
    const renewed = await succeed(['cert', 'renew', uri, '--validity-days', '30', '--json'], { local })
    const answer: Listed['keys'][number] = JSON.parse(renewed.out)
    expect(answer).toMatchObject({ keyId, subject: 'CN=a' })
    const found = await store.find({ thumbprint: answer.thumbprint })
    // A ring would take the key for one that is not valid yet.
    expect(found?.certificates[0]?.validFrom).toBe(old?.validFrom)
    const days = (Number(found?.notAfter) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThan(30)
    // .NET keeps the certificate before it as well.
    const both = await listed('store:my', { local })
    expect(both.map((key) => key.keyId)).toEqual([keyId, keyId])
    expect((await sealwright(['cert', 'delete', uri, '--yes'], { local })).error).toContain('2 keys in')
    const deleting = ['cert', 'delete', 'store:my?name=a']
    expect(await sealwright(deleting, { local })).toMatchObject({ code: 1 })
    expect(await sealwright(deleting, { local, questions: noOne })).toMatchObject({ code: 130 })
    expect(await listed('store:my', { local })).toHaveLength(2)
    expect(await sealwright(deleting, { local, questions: yes })).toMatchObject({ code: 0 })
    expect(await listed('store:my', { local })).toEqual([])
  })

  test('cert create --to makes the key there', async () => {
    const local = { dotNet: { home: scratchFolder() } }
    const args = ['cert', 'create', '--cn', 'my-app-auth', '--key-type', 'ec-p256', '--to', 'store:my']
    const { out } = await succeed([...args, '--dns', 'auth.example.com'], { local })
    expect(out).toContain('CN=my-app-auth, valid until')
    expect((await sealwright(args, { local })).error).toContain('the key "my-app-auth" already exists in')
    const [key] = await (await openDotNetStore(local.dotNet)).list()
    expect(key?.certificates[0]?.subjectAltName).toBe('DNS:auth.example.com')
  })
})

describe('a folder', () => {
  test('holds several keys, and each version of them', async () => {
    const folder = join(scratchFolder(), 'keys')
    const uri = `store:${folder}?name=auth`
    await succeed(['cert', 'create', '--to', uri, '--key-type', 'ec-p256'])
    await succeed(['rotate', uri])
    expect((await listed(`store:${folder}`)).map(({ name }) => name)).toEqual(['auth', 'auth'])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    const { out } = await succeed(['cert', 'delete', uri, '--yes', '--json'])
    expect(JSON.parse(out)).toMatchObject({ name: 'auth', keyIds: [expect.any(String), expect.any(String)] })
    expect(await listed(`store:${folder}`)).toEqual([])
    expect((await succeed(['cert', 'list', uri])).out).toBe(`${folder} has no keys named auth\n`)
  })

  test('takes a name that a PFX has for Windows from --name', async () => {
    const { file } = scratch()
    const pfx = file('My App.pfx')
    const names = ['--cn', 'My App', '--key-type', 'ec-p256']
    await succeed(['cert', 'create', ...names, '--out', pfx, '--no-password'])
    const importing = ['cert', 'import', pfx, '--to', `store:${file('keys')}`]
    expect((await sealwright(importing)).error).toContain('the key needs a name there: --name my-app-auth')
    await succeed([...importing, '--name', 'my-app'])
    expect(await (await openFolderStore(file('keys'))).get('my-app')).not.toBeNull()
  })
})

describe('the password of a folder', () => {
  const commands: readonly (readonly [
    string,
    (place: Awaited<ReturnType<typeof lockedFolder>>) => readonly string[],
  ])[] = [
    ['cert list', ({ uri }) => ['cert', 'list', uri]],
    ['cert renew', ({ uri }) => ['cert', 'renew', uri]],
    ['cert delete', ({ uri }) => ['cert', 'delete', uri, '--yes']],
    ['rotate', ({ uri }) => ['rotate', uri]],
    ['revoke', ({ uri, keyId }) => ['revoke', keyId, '--key', uri, '--yes']],
    [
      'jwks',
      ({ uri }) => ['jwks', '--issuer', 'https://auth.example.com', '--key', uri, '--out', scratchFolder()],
    ],
  ]

  test.each(commands)('is asked for once by %s', async (_, args) => {
    const place = await lockedFolder()
    const asked: string[] = []
    const questions = {
      async password(message: string) {
        asked.push(message)
        return 'correct-horse'
      },
      confirm: async () => true,
    }
    await succeed(args(place), { questions })
    expect(asked).toEqual([`Password of ${place.uri}`])
  })

  test('comes once from standard input, for a command that opens the folder twice', async () => {
    const { uri } = await lockedFolder()
    const renewing = ['cert', 'renew', uri, '--password-file', '-']
    expect((await succeed(renewing, { input: 'correct-horse' })).out).toContain('(unchanged)')
  })
})

describe('a file', () => {
  test('is renewed into another, or in its place with --force', async () => {
    const { pfx, password } = await makePfx()
    const passwords = ['--password-file', password, '--no-out-password']
    const before = (await succeed(['inspect', pfx, '--password-file', password, '--json'])).out
    expect((await sealwright(['cert', 'renew', pfx, ...passwords])).error).toContain(
      'no destination; use --out FILE.pfx',
    )
    expect((await sealwright(['cert', 'renew', pfx, '--out', pfx, ...passwords])).error).toContain(
      '--force replaces it',
    )
    await succeed(['cert', 'renew', pfx, '--out', pfx, '--force', ...passwords])
    const after = (await succeed(['inspect', pfx, '--json'])).out
    const [old, renewed]: { keys: { keyId: string; certificates: string[] }[] }[] = [before, after].map(
      (text) => JSON.parse(text),
    )
    expect(renewed?.keys[0]?.keyId).toBe(old?.keys[0]?.keyId)
    expect(renewed?.keys[0]?.certificates).not.toEqual(old?.keys[0]?.certificates)
  })

  test('is deleted when it is a key, and not otherwise', async () => {
    const { pfx, password } = await makePfx()
    expect((await sealwright(['cert', 'delete', password, '--yes'])).code).toBe(1)
    expect(existsSync(password)).toBe(true)
    await succeed(['cert', 'delete', pfx, '--yes', '--password-file', password])
    expect(existsSync(pfx)).toBe(false)
  })

  test('is deleted by its own name, which may have anything in it', async () => {
    const { file } = scratch()
    const path = file('a\u001b[2J.pem')
    await succeed(['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', '--out', path, '--no-password'])
    const asked: string[] = []
    const questions = {
      ...noOne,
      async confirm(message: string) {
        asked.push(message)
        return true
      },
    }
    await succeed(['cert', 'delete', path], { questions })
    expect(asked).toEqual([expect.stringContaining('a\\u001b[2J.pem')])
  })

  test('may be in a folder, as Kubernetes mounts a TLS secret', async () => {
    const { pfx, password, keyId } = await makePfx()
    const { file } = scratch()
    const folder = scratchFolder()
    const files = ['--out', join(folder, 'tls.key'), '--cer', join(folder, 'tls.crt'), '--no-out-password']
    await succeed(['cert', 'convert', pfx, '--password-file', password, ...files])
    const exporting = ['cert', 'export', `file:${folder}`, '--out', file('a.pfx'), '--no-out-password']
    const { out } = await succeed([...exporting, '--json'])
    expect(JSON.parse(out)).toMatchObject({ keyId, privateKey: true, certificates: [expect.any(String)] })
    const store = `store:${file('keys')}`
    await succeed(['cert', 'import', `file:${folder}`, '--to', store])
    expect(await listed(store)).toMatchObject([{ name: 'a', keyId }])
  })

  test('is certified with another name', async () => {
    const { pfx, password } = await makePfx()
    const { file } = scratch()
    const args = ['cert', 'create', '--cn', 'other', '--key', pfx, '--password-file', password]
    await succeed([...args, '--out', file('other.cer')])
    const { out } = await succeed(['cert', 'show', file('other.cer'), '--json'])
    expect(JSON.parse(out)).toMatchObject({
      certificates: [{ subject: 'CN=other', key: { type: 'ec-P-256' } }],
    })
    expect((await sealwright([...args, '--out', file('other.pfx')])).error).toContain(
      'only the certificate is written',
    )
    expect(readdirSync(file('')).toSorted()).toEqual(['other.cer', 'password'])
  })
})

describe('a vault', () => {
  let vault: NonNullable<Surroundings['vault']>
  let url: string
  let close: () => Promise<void>
  beforeAll(async () => {
    const emulator = await startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 } })
    close = () => emulator.close()
    vault = {
      credential: secretCredential(emulator, wellKnown),
      agent: emulator.agent(),
      pollInterval: 10,
      settleTime: 0,
      deadline: 20_000,
    }
    url = emulator.vaultUrl('contoso')
  })
  afterAll(() => close())

  test('import is the portal’s upload; the certificate comes out again, and the key does not', async () => {
    const { pfx, password } = await makePfx()
    const { file } = scratch()
    const uri = `${url}/certificates/token-signing`
    const { out } = await succeed(
      ['cert', 'import', pfx, '--to', uri, '--password-file', password, '--json'],
      { vault },
    )
    const { keyId }: Listed['keys'][number] = JSON.parse(out)
    expect(await listed(url, { vault })).toMatchObject([{ name: 'token-signing', keyId }])
    await succeed(['cert', 'export', uri, '--out', file('a.cer')], { vault })
    expect((await succeed(['cert', 'show', file('a.cer')])).out).toContain(keyId)
    const refused = await sealwright(['cert', 'export', uri, '--out', file('a.pfx'), '--no-out-password'], {
      vault,
    })
    expect(refused.error).toContain('the private key of token-signing never leaves')
    expect(existsSync(file('a.pfx'))).toBe(false)
    await succeed(['cert', 'renew', uri, '--out', file('renewed.cer')], { vault })
    expect((await sealwright(['cert', 'renew', uri], { vault })).error).toContain(
      'sealwright rotate creates a version',
    )
    expect((await sealwright(['cert', 'delete', uri], { vault, questions: noOne })).code).toBe(130)
    await succeed(['cert', 'delete', uri, '--yes'], { vault })
    expect(await listed(url, { vault })).toEqual([])
  })

  test('cert create --to has the vault make the key; a bare key is certified', async () => {
    const { file } = scratch()
    const uri = `${url}/certificates/made-there`
    const args = ['cert', 'create', '--cn', 'made', '--key-type', 'ec-p256', '--to', uri]
    expect((await sealwright([...args, '--serial', '01'], { vault })).error).toContain(
      '--serial is not available',
    )
    const names = ['--dns', 'a.example', 'b.example', '--email', 'a@example.com', '--ip', '10.0.0.1']
    expect((await succeed([...args, ...names], { vault })).out).toContain('CN=made, valid until')
    expect((await succeed(['cert', 'show', uri], { vault })).out).toContain(
      'names:      email:a@example.com, dns:a.example, dns:b.example, ip:10.0.0.1\n',
    )
    expect(
      (
        await sealwright(
          [...args, ...names].map((each) => each.replace('certificates', 'keys')),
          { vault },
        )
      ).error,
    ).toContain('omit the names')
    const root = ['cert', 'create', '--cn', 'again', '--key', uri, '--out', file('again.cer')]
    await succeed(root, { vault })
    expect((await succeed(['cert', 'show', file('again.cer')])).out).toContain('subject:    CN=again')
  })
})
