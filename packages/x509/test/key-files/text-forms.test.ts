import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { encodePem, readKeyFile, writePkcs12, type KeyFile } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'

/** A private key and its certificate in PEM. */
async function bundle(): Promise<{ key: string; certificate: string; pem: string }> {
  const { privateKey, certificate: x509 } = await identity('ec-p256')
  const key = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  const certificate = x509.toString()
  return { key, certificate, pem: key + certificate }
}

function read(text: string, encoding: BufferEncoding = 'utf8'): Promise<KeyFile> {
  return readKeyFile(Buffer.from(text, encoding), '')
}

/** One key with its certificate, and nothing else. */
const pair = { keys: [{ certificates: { length: 1 } }], skipped: [] }

/** .NET's spelling of a JWK's member. */
function inPascalCase(name: string): string {
  return /^(?:dp|dq|qi)$/.test(name) ? name.toUpperCase() : name.replace(/^./, (first) => first.toUpperCase())
}

function toNumber(base64url = ''): bigint {
  return BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`)
}

function swap16(text: string, mark: string): Buffer {
  return Buffer.from(`${mark}${text}`, 'utf16le').swap16()
}

describe('a bundle of key and certificate is read', () => {
  const forms: Readonly<Record<string, (pem: string) => string | Buffer>> = {
    'with carriage returns alone': (pem) => pem.replaceAll('\n', '\r'),
    'with \\n written out': (pem) => pem.replaceAll('\n', '\\n'),
    'with \\r\\n written out': (pem) => pem.replaceAll('\n', '\\r\\n'),
    'with \\\\n written out, as JSON in JSON has it': (pem) => pem.replaceAll('\n', '\\\\n'),
    'percent-encoded, as nginx passes it on': (pem) => encodeURIComponent(pem),
    'indented with spaces that do not break': (pem) => pem.replaceAll(/^/gm, '\u00a0'),
    'with characters without width': (pem) => pem.replaceAll('\n', '\u200b\n'),
    'with base64url inside': (pem) =>
      pem.replaceAll(/^[A-Za-z0-9+/=]+$/gm, (line) => line.replaceAll('+', '-').replaceAll('/', '_')),
    'without padding inside': (pem) => pem.replaceAll(/=+\n/g, '\n'),
    'in a data: URL': (pem) => `data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}`,
    'in quotes, as .env files have it': (pem) => `KEY="${pem.replaceAll('\n', '\\n')}"`,
    'indented, as YAML has it': (pem) => `  tls: |\n    ${pem.replaceAll('\n', '\n    ')}`,
    'indented with tabs': (pem) => pem.replaceAll(/^/gm, '\t'),
    'each block on one line': (pem) =>
      pem.replaceAll(/-----BEGIN[^]*?-----END[^\n]*/g, (block) => block.replaceAll('\n', ' ')),
    'with spaces after the boundaries': (pem) => pem.replaceAll('-----\n', '-----  \n'),
    'without a line break at the end': (pem) => pem.trimEnd(),
    'with comments in Windows-1252': (pem) => Buffer.from(`Schlüssel für Müller\n${pem}`, 'latin1'),
    'with comments in UTF-8': (pem) => `# ключ\n${pem}`,
    'after [': (pem) => `[default]\n${pem}`,
    'after {': (pem) => `{ not JSON\n${pem}`,
    'after <': (pem) => `<key>\n${pem}`,
    'after a quote': (pem) => `"a" is the key\n${pem}`,
    'with a byte order mark in the middle': (pem) => pem.replaceAll('-----BEGIN', '\ufeff-----BEGIN'),
    'with a byte order mark and comments in Latin-1': (pem) =>
      Buffer.concat([Buffer.from('\ufeff'), Buffer.from(`ü\n${pem}`, 'latin1')]),
    'in UTF-16LE with a mark': (pem) => Buffer.from(`\ufeff${pem}`, 'utf16le'),
    'in UTF-16LE without a mark': (pem) => Buffer.from(pem, 'utf16le'),
    'in UTF-16BE with a mark': (pem) => swap16(pem, '\ufeff'),
    'in UTF-16BE without a mark': (pem) => swap16(pem, ''),
    'half UTF-8, half UTF-16, as >> of PowerShell leaves it': (pem) => {
      const at = pem.indexOf('-----BEGIN CERT')
      return Buffer.concat([Buffer.from(pem.slice(0, at)), Buffer.from(`\ufeff${pem.slice(at)}`, 'utf16le')])
    },
    'in base64': (pem) => Buffer.from(pem).toString('base64'),
    'in base64 in lines': (pem) => Buffer.from(pem).toString('base64').replaceAll(/.{76}/g, '$&\n'),
    'in base64 without padding': (pem) => Buffer.from(`${pem} `).toString('base64').replace(/=+$/, ''),
    'in base64url': (pem) => Buffer.from(`${pem}~~~???`).toString('base64url'),
    'in base64 twice': (pem) => Buffer.from(Buffer.from(pem).toString('base64')).toString('base64'),
    'in base64 of UTF-16': (pem) => Buffer.from(pem, 'utf16le').toString('base64'),
    'in a JSON string': (pem) => JSON.stringify(pem),
    'in base64 in a JSON string': (pem) => `${JSON.stringify(Buffer.from(pem).toString('base64'))}\n`,
    'in base64 in single quotes': (pem) => `'${Buffer.from(pem).toString('base64')}'`,
    'with attributes in front, as OpenSSL writes them': (pem) =>
      `Bag Attributes\n    localKeyID: 01\nsubject=CN = a\n${pem}`,
    'with the headers of RFC 1421 that are comments': (pem) =>
      pem.replace('CERTIFICATE-----\n', 'CERTIFICATE-----\nX-Comment: a\nX-Other: b\n\n'),
  }
  test.each(Object.entries(forms))('%s', async (_, form) => {
    const file = form((await bundle()).pem)
    await expect(readKeyFile(Buffer.from(file), '')).resolves.toMatchObject(pair)
  })
})

