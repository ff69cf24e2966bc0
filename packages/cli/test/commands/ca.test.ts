import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { makePfx } from '../support/pfx.ts'
import { scratch, sealwright, succeed } from '../support/sealwright.ts'

interface Ca {
  readonly file: (name: string) => string
  readonly root: string
  readonly issuing: string
}

async function makeCas(): Promise<Ca> {
  const { file } = scratch()
  const [root, issuing] = [file('root.pfx'), file('issuing.pfx')]
  const key = ['--key-type', 'ec-p256', '--no-password']
  await succeed(['ca', 'create', '--cn', 'Contoso Root', '--out', root, ...key, '--cer', file('root.cer')])
  const crl = ['--crl-url', 'http://pki.contoso.com/root.crl']
  await succeed(['ca', 'create', '--cn', 'Contoso Issuing', '--ca', root, '--out', issuing, ...key, ...crl])
  return { file, root, issuing }
}

describe('ca create, cert request, cert issue, crl', () => {
  test.skipIf(lacks('openssl'))('make a chain and a list that OpenSSL verifies [needs openssl]', async () => {
    const { file, issuing } = await makeCas()
    const { pfx, password, keyId } = await makePfx()
    const names = ['--dns', 'auth.example.com', '--uri', 'https://auth.example.com/']
    const request = ['cert', 'request', pfx, '--password-file', password, '--out', file('a.csr'), ...names]
    expect((await succeed(request)).out).toContain(`a request for CN=a\nkid        ${keyId}`)
    expect(run(['openssl', 'req', '-in', file('a.csr'), '-verify', '-noout', '-text'])).toContain(
      'DNS:auth.example.com',
    )
    expect((await succeed(['inspect', file('a.csr')])).out).toContain('requested:  dns:auth.example.com')

    const issue = ['cert', 'issue', file('a.csr'), '--ca', issuing]
    await succeed([...issue, '--out', file('plain.cer')])
    const { out } = await succeed([...issue, '--grant-names', '--out', file('chain.pem'), '--json'])
    // A request may be replaced by its certificate: it has no private key.
    const own = ['--format', 'pem', '--out', file('b.csr'), '--force']
    writeFileSync(file('b.csr'), readFileSync(file('a.csr')))
    await succeed(['cert', 'issue', file('b.csr'), '--ca', issuing, ...own])
    const { serialNumber, issuer }: { serialNumber: string; issuer: string } = JSON.parse(out)
    expect(issuer).toBe('CN=Contoso Issuing')
    const shown = JSON.parse((await succeed(['cert', 'show', file('chain.pem'), '--json'])).out)
    expect(shown).toMatchObject({
      certificates: [
        { subjectAltNames: ['dns:auth.example.com', 'uri:https://auth.example.com/'], key: { keyId } },
        { ca: true },
      ],
    })
    const plain = JSON.parse((await succeed(['cert', 'show', file('plain.cer'), '--json'])).out)
    expect(plain).toMatchObject({ certificates: [{ subjectAltNames: [], keyUsage: ['digitalSignature'] }] })
    await succeed(['cert', 'convert', issuing, '--out', file('issuing.cer')])
    const verify = ['openssl', 'verify', '-CAfile', file('root.cer'), '-untrusted', file('issuing.cer')]
    expect(run([...verify, file('chain.pem')])).toContain('OK')

    await succeed(['crl', '--ca', issuing, '--out', file('1.crl')])
    const second = ['crl', '--ca', issuing, '--previous', file('1.crl'), '--out', file('2.crl')]
    const revoked = await succeed([
      ...second,
      '--revoke',
      serialNumber,
      file('plain.cer'),
      '--reason',
      'superseded',
      '--json',
    ])
    expect(JSON.parse(revoked.out)).toMatchObject({ number: '2', revoked: 2 })
    const third = [
      'crl',
      '--ca',
      issuing,
      '--previous',
      file('2.crl'),
      '--out',
      file('3.pem'),
      '--revoke',
      serialNumber,
    ]
    expect(JSON.parse((await succeed([...third, '--json'])).out)).toMatchObject({ number: '3', revoked: 2 })
    const text = run(['openssl', 'crl', '-in', file('3.pem'), '-noout', '-text'])
    expect(text).toContain(serialNumber)
    expect(text).toContain('Superseded')
  })

  test('a certificate is issued for a key as well, and renewed by its CA', async () => {
    const { file, issuing } = await makeCas()
    const { pfx, password, keyId } = await makePfx()
    const key = [pfx, '--password-file', password]
    await succeed([
      'cert',
      'issue',
      ...key,
      '--cn',
      'b',
      '--ca',
      issuing,
      '--purpose',
      'tls-server',
      '--dns',
      'b.example',
      '--out',
      file('b.cer'),
    ])
    const [certificate] = JSON.parse(
      (await succeed(['cert', 'show', file('b.cer'), '--json'])).out,
    ).certificates
    expect(certificate).toMatchObject({ subject: 'CN=b', key: { keyId }, extendedKeyUsage: ['serverAuth'] })
    const renewing = ['cert', 'renew', ...key, '--certificate', file('b.cer'), '--cer', file('c.cer')]
    // The certificate of a CA is read after its key, with the password of the one line.
    await succeed(['cert', 'convert', issuing, '--out', file('ca.key'), '--out-password-file', password])
    await succeed(['cert', 'convert', issuing, '--out', file('ca.cer')])
    const ca = ['--ca', file('ca.key'), '--ca-certificate', file('ca.cer'), '--ca-password-file', '-']
    await succeed(['crl', ...ca, '--out', file('bare.crl')], { input: 'correct-horse' })
    const refused = await sealwright(renewing)
    expect(refused.error).toContain(`a CA issued the certificate of ${pfx}: give that CA with --ca`)
    expect(existsSync(file('c.cer'))).toBe(false)
    await succeed([...renewing, '--ca', issuing])
    const [renewed] = JSON.parse((await succeed(['cert', 'show', file('c.cer'), '--json'])).out).certificates
    expect(renewed).toMatchObject({ subject: 'CN=b', issuer: 'CN=Contoso Issuing', key: { keyId } })
  })

  test('a certificate whose issuer only looks like its subject is not self-signed', async () => {
    const { file } = scratch()
    const key = ['--key-type', 'ec-p256', '--no-password']
    await succeed(['cert', 'create', '--cn', 'a', '--out', file('a.pem'), ...key])
    const [keyPem = '', certificatePem = ''] = readFileSync(file('a.pem'), 'utf8').split(
      /(?=-----BEGIN CERT)/,
    )
    const der = Buffer.from(certificatePem.replace(/-.*-/g, ''), 'base64')
    // The issuer comes first. A PrintableString instead of a UTF8String; nothing here verifies the signature.
    der[der.indexOf(Buffer.from([0x0c, 1, 0x61]))] = 0x13
    writeFileSync(file('b.pem'), keyPem + new X509Certificate(der).toString())
    for (const [name, selfIssued] of [
      ['a.pem', true],
      ['b.pem', false],
    ] as const) {
      const { certificates } = JSON.parse((await succeed(['cert', 'show', file(name), '--json'])).out)
      expect(certificates).toMatchObject([{ subject: 'CN=a', issuer: 'CN=a', selfIssued }])
      const { error } = await sealwright(['cert', 'renew', file(name), '--cer', file('renewed.cer')])
      expect(error.includes('a CA issued the certificate of')).toBe(!selfIssued)
    }
  })

  test('--force replaces no file that cannot be read as a list: it may be one of this CA', async () => {
    const { file, root } = await makeCas()
    const list = file('large.crl')
    writeFileSync(list, '')
    truncateSync(list, 2 ** 26 + 1)
    const { code, error } = await sealwright(['crl', '--ca', root, '--out', list, '--force'])
    expect(code).toBe(1)
    expect(error).toContain('large.crl')
    expect(statSync(list).size).toBe(2 ** 26 + 1)
  })

  test('what a CA may not do is refused, and nothing is written', async () => {
    const { file, issuing } = await makeCas()
    const { pfx, password } = await makePfx()
    const out = file('refused.cer')
    writeFileSync(file('text'), 'hello')
    const csr = file('a.csr')
    await succeed(['cert', 'request', pfx, '--password-file', password, '--out', csr])
    const cases: readonly (readonly [readonly string[], string])[] = [
      [
        ['cert', 'issue', csr, '--cn', 'b', '--ca', issuing, '--out', out],
        'has a certificate request and no private key',
      ],
      [
        ['cert', 'issue', file('text'), '--ca', issuing, '--out', out],
        'has no certificate request; create one with sealwright cert request',
      ],
      [
        ['cert', 'issue', pfx, '--password-file', password, '--cn', 'a', '--out', out],
        'no CA to sign with; use --ca',
      ],
      [
        ['cert', 'issue', issuing, '--cn', 'a', '--ca', issuing, '--purpose', 'issuing-ca', '--out', out],
        'path',
      ],
      [
        ['crl', '--ca', issuing, '--out', out, '--revoke', file('root.cer')],
        'a CRL lists only certificates of its own CA',
      ],
      [
        ['ca', 'create', '--cn', 'x', '--out', file('x.pem'), '--no-password', '--crl-url', 'http://a'],
        '--crl-url is only for a CA below',
      ],
    ]
    for (const [args, message] of cases) {
      const { code, error } = await sealwright(args)
      expect({ code, error }).toMatchObject({ code: 1, error: expect.stringContaining(message) })
      expect(existsSync(out)).toBe(false)
    }
  })
})
