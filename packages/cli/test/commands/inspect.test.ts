import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createLocalSigner, publicJwk } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { Openssl } from '@sealwright/test-kit/openssl'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { lacks, run } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, generatePrivateKey, writePkcs12 } from '@sealwright/x509'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makePfx } from '../support/pfx.ts'
import { scratch, sealwright, succeed } from '../support/sealwright.ts'

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
      'sealwright: /dev/zero has more than the allowed 1048576 bytes; --limit bytes=NUMBER raises the limit\n',
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
    const { pfx, password } = await makePfx(600_000)
    const { code, out, error } = await sealwright(['inspect', pfx, '--password-file', password])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    const anything = /\b[0-9A-F]{30,64}\b|[\w-]{43}|\d{4}-\d\d-\d\dT[\d:.]+Z/g
    expect(out.replaceAll(pfx, 'FILE').replaceAll(anything, '…')).toMatchInlineSnapshot(`
      "FILE: PKCS#12
      MAC: HMAC-SHA-256, 600000 iterations
      encryption: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, 600000 iterations
      private key "a": ec-P-256, kid …
        certificates: …
        signs:      ES256
      certificate …
        subject:    CN=a
        issuer:     CN=a (self-signed)
        serial:     …
        valid:      … to …, 729 days left
        key:        ec-P-256, kid …
        usage:      no CA, digitalSignature
        signed:     ES256
        SHA-256:    …
      "
    `)
  })

  test('a wrong password is one clear line, and exit code 1', async () => {
    const { pfx } = await makePfx()
    const { code, out, error } = await sealwright(['inspect', pfx, '--json'])
    expect(code).toBe(1)
    expect(error).toBe(
      `sealwright: ${pfx}: the password does not open the PKCS#12 file, or the file was changed: its MAC does not verify; pass the password with --password-file FILE or --password-env NAME\n`,
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
      `sealwright: ${file('large')} has more than the allowed 1048576 bytes; --limit bytes=NUMBER raises the limit\n`,
    )
    expect((await sealwright(['inspect', file('')])).code).toBe(1)
  })

  test.skipIf(lacks('openssl'))('tells what is weak [needs openssl]', async () => {
    const { file, password } = scratch()
    const tool = new Openssl(scratchFolder())
    const old = tool.certificate('/CN=old', ['rsa:1024'], ['-sha1'])
    const pfx = file('old.pfx')
    writeFileSync(pfx, tool.pfx(old, readFileSync(password, 'utf8').trim(), ['-legacy']))
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

  const vectors = new URL('../../../../../shared/vectors/pkcs12/', import.meta.url)
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
      const { code, out, error } = await sealwright(['inspect', path, '--json', '--password-file', '-'], {
        input: password,
      })
      const description: { ok: boolean; keys?: unknown[]; certificates?: unknown[] } = JSON.parse(out)
      expect(description.ok).toBe(expected.expect === 'ok')
      expect(code).toBe(expected.expect === 'ok' ? 0 : 1)
      expect(error.split('\n')).toHaveLength(expected.expect === 'ok' ? 1 : 2)
      expect(description.keys?.length).toBe(expected.keys)
      expect(description.certificates?.length).toBe(expected.certificates)
    },
  )
})

