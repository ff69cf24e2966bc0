import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, generatePrivateKey, writePkcs12 } from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { run as runCommand } from '../src/run.ts'

interface Outcome {
  readonly code: number
  readonly out: string
  readonly error: string
}

async function sealwright(args: readonly string[], input = ''): Promise<Outcome> {
  let out = ''
  let error = ''
  const code = await runCommand(args, {
    stdin: Readable.from([Buffer.from(input)]),
    out: (text) => (out += text),
    error: (text) => (error += text),
  })
  return { code, out, error }
}

/** A folder that goes away with the test, and a file with a password in it. */
function scratch(): { readonly file: (name: string) => string; readonly password: string } {
  const folder = scratchFolder()
  const password = join(folder, 'password')
  writeFileSync(password, 'correct-horse\n')
  return { file: (name) => join(folder, name), password }
}

/** Of the least that makes a PFX. */
function createArguments(pfx: string, password: string): string[] {
  const files = ['--out', pfx, '--password-file', password]
  return ['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', ...files]
}

async function makePfx(): Promise<{ readonly pfx: string; readonly password: string }> {
  const { file, password } = scratch()
  const pfx = file('a.pfx')
  expect((await sealwright(createArguments(pfx, password))).code).toBe(0)
  return { pfx, password }
}

describe('cert create', () => {
  test.skipIf(lacks('openssl'))(
    'makes a PFX that OpenSSL opens, for its owner alone [needs openssl]',
    async () => {
      const { file, password } = scratch()
      const pfx = file('my-app-auth.pfx')
      const args = [
        'cert',
        'create',
        '--cn',
        'my-app-auth',
        '--key-type',
        'ec-p256',
        '--validity-days',
        '730',
      ]
      const { code, out, error } = await sealwright([...args, '--out', pfx, '--password-file', password])
      expect({ code, error }).toEqual({ code: 0, error: '' })
      const text = run(['openssl', 'pkcs12', '-in', pfx, '-passin', `file:${password}`, '-nodes'])
      expect(text).toContain('friendlyName: my-app-auth')
      const certificate = new X509Certificate(text.slice(text.indexOf('-----BEGIN CERTIFICATE')))
      expect(certificate.subject).toBe('CN=my-app-auth')
      expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(730 * 86_400_000)
      expect(out).toContain(`thumbprint ${certificate.fingerprint.replaceAll(':', '')}`)
      expect(statSync(pfx).mode & 0o777).toBe(0o600)
    },
  )

  test('leaves a file that is there as it is', async () => {
    const { file, password } = scratch()
    const pfx = file('there.pfx')
    writeFileSync(pfx, 'there')
    const { code, error } = await sealwright(createArguments(pfx, password))
    expect(code).toBe(1)
    expect(error).toBe(`sealwright: ${pfx} already exists and stays as it is\n`)
    expect(readFileSync(pfx, 'utf8')).toBe('there')
  })

  test('writes both files or neither', async () => {
    const { file, password } = scratch()
    const [pfx, cer] = [file('a.pfx'), file('a.cer')]
    writeFileSync(cer, 'there')
    const args = ['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', '--out', pfx, '--cer', cer]
    expect((await sealwright([...args, '--password-file', password])).code).toBe(1)
    expect(existsSync(pfx)).toBe(false)
    expect(readFileSync(cer, 'utf8')).toBe('there')
  })

  test('names, a certificate on its own, the password from standard input, and JSON', async () => {
    const { file } = scratch()
    const [pfx, cer] = [file('a.pfx'), file('a.cer')]
    const args = [
      'cert',
      'create',
      '--cn',
      'Smith, "J" + #1 ',
      '--key-type',
      'ed25519',
      '--dns',
      'a.example',
      'b.example',
    ]
    const { code, out } = await sealwright(
      [...args, '--out', pfx, '--cer', cer, '--password-file', '-', '--profile', 'compatible', '--json'],
      'ένα-δύο\r\n',
    )
    expect(code).toBe(0)
    const certificate = new X509Certificate(readFileSync(cer))
    expect(certificate.subjectAltName).toBe('DNS:a.example, DNS:b.example')
    expect(JSON.parse(out)).toMatchObject({
      file: pfx,
      thumbprint: certificate.fingerprint.replaceAll(':', ''),
    })
    const inspected = await sealwright(['inspect', pfx, '--password-file', '-', '--json'], 'ένα-δύο')
    expect(JSON.parse(inspected.out)).toMatchObject({
      format: 'PKCS#12',
      ok: true,
      keys: [{ friendlyName: 'Smith, "J" + #1 ', type: 'Ed25519' }],
      weak: [expect.stringContaining('SHA-1'), expect.any(String), expect.stringContaining('3DES')],
    })
  })

  test.each([
    ['no name', []],
    ['two names', ['--cn', 'a', '--subject', 'CN=a']],
    ['an unknown key', ['--cn', 'a', '--key-type', 'dsa']],
    ['no days', ['--cn', 'a', '--validity-days', '0']],
    ['days that are no number', ['--cn', 'a', '--validity-days', '1e3']],
    ['an unknown profile', ['--cn', 'a', '--profile', 'old']],
    ['a malformed subject', ['--subject', 'a']],
    ['a malformed DNS name', ['--cn', 'a', '--key-type', 'ec-p256', '--dns', 'a b']],
  ])('with %s, nothing is written', async (_, args) => {
    const { file, password } = scratch()
    const pfx = file('a.pfx')
    const { code, error } = await sealwright([
      'cert',
      'create',
      ...args,
      '--out',
      pfx,
      '--password-file',
      password,
    ])
    expect(code).toBeGreaterThan(0)
    expect(error.trimEnd().split('\n')).toHaveLength(1)
    expect(existsSync(pfx)).toBe(false)
  })
})