describe('JSON', () => {
  const documents: Readonly<Record<string, (pem: Awaited<ReturnType<typeof bundle>>) => unknown>> = {
    'of az keyvault secret show': ({ pem }) => ({
      attributes: { enabled: true },
      contentType: 'application/x-pem-file',
      id: 'https://v.vault.azure.net/secrets/a/0123456789abcdef0123456789abcdef',
      value: pem,
    }),
    'of a Kubernetes secret': ({ key, certificate }) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      data: {
        'tls.crt': Buffer.from(certificate).toString('base64'),
        'tls.key': Buffer.from(key).toString('base64'),
      },
    }),
    'of Vault’s PKI': ({ key, certificate }) => ({
      request_id: 'a',
      data: { certificate, private_key: key, private_key_type: 'ec' },
    }),
    'of a list': ({ key, certificate }) => [[{ a: certificate }], key],
  }
  test.each(Object.entries(documents))('%s', async (_, document) => {
    await expect(read(JSON.stringify(document(await bundle()), null, 2))).resolves.toMatchObject(pair)
  })

  test('of az keyvault secret show with a PFX, and of certificate show', async () => {
    const { certificate } = await identity('ec-p256')
    const pfx = await writePkcs12({ certificates: [certificate] }, '', { iterations: 1 })
    const value = Buffer.from(pfx).toString('base64')
    await expect(read(JSON.stringify({ contentType: 'application/x-pkcs12', value }))).resolves.toMatchObject(
      {
        format: 'PKCS#12',
        certificates: { length: 1 },
      },
    )
    await expect(read(JSON.stringify(value))).resolves.toMatchObject({ format: 'PKCS#12' })
    const shown = { cer: certificate.raw.toString('base64'), kid: 'https://v.vault.azure.net/keys/a' }
    await expect(read(JSON.stringify(shown))).resolves.toMatchObject({ format: 'certificate' })
  })

  test('of a Google service account', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const account = {
      type: 'service_account',
      private_key_id: 'a'.repeat(40),
      private_key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      client_x509_cert_url: 'https://www.googleapis.com/robot/v1/metadata/x509/a%40b.iam.gserviceaccount.com',
    }
    const file = await read(JSON.stringify(account, null, 2))
    expect(file).toMatchObject({ format: 'PKCS#8', keys: { length: 1 }, skipped: [] })
  })

  test('of Key Vault’s keys in an HSM, with absent members as null', async () => {
    const jwk = createPublicKey((await identity('ec-secp256k1')).privateKey).export({ format: 'jwk' })
    const key = { ...jwk, crv: 'P-256K', kty: 'EC-HSM', d: null, keyOps: ['sign', 'verify'], k: null }
    await expect(read(JSON.stringify({ key, managed: null }))).resolves.toMatchObject({
      format: 'JWK',
      publicKeys: { length: 1 },
    })
  })

  test('of IdentityServer: tempkey.jwk, in both spellings, and tempkey.rsa with a public key alone', async () => {
    const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
    const small = { ...jwk, alg: 'RS256', kid: 'A', oth: null }
    const large = Object.fromEntries(
      Object.entries({ ...small, additionalData: {}, x5c: [], keyOps: [] }).map(([name, value]) => [
        inPascalCase(name),
        value,
      ]),
    )
    for (const each of [small, large]) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(read(JSON.stringify(each))).resolves.toMatchObject({ format: 'JWK', keys: { length: 1 } })
    }
    const parameters = {
      D: null,
      Modulus: Buffer.from(jwk.n ?? '', 'base64url').toString('base64'),
      Exponent: 'AQAB',
    }
    await expect(read(JSON.stringify({ KeyId: 'a', Parameters: parameters }))).resolves.toMatchObject({
      publicKeys: { length: 1 },
    })
  })

  test.each(['null', '1', '{"a":"b"}', '[{"a":1}]', '"a"', '{"private_key":"-----BEGIN X-----"}'])(
    '%s is refused',
    async (text) => {
      await expect(read(text)).rejects.toThrow(expect.objectContaining({ code: 'INVALID_ENCODING' }))
    },
  )

  test('a bad string does not spoil the good ones', async () => {
    const { certificate } = await bundle()
    const bad = encodePem('CERTIFICATE', Uint8Array.of(0x30, 3, 2, 1, 0))
    const file = await read(JSON.stringify({ bad, certificate }))
    expect(file).toMatchObject({ format: 'JSON', certificates: { length: 1 }, skipped: { length: 1 } })
  })
})