describe('inspect of anything', () => {
  test('a key without a password, one that has expired, and one that is not for tokens', async () => {
    const { file } = scratch()
    const create = ['cert', 'create', '--cn', 'a', '--key-type', 'ec-p256', '--no-password', '--out']
    await succeed([...create, file('old.pem'), '--not-before', '2020-01-01', '--not-after', '2021-01-01'])
    const old = await succeed(['inspect', file('old.pem')])
    expect(old.out).toContain('cannot sign: its certificate expired at 2021-01-01T00:00:00.000Z; renew it')
    expect(old.out).toMatch(/valid: {6}2020-01-01T00:00:00.000Z to 2021-01-01T00:00:00.000Z, EXPIRED\n/)
    expect(old.out).toContain('weak: the private key has no password')
    const colored = await succeed(['inspect', file('old.pem')], { colors: true })
    expect(colored.out).toContain('\u001b[31mEXPIRED\u001b[39m')
    await succeed([...create, file('tls.pfx'), '--key-usage', 'keyAgreement', '--dns', 'a.example'])
    const { out } = await succeed(['inspect', file('tls.pfx'), '--json'])
    expect(JSON.parse(out)).toMatchObject({
      unencrypted: true,
      keys: [
        {
          signing: {
            algorithms: ['ES256'],
            problems: ['its certificate is for keyAgreement and not for digitalSignature'],
          },
        },
      ],
      certificates: [{ subjectAltNames: ['dns:a.example'], ca: false, daysLeft: 729 }],
    })
  })

  test('a JWT, which is not repeated', async () => {
    const { pfx, password } = await makePfx()
    const signing = [
      'token',
      'sign',
      pfx,
      '--password-file',
      password,
      '--issuer',
      'https://auth.example.com',
    ]
    const token = (await succeed([...signing, '--subject', 'alice', '--lifetime', '600'])).out
    const { out } = await succeed(['inspect', '-'], { input: `Bearer ${token}` })
    expect(out).toContain('standard input: JWT\nheader alg:        ES256')
    expect(out).toContain('claim sub:        alice')
    expect(out).toMatch(/10 minutes left\nproblem: it has no aud, so any service may accept it\n/)
    expect(out).not.toContain(token.split('.')[2])
    const forged = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`
    // Whoever shows it recurses as deep.
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    const nested = [`{"alg":"none","crit":${deep}}`, '{}'].map((part) =>
      Buffer.from(part).toString('base64url'),
    )
    expect((await sealwright(['inspect', '-'], { input: `${nested.join('.')}.` })).error).toContain(
      'not a file of keys',
    )
    const json = await succeed(['inspect', '-', '--json'], { input: forged })
    expect(JSON.parse(json.out)).toMatchObject({
      format: 'JWT',
      header: { alg: 'none' },
      problems: [
        'it has no signature',
        'it has no kid, so verifiers cannot choose among several keys',
        'it has no exp, so it never expires',
        'it has no aud, so any service may accept it',
      ],
    })
  })

  test('a signing URI, and the versions of a key that is switched off', async () => {
    const { file } = scratch()
    const uri = `store:${file('keys')}?name=auth`
    await succeed(['cert', 'create', '--to', uri, '--key-type', 'ec-p256'])
    const { out } = await succeed(['inspect', uri, '--json'])
    expect(JSON.parse(out)).toMatchObject({
      format: 'signing key',
      name: 'auth',
      enabled: true,
      signing: { algorithms: ['ES256'], problems: [] },
      certificates: [{ subject: 'CN=auth' }],
    })
    expect((await succeed(['inspect', uri])).out).toContain('  signs:      ES256\n')
  })

  test('a JWK Set in a file and at a URL, and what is wrong with its entries', async () => {
    const { file } = scratch()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
    const keys = [
      { ...jwk, kid: 'a', alg: 'ES256' },
      jwk,
      { ...privateKey.export({ format: 'jwk' }), kid: 'a' },
      { ...publicJwk(rsaKey(2048)), kid: 'b', p: 'AQAB' },
    ]
    writeFileSync(file('jwks.json'), JSON.stringify({ keys }))
    const problems = [
      [],
      ['it has no kid, so verifiers cannot choose it'],
      [
        'it is a PRIVATE key: revoke it, and publish only the public part',
        'an entry before it has the same kid',
      ],
      expect.arrayContaining(['it is a PRIVATE key: revoke it, and publish only the public part']) as unknown,
    ]
    const more = Array.from({ length: 101 }, (_, kid) => ({ ...jwk, kid: String(kid) }))
    writeFileSync(file('more.json'), JSON.stringify({ keys: more }))
    expect((await succeed(['inspect', file('more.json')])).out).toContain(
      'note: the set has 101 keys; only the first 100 are described',
    )
    const fromFile = JSON.parse((await succeed(['inspect', file('jwks.json'), '--json'])).out)
    expect(fromFile).toMatchObject({ format: 'JWK Set', jwks: problems.map((each) => ({ problems: each })) })
    const server = createServer((request, response) => {
      if (request.url !== '/jwks' && request.url !== '/.well-known/openid-configuration')
        return response.writeHead(404).end()
      const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      response.setHeader('cache-control', 'max-age=60')
      return response.end(
        JSON.stringify(request.url === '/jwks' ? { keys } : { issuer, jwks_uri: `${issuer}/jwks` }),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    for (const url of [issuer, `${issuer}/jwks`]) {
      const { out } = await succeed(['inspect', url])
      expect(out).toContain(
        `${issuer}/jwks: JWK Set with 4 keys\nCache-Control: max-age=60\nkey a: EC, ES256\n`,
      )
      expect(out).toContain('problem:    it is a PRIVATE key')
    }
  })
})
