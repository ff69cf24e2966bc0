import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { lacks, run } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, generatePrivateKey, writePkcs12 } from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { makePfx } from '../support/pfx.ts'
import { scratch, sealwright } from '../support/sealwright.ts'

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
    const { pfx, password } = await makePfx(600_000)
    const { code, out, error } = await sealwright(['inspect', pfx, '--password-file', password])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    const anything = /\b[0-9A-F]{30,64}\b|[\w-]{43}|\d{4}-\d\d-\d\dT[\d:.]+Z/g
    expect(out.replaceAll(pfx, 'FILE').replaceAll(anything, '…')).toMatchInlineSnapshot(`
      "FILE: PKCS#12
      MAC: HMAC-SHA-256, 600000 iterations
      encryption: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, 600000 iterations
      private key "a": ec-P-256, key id …
        certificates: …
      certificate …
        subject:    CN=a
        issuer:     CN=a (self-signed)
        serial:     …
        valid:      … to …, 729 days left
        key:        ec-P-256, key id …
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
      `sealwright: ${pfx}: the password does not open the PKCS#12 file, or the file was changed: its MAC does not verify; give the password with --password-file FILE or --password-env NAME\n`,
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
