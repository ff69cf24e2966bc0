import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { createArguments, makePfx } from '../../support/pfx.ts'
import { scratch, sealwright, succeed } from '../../support/sealwright.ts'

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
      expect(Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)).toBe(
        730 * 86_400_000 - 1000,
      )
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
    expect(error).toBe(`sealwright: ${pfx} already exists and was not changed; --force replaces it\n`)
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
      { input: 'ένα-δύο\r\n' },
    )
    expect(code).toBe(0)
    const certificate = new X509Certificate(readFileSync(cer))
    expect(certificate.subjectAltName).toBe('DNS:a.example, DNS:b.example')
    expect(JSON.parse(out)).toMatchObject({
      file: pfx,
      thumbprint: certificate.fingerprint.replaceAll(':', ''),
    })
    const inspected = await sealwright(['inspect', pfx, '--password-file', '-', '--json'], {
      input: 'ένα-δύο',
    })
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

test('a document on standard output is alone there, and what was made is said beside it', async () => {
  const { file } = scratch()
  const key = ['--key-type', 'ec-p256', '--no-password']
  const ca = ['--ca', file('ca.pem')]
  await succeed(['cert', 'create', '--cn', 'a', ...key, '--out', file('a.pem')])
  await succeed(['ca', 'create', '--cn', 'ca', ...key, '--out', file('ca.pem')])
  const commands = [
    ['cert', 'create', '--cn', 'b', ...key, '--out', file('b.pem'), '--cer', '-'],
    ['cert', 'create', '--cn', 'b', '--key', file('a.pem'), '--out', '-'],
    ['ca', 'create', '--cn', 'c', ...key, '--out', file('c.pem'), '--cer', '-'],
    ['cert', 'issue', file('a.pem'), '--cn', 'd', ...ca, '--out', file('d.cer'), '--cer', '-'],
    ['cert', 'renew', file('a.pem'), '--no-out-password', '--out', file('e.pem'), '--cer', '-'],
    ['cert', 'request', file('a.pem'), '--out', '-'],
    ['crl', ...ca, '--out', '-'],
  ]
  for (const command of commands) {
    const { out, error } = await succeed(command)
    expect([command, out]).toEqual([command, expect.stringMatching(/^-----BEGIN [^:]*-----\n$/)])
    expect([command, error]).toEqual([command, expect.stringMatching(/: .*\n.+\n/)])
  }
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
        args: ['--out', file('there.pfx')],
        error: `${file('there.pfx')} already exists and was not changed; --force replaces it`,
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
        error: 'two options name the same output file',
      }),
    ],
    [
      'an empty password',
      (file) => ({
        args: ['--out', file('a.pfx')],
        input: '\n',
        error: 'the password is empty; write one into the password file, or pass --no-password',
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
        error: 'standard input has more than the allowed 1048576 bytes',
      }),
    ],
  ])('%s', async (_, refusal) => {
    const { file } = scratch()
    writeFileSync(file('there.pfx'), 'there')
    const before = readdirSync(file(''))
    const { args, input = 'secret', error } = refusal(file)
    const common = ['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', '--password-file', '-']
    expect(await sealwright([...common, ...args], { input })).toEqual({
      code: 1,
      out: '',
      error: `sealwright: ${error}\n`,
    })
    expect(readdirSync(file(''))).toEqual(before)
  })

  test('leaves nothing but what it was asked for', async () => {
    const { file, password } = scratch()
    await succeed(createArguments(file('a.pfx'), password))
    expect(readdirSync(file('')).toSorted()).toEqual(['a.pfx', 'password'])
  })

  test.each(['\ufeffcorrect-horse\r\n', 'correct-horse', 'correct-horse\n'])(
    'the password file %j holds correct-horse',
    async (text) => {
      const { pfx } = await makePfx()
      expect((await sealwright(['inspect', pfx, '--password-file', '-'], { input: text })).code).toBe(0)
    },
  )
})