describe('RSA keys without all their numbers', () => {
  test.each([1024, 2048, 3072, 4096])('%d bits, from n, e and d', async (modulusLength) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
    const { kty, n, e, d } = privateKey.export({ format: 'jwk' })
    const { keys, remarks } = await read(JSON.stringify({ kty, n, e, d }))
    const [key] = keys
    expect(key?.privateKey.export({ format: 'jwk' })).toMatchObject({ n, e, d })
    expect(remarks).toEqual([expect.stringContaining('p, q, dp, dq, qi are missing')])
  })

  test('from the primes; from the exponent modulo lambda, and modulo phi', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { kty, n, e, d, p, q } = privateKey.export({ format: 'jwk' })
    const { keys } = await read(JSON.stringify({ kty, n, e, d, p, q }))
    expect(keys[0]?.privateKey.equals(privateKey)).toBe(true)
    const phi = (toNumber(p) - 1n) * (toNumber(q) - 1n)
    let [r0, r1, s0, s1] = [phi, toNumber(e), 0n, 1n]
    while (r1 !== 0n) [r0, r1, s0, s1] = [r1, r0 % r1, s1, s0 - (r0 / r1) * s1]
    const hex = (((s0 % phi) + phi) % phi).toString(16)
    const other = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
    await expect(read(JSON.stringify({ kty, n, e, d: other }))).resolves.toMatchObject({
      keys: { length: 1 },
    })
  })

  test('numbers of no key are refused, and the message names what is missing', async () => {
    const [one, two] = [2048, 2048].map((modulusLength) =>
      generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }),
    )
    for (const d of [two?.d, 'AQ', 'AQAB', '']) {
      // oxlint-disable-next-line no-await-in-loop
      await expect(read(JSON.stringify({ kty: 'RSA', n: one?.n, e: 'AQAB', d }))).rejects.toThrow(
        /lacks p, q, dp, dq, qi \(RFC 7518 §6\.3\.2\)/,
      )
    }
  })
})

test('XML: RSAKeyValue with and without private numbers, and certificates of metadata', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk: Record<string, unknown> = { ...privateKey.export({ format: 'jwk' }) }
  const element = (name: string, member: string): string =>
    `<${name}>${Buffer.from(String(jwk[member]), 'base64url').toString('base64')}</${name}>`
  const publicPart = element('Modulus', 'n') + element('Exponent', 'e')
  const members = [
    ['P', 'p'],
    ['Q', 'q'],
    ['DP', 'dp'],
    ['DQ', 'dq'],
    ['InverseQ', 'qi'],
    ['D', 'd'],
  ] as const
  const privatePart = members.map(([name, member]) => element(name, member)).join('\n')
  const key = await read(`<?xml version="1.0"?>\n<RSAKeyValue>\n${publicPart}${privatePart}</RSAKeyValue>`)
  expect(key.keys[0]?.privateKey.equals(privateKey)).toBe(true)
  const withPrefix = publicPart.replaceAll(/<(\/?)/g, '<$1ds:')
  await expect(read(`<ds:RSAKeyValue xmlns:ds="a">${withPrefix}</ds:RSAKeyValue>`)).resolves.toMatchObject({
    format: 'RSAKeyValue',
    publicKeys: { length: 1 },
  })
  const { certificate } = await identity('ec-p256')
  const base64 = certificate.raw.toString('base64').replaceAll(/.{64}/g, '$&\n')
  const metadata = `<EntityDescriptor><ds:X509Certificate>${base64}</ds:X509Certificate><X509Certificate>\n${base64}</X509Certificate><X509Certificate>AAAA</X509Certificate></EntityDescriptor>`
  await expect(read(metadata)).resolves.toMatchObject({
    format: 'XML',
    certificates: { length: 2 },
    skipped: { length: 1 },
  })
  await expect(read('<html></html>')).rejects.toThrow(/without an RSAKeyValue/)
})