describe('cert create refuses at once', () => {
  interface Refusal {
    readonly args: readonly string[]
    readonly input?: string
    readonly error: string
  }

  test.each<[string, (file: (name: string) => string) => Refusal]>([
    [
      'a file that is there',
      (file) => ({
        args: ['--out', file('password')],
        error: `${file('password')} already exists and stays as it is`,
      }),
    ],
    [
      'a folder that is not',
      (file) => ({
        args: ['--out', file('no/a.pfx')],
        error: `${file('no')}: no such file or folder`,
      }),
    ],
    [
      'the same file twice',
      (file) => ({
        args: ['--out', file('a.pfx'), '--cer', file('./b/../a.pfx')],
        error: '--out and --cer name the same file',
      }),
    ],
    [
      'an empty password',
      (file) => ({
        args: ['--out', file('a.pfx')],
        input: '\n',
        error: 'the password is empty; write one into the password file',
      }),
    ],
    [
      'two passwords',
      (file) => ({
        args: ['--out', file('a.pfx')],
        input: 'one\ntwo\n',
        error: 'the password in standard input has more than one line',
      }),
    ],
    [
      'a password that never ends',
      (file) => ({
        args: ['--out', file('a.pfx')],
        input: 'x'.repeat(2 ** 20 + 1),
        error: 'standard input has more than the 1048576 bytes that are allowed',
      }),
    ],
  ])('%s', async (_, refusal) => {
    const { file } = scratch()
    const before = readdirSync(file(''))
    const { args, input = 'secret', error } = refusal(file)
    const common = ['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', '--password-file', '-']
    expect(await sealwright([...common, ...args], input)).toEqual({
      code: 1,
      out: '',
      error: `sealwright: ${error}\n`,
    })
    expect(readdirSync(file(''))).toEqual(before)
  })

  test('leaves nothing but what it was asked for', async () => {
    const { pfx } = await makePfx()
    expect(readdirSync(dirname(pfx)).toSorted()).toEqual(['a.pfx', 'password'])
  })

  test.each(['\ufeffcorrect-horse\r\n', 'correct-horse', 'correct-horse\n'])(
    'the password file %j holds correct-horse',
    async (text) => {
      const { pfx } = await makePfx()
      expect((await sealwright(['inspect', pfx, '--password-file', '-'], text)).code).toBe(0)
    },
  )
})

