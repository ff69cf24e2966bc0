import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { Openssl } from '@sealwright/test-kit/openssl'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { makePfx } from '../../support/pfx.ts'
import { scratch, sealwright, succeed } from '../../support/sealwright.ts'

/** What is asked, and what is answered. */
function answering(...answers: readonly string[]): {
  readonly asked: string[]
  readonly questions: { password: (message: string) => Promise<string>; confirm: () => Promise<boolean> }
} {
  const asked: string[] = []
  const left = [...answers]
  return {
    asked,
    questions: {
      async password(message) {
        asked.push(message)
        return left.shift() ?? ''
      },
      confirm: async () => false,
    },
  }
}

async function keyIdOf(file: string, password = ''): Promise<string> {
  const { out } = await succeed(['inspect', file, '--json', '--password-file', '-'], { input: password })
  const { keys }: { keys: { keyId: string }[] } = JSON.parse(out)
  return keys[0]?.keyId ?? ''
}

describe('cert convert', () => {
  test('splits a PFX into key and certificate, and joins them again', async () => {
    const { pfx, password, keyId } = await makePfx()
    const { file } = scratch()
    const [key, cer, joined] = [file('a.key'), file('a.crt'), file('b.pfx')]
    const passwords = ['--password-file', password, '--out-password-env', 'NEW']
    const env = { NEW: 'new' }
    await succeed(['cert', 'convert', pfx, '--out', key, '--cer', cer, ...passwords], { env })
    expect(readFileSync(key, 'utf8')).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    expect(statSync(key).mode & 0o777).toBe(0o600)
    expect(new X509Certificate(readFileSync(cer)).subject).toBe('CN=a')
    const joining = ['cert', 'convert', key, '--certificate', cer, '--out', joined, '--password-env', 'NEW']
    const { out } = await succeed([...joining, '--no-out-password', '--json'], { env })
    expect(JSON.parse(out)).toMatchObject({ files: [joined], keyId, privateKey: true })
    expect(await keyIdOf(joined)).toBe(keyId)
    // The certificate is read after the key, with the password of the one line.
    const again = [
      'cert',
      'convert',
      key,
      '--certificate',
      cer,
      '--out',
      file('again.pfx'),
      '--no-out-password',
    ]
    await succeed([...again, '--password-file', '-'], { input: 'new' })
  })

  test('says what a file has in it, and not what it could have had', async () => {
    const { pfx, password } = await makePfx()
    const { file } = scratch()
    const args = ['cert', 'convert', pfx, '--password-file', password, '--json']
    const key = await succeed([...args, '--out', file('a.key'), '--no-out-password'])
    expect(JSON.parse(key.out)).toMatchObject({ privateKey: true, certificates: [] })
    const pem = await succeed([
      'cert',
      'convert',
      pfx,
      '--password-file',
      password,
      '--out',
      '-',
      '--format',
      'cer',
    ])
    writeFileSync(file('two.cer'), pem.out + pem.out)
    const der = await succeed(['cert', 'convert', file('two.cer'), '--out', file('a.der')])
    expect(der.out).toContain('\n1 certificate\n')
    expect(
      (await sealwright(['cert', 'import', '-', '--to', 'store:my'], { input: pem.out })).error,
    ).toContain('standard input has a certificate and no private key')
  })

  test('protects a PFX of certificates with the password that is given', async () => {
    const { pfx, password } = await makePfx()
    const { file } = scratch()
    await succeed(['cert', 'convert', pfx, '--password-file', password, '--out', file('a.cer')])
    const args = ['cert', 'convert', file('a.cer'), '--out', file('trust.p12')]
    await succeed([...args, '--out-password-file', password])
    expect((await sealwright(['inspect', file('trust.p12')])).error).toContain('the password does not open')
    await succeed(['inspect', file('trust.p12'), '--password-file', password])
    // No one is asked.
    await succeed([...args, '--force'])
    await succeed(['inspect', file('trust.p12')])
  })

  test('writes every format, each of which is read back', async () => {
    const { pfx, password, keyId } = await makePfx()
    const { file } = scratch()
    for (const name of ['a.pfx', 'a.p12', 'a.pem', 'a.key', 'a.jwk']) {
      await succeed([
        'cert',
        'convert',
        pfx,
        '--out',
        file(name),
        '--password-file',
        password,
        '--no-out-password',
      ])
      expect([name, await keyIdOf(file(name))]).toEqual([name, keyId])
    }
    for (const name of ['a.cer', 'a.crt', 'a.der', 'a.p7b']) {
      await succeed(['cert', 'convert', pfx, '--out', file(name), '--password-file', password])
      const { out } = await succeed(['inspect', file(name), '--json'])
      expect(JSON.parse(out)).toMatchObject({ keys: [], certificates: [{ subject: 'CN=a', key: { keyId } }] })
    }
  })

  test('writes to standard output, and what it says to standard error', async () => {
    const { pfx, password } = await makePfx()
    const args = ['cert', 'convert', pfx, '--out', '-', '--password-file', password, '--no-out-password']
    const { out, error } = await succeed(args)
    expect(out).toMatch(/^-----BEGIN PRIVATE KEY-----[^]+-----END CERTIFICATE-----\n$/)
    expect(error).toContain('the private key and 1 certificate')
    expect((await sealwright([...args, '--json'])).error).toContain('both write to standard output')
    expect((await sealwright([...args, '--format', 'pfx'], { screen: true })).error).toContain(
      'binary output is not written to a terminal',
    )
  })

  test('asks for the passwords that no option gives', async () => {
    const { pfx } = await makePfx()
    const { file } = scratch()
    const { asked, questions } = answering('correct-horse', 'new', 'new')
    await succeed(['cert', 'convert', pfx, '--out', file('a.pem')], { questions })
    expect(asked).toEqual([`Password of ${pfx}`, 'New password of the private key', 'The same again'])
    await keyIdOf(file('a.pem'), 'new')
    const differing = answering('correct-horse', 'new', 'knew')
    const refused = await sealwright(['cert', 'convert', pfx, '--out', file('b.pem')], differing)
    expect(refused.error).toContain('the two passwords are not the same; nothing was written')
    expect(existsSync(file('b.pem'))).toBe(false)
  })

  test('replaces a file with --force alone', async () => {
    const { pfx, password } = await makePfx()
    const { file } = scratch()
    writeFileSync(file('a.cer'), 'there')
    const args = ['cert', 'convert', pfx, '--out', file('a.cer'), '--password-file', password]
    expect((await sealwright(args)).code).toBe(1)
    expect(readFileSync(file('a.cer'), 'utf8')).toBe('there')
    await succeed([...args, '--force'])
    expect(new X509Certificate(readFileSync(file('a.cer'))).subject).toBe('CN=a')
  })

  test.skipIf(lacks('openssl'))(
    'rescues old files: RC2, 3DES, no MAC, .pvk and MSBLOB [needs openssl]',
    async () => {
      const { file } = scratch()
      const { keyFile: key, certificateFile: cer } = new Openssl(scratchFolder()).certificate('/CN=old', [
        'rsa:2048',
      ])
      const legacy = [
        'openssl',
        'pkcs12',
        '-export',
        '-inkey',
        key,
        '-in',
        cer,
        '-provider',
        'legacy',
        '-provider',
        'default',
      ]
      const pfx = (name: string, ...args: string[]): string => {
        run([...legacy, '-out', file(name), '-passout', 'pass:old', '-name', 'old', ...args])
        return file(name)
      }
      const rc2 = pfx('rc2.pfx', '-legacy')
      const noMac = pfx('no-mac.pfx', '-nomac')
      run(['openssl', 'rsa', '-in', key, '-outform', 'MSBLOB', '-out', file('key.blob')])
      run(['openssl', 'rsa', '-in', key, '-outform', 'PVK', '-pvk-none', '-out', file('key.pvk')])
      const refused = await sealwright(['cert', 'show', noMac, '--password-env', 'OLD'], {
        env: { OLD: 'old' },
      })
      expect(refused.error).toContain(
        '--accept-missing-mac of sealwright inspect, cert convert and cert import',
      )
      const keyId = await keyIdOf(key)
      const old = [
        [rc2, '--password-env', 'OLD'],
        [noMac, '--password-env', 'OLD', '--accept-missing-mac'],
        [file('key.pvk'), '--certificate', cer],
        [file('key.blob'), '--certificate', cer],
      ]
      const env = { OLD: 'old' }
      for (const [at, args] of old.entries()) {
        const out = file(`new-${at}.pfx`)
        await succeed(['cert', 'convert', ...args, '--out', out, '--no-out-password'], { env })
        const { out: text } = await succeed(['inspect', out, '--json'])
        expect(JSON.parse(text)).toMatchObject({
          keys: [{ keyId }],
          certificates: [{ subject: 'CN=old' }],
        })
        expect(run(['openssl', 'pkcs12', '-in', out, '-passin', 'pass:', '-nodes'])).toContain('CN = old')
      }
    },
  )

  test.each([
    ['nowhere', [], 'no destination; use --out FILE.pfx'],
    ['a name without a format', ['--out', 'NAME'], 'unknown extension; use .pfx'],
    ['a JWK with a password', ['--out', 'a.jwk'], 'a JWK cannot be encrypted; --no-out-password'],
    [
      'a PFX without a word on its password',
      ['--out', 'a.pfx'],
      'the PFX needs a password: pass --out-password-file FILE',
    ],
  ])('%s is refused', async (_, args, message) => {
    const { pfx, password } = await makePfx()
    const { file } = scratch()
    const given = args.map((arg) => (arg.startsWith('--') ? arg : file(arg)))
    const { code, error } = await sealwright(['cert', 'convert', pfx, '--password-file', password, ...given])
    expect(code).toBe(1)
    expect(error).toContain(message)
    for (const path of given) expect(existsSync(path)).toBe(false)
  })
})