describe('what is not read names the remedy', () => {
  test.each([
    ['a public key of OpenSSH', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA a@b', /ssh-keygen -e -m PKCS8/],
    ['SSH2', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n', /ssh-keygen -i/],
    ['YAML', 'apiVersion: v1\nkind: Secret\ndata:\n  tls.crt: LS0t\n', /kubectl get secret NAME -o json/],
    ['four hyphens', '----BEGIN CERTIFICATE----\nMIIB\n----END CERTIFICATE----\n', /five hyphens/],
    ['dashes', '—–BEGIN PRIVATE KEY—–\nMIIB\n—–END PRIVATE KEY—–\n', /five hyphens/],
    [
      'OpenPGP',
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n=aaaa\n-----END PGP PRIVATE KEY BLOCK-----',
      /PGP/,
    ],
    ['CNG', 'ECS2 \0\0\0aaaaaaaaaaaaaaaaaaaaaaaaa', /CngKey/],
    ['no END', '-----BEGIN CERTIFICATE-----\nMIIB\n', /has no END/],
    ['no BEGIN', 'x\n-----END CERTIFICATE-----\n-----BEGIN A-----', /has no BEGIN/],
    ['another END', '-----BEGIN A-----\nMIIB\n-----END B-----\n', /at line 3 ends where A should end/],
    ['no base64', '-----BEGIN A-----\nMI!B\n-----END A-----\n', /A at line 1 is not base64/],
  ])('%s', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(
      expect.objectContaining({ name: 'SealwrightError', message: expect.stringMatching(message) }),
    )
  })
})

test('a broken block does not spoil the others', async () => {
  const { pem, certificate } = await bundle()
  const broken = certificate.replace(/\n-----END/, '\n!-----END')
  const unfinished = certificate.replace(/-----END[^]*/, '')
  for (const each of [broken, unfinished, encodePem('CERTIFICATE', Buffer.alloc(40, 0x30))]) {
    // oxlint-disable-next-line no-await-in-loop
    const file = await read(`${each}\n${pem}`)
    expect(file).toMatchObject({ format: 'PEM', keys: { length: 1 }, certificates: { length: 1 } })
    expect(file.skipped).toMatchObject([{ what: 'the PEM block CERTIFICATE' }])
  }
})

describe('numbers of an RSA key that do not belong together', () => {
  const {
    n = '',
    e = '',
    d = '',
  } = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    format: 'jwk',
  })

  test.each([
    ['the factor 1', { p: n, q: 'AQ' }],
    ['the factor 1 first', { p: 'AQ', q: n }],
    ['the factor 0', { p: n, q: 'AA' }],
    ['factors of another number', { p: 'Aw', q: 'BQ' }],
  ])('such as %s, cost a set no other key', async (_, factors) => {
    // With n and d of its own a key can be computed, whatever the factors; with another d it cannot.
    const bad = { kty: 'RSA', n, e, d: `${d.slice(0, -4)}AAAA`, ...factors }
    const good = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
    await expect(read(JSON.stringify(bad))).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
    await expect(read(JSON.stringify({ keys: [bad, good] }))).resolves.toMatchObject({
      keys: { length: 1 },
      skipped: { length: 1 },
    })
  })
})

test.each(['"d": "SECRET', '"d": SECRET', "'d': 'SECRET'", '"d": "x" SECRET'])(
  'the error of JSON that does not parse quotes nothing of it: {%s}',
  async (member) => {
    const text = `{"kty": "OKP", ${member.replace('SECRET', 'correct-horse')}}`
    const error: unknown = await read(text).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'INVALID_ENCODING',
      message: 'the file looks like JSON but does not parse',
    })
    expect(inspect(error, { depth: 8, showHidden: true })).not.toMatch(/correct|horse/)
  },
)