describe('inspect', () => {
  test('shows names in a file without what would steer the terminal', async () => {
    const { file, password } = scratch()
    const pfx = file('a.pfx')
    const privateKey = await generatePrivateKey('ec-p256')
    const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject: 'CN=a' })
    const friendlyName = 'a\u001b[2J\u009b\u202eb\nweak: nothing'
    const contents = { privateKey, certificates: [certificate], friendlyName }
    writeFileSync(pfx, await writePkcs12(contents, 'correct-horse', { iterations: 1 }))
    const text = await sealwright(['inspect', pfx, '--password-file', password])
    expect(text.out).toContain('"a\\u001b[2J\\u009b\\u202eb\\u000aweak: nothing"')
    const json = await sealwright(['inspect', pfx, '--password-file', password, '--json'])
    expect(json.out).toMatch(/^[\n\x20-\x7e]+$/)
    expect(JSON.parse(json.out)).toMatchObject({ keys: [{ friendlyName }] })
  })

  test.skipIf(!existsSync('/dev/zero'))('a device without an end is refused [needs /dev/zero]', async () => {
    expect((await sealwright(['inspect', '/dev/zero'])).error).toBe(
      'sealwright: /dev/zero has more than the 1048576 bytes that are allowed\n',
    )
  })

  test.skipIf(lacks('mkfifo'))('a pipe is read to its end [needs mkfifo]', async () => {
    const { pfx, password } = await makePfx()
    const pipe = join(dirname(pfx), 'pipe')
    run(['mkfifo', pipe])
    const [{ code, out }] = await Promise.all([
      sealwright(['inspect', pipe, '--password-file', password]),
      writeFile(pipe, readFileSync(pfx)),
    ])
    expect({ code, format: out.split('\n')[0] }).toEqual({ code: 0, format: `${pipe}: PKCS#12` })
  })

  test.skipIf(lacks('openssl'))(
    'the encrypted PEM of old tools, and that it is weak [needs openssl]',
    async () => {
      const { file, password } = scratch()
      const key = file('key.pem')
      run([
        'openssl',
        'genrsa',
        '-aes256',
        '-traditional',
        '-passout',
        `file:${password}`,
        '-out',
        key,
        '2048',
      ])
      const { out } = await sealwright(['inspect', key, '--password-file', password, '--json'])
      expect(JSON.parse(out)).toMatchObject({
        format: 'PKCS#1',
        ok: true,
        keys: [{ type: 'rsa-2048' }],
        encryption: ['PEM encryption with MD5 and AES-256-CBC, 1 iteration'],
        mac: null,
        weak: ['PEM encryption with MD5 and AES-256-CBC', 'only 1 iteration; at least 100000 are advisable'],
      })
    },
  )

  test('says what a PFX is, and shows no private key', async () => {
    const { pfx, password } = await makePfx()
    const { code, out, error } = await sealwright(['inspect', pfx, '--password-file', password])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    const anything = /[0-9A-F]{40}|[\w-]{43}|\d{4}-\d\d-\d\dT[\d:.]+Z/g
    expect(out.replaceAll(pfx, 'FILE').replaceAll(anything, '…')).toMatchInlineSnapshot(`
      "FILE: PKCS#12
      MAC: HMAC-SHA-256, 600000 iterations
      encryption: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, 600000 iterations
      private key "a": ec-P-256, key id …
        certificates: …
      certificate …
        subject:    CN=a
        issuer:     CN=a
        valid:      … to …
        key:        ec-P-256, key id …
        signed:     ES256
      "
    `)
  })

  test('a wrong password is one clear line, and exit code 1', async () => {
    const { pfx } = await makePfx()
    const { code, out, error } = await sealwright(['inspect', pfx, '--json'])
    expect(code).toBe(1)
    expect(error).toBe(
      `sealwright: ${pfx}: the password does not open the PKCS#12 file, or the file was changed: its MAC does not verify; give one with --password-file FILE\n`,
    )
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: 'WRONG_PASSWORD' } })
  })

  test('what cannot be read is one clear line', async () => {
    const { file } = scratch()
    writeFileSync(file('text'), 'hello')
    writeFileSync(file('large'), new Uint8Array(2 ** 20 + 1))
    const missing = await sealwright(['inspect', file('missing')])
    expect(missing.error).toBe(`sealwright: ${file('missing')}: no such file or folder\n`)
    expect((await sealwright(['inspect', file('text')])).error).toBe(
      `sealwright: ${file('text')}: the file is not a file of keys or certificates in a known format\n`,
    )
    expect((await sealwright(['inspect', file('large')])).error).toBe(
      `sealwright: ${file('large')} has more than the 1048576 bytes that are allowed\n`,
    )
    expect((await sealwright(['inspect', file('')])).code).toBe(1)
  })

  test.skipIf(lacks('openssl'))('tells what is weak [needs openssl]', async () => {
    const { file, password } = scratch()
    const [key, certificate, pfx] = [file('key.pem'), file('certificate.pem'), file('old.pfx')]
    run([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:1024',
      '-sha1',
      '-nodes',
      '-subj',
      '/CN=old',
      '-keyout',
      key,
      '-out',
      certificate,
    ])
    run([
      'openssl',
      'pkcs12',
      '-export',
      '-legacy',
      '-inkey',
      key,
      '-in',
      certificate,
      '-out',
      pfx,
      '-passout',
      `file:${password}`,
    ])
    const { out } = await sealwright(['inspect', pfx, '--password-file', password, '--json'])
    const { weak, keys }: { weak: string[]; keys: unknown[] } = JSON.parse(out)
    expect(keys).toMatchObject([{ type: 'rsa-1024' }])
    expect(weak).toEqual([
      'HMAC-SHA-1',
      'only 2048 iterations; at least 100000 are advisable',
      'PBES1 with SHA-1 and 40-bit RC2',
      'PBES1 with SHA-1 and 3DES',
      'an RSA key of 1024 bits',
      'a signature with SHA-1 on the certificate of CN=old',
    ])
  })

  const vectors = new URL('../../../../shared/vectors/pkcs12/', import.meta.url)
  const absent = !existsSync(vectors)
  const rows: { file: string; password: string; expect: string; keys?: number; certificates?: number }[] =
    absent ? [] : JSON.parse(readFileSync(new URL('manifest.json', vectors), 'utf8'))

  test.skipIf(absent)(
    'the published files are there [needs test data from elsewhere: ../shared/vectors]',
    () => {
      expect(rows.length).toBeGreaterThanOrEqual(13)
    },
  )

  test.each(rows)(
    '$file is $expect [needs test data from elsewhere: ../shared/vectors]',
    async ({ file, password, ...expected }) => {
      const path = new URL(file, vectors).pathname
      const { code, out, error } = await sealwright(
        ['inspect', path, '--json', '--password-file', '-'],
        password,
      )
      const description: { ok: boolean; keys?: unknown[]; certificates?: unknown[] } = JSON.parse(out)
      expect(description.ok).toBe(expected.expect === 'ok')
      expect(code).toBe(expected.expect === 'ok' ? 0 : 1)
      expect(error.split('\n')).toHaveLength(expected.expect === 'ok' ? 1 : 2)
      expect(description.keys?.length).toBe(expected.keys)
      expect(description.certificates?.length).toBe(expected.certificates)
    },
  )
})

describe('the command itself', () => {
  test('says its version', async () => {
    const { version }: { version: string } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    )
    expect(await sealwright(['--version'])).toEqual({ code: 0, out: `${version}\n`, error: '' })
  })

  test('help is no mistake, and an unknown command is', async () => {
    const help = await sealwright(['--help'])
    expect(help.code).toBe(0)
    expect(help.out).toContain('inspect')
    const unknown = await sealwright(['inspct', 'x'])
    expect(unknown.code).toBe(2)
    expect(unknown.error).toContain("unknown command 'inspct'")
    expect((await sealwright(['inspect'])).code).toBe(2)
  })
})
