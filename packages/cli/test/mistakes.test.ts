import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { beforeAll, describe, expect, test } from 'vitest'
import { lockedFolder, writePfx } from './support/pfx.ts'
import { sealwright, succeed } from './support/sealwright.ts'

/**
 * Mistakes that people make. A message is one line. It says what failed, on which file or option, why, and what to do; and it never
 * has a secret in it.
 */

const folder = scratchFolderForFile()
const at = (name: string): string => join(folder(), name)

beforeAll(async () => {
  await writePfx(at('a.pfx'))
  writeFileSync(at('pw'), 'correct-horse\n')
  const from = [at('a.pfx'), '--password-file', at('pw')]
  await succeed(['cert', 'convert', ...from, '--out', at('a.key'), '--cer', at('a.cer'), '--no-out-password'])
  await succeed([
    'cert',
    'create',
    '--cn',
    'b',
    '--key-type',
    'ec-p256',
    '--out',
    at('b.pem'),
    '--no-password',
  ])
  await succeed([
    'cert',
    'create',
    '--cn',
    'old',
    '--key-type',
    'ec-p256',
    '--to',
    `store:${at('keys')}?name=old`,
  ])
  await succeed([
    'ca',
    'create',
    '--cn',
    'ca',
    '--key-type',
    'ec-p256',
    '--out',
    at('ca.pem'),
    '--no-password',
  ])
  writeFileSync(at('half.pfx'), readFileSync(at('a.pfx')).subarray(0, 300))
  writeFileSync(at('text'), 'hello, correct-horse')
  writeFileSync(at('two-lines'), 'correct-horse\ncorrect-horse\n')
  writeFileSync(at('empty'), '')
  mkdirSync(at('there'))
  mkdirSync(at('tls'))
  for (const name of ['tls.key', 'tls.crt']) copyFileSync(at('b.pem'), at(`tls/${name}`))
  await lockedFolder(at('locked'))
  await succeed(['crl', '--ca', at('ca.pem'), '--revoke', '01', '--out', at('list.crl')])
  symlinkSync(at('b.pem'), at('link.pem'))
  symlinkSync(at('nowhere.pfx'), at('dangling.pfx'))
})

/** The names of all files, and the contents of those in the folder itself. */
function filesThere(): readonly string[] {
  return readdirSync(folder(), { withFileTypes: true, recursive: true }).map((entry) =>
    entry.isFile() && entry.parentPath === folder()
      ? `${entry.name} ${readFileSync(at(entry.name), 'base64')}`
      : entry.name,
  )
}

interface Mistake {
  /** `@NAME` is a file of the folder. */
  readonly args: string
  readonly input?: string
  /** Default 1. */
  readonly code?: number
  /** Parts of the message. */
  readonly says: readonly string[]
}

const create = 'cert create --cn a --key-type ec-p256 --no-password --out @new.pfx'
const vault = 'https://contoso.vault.azure.net'
const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'
const opened = ['--password-file FILE or --password-env NAME']

const mistakes: Readonly<Record<string, readonly Mistake[]>> = {
  'the password': [
    { args: 'inspect @a.pfx --password-file -', input: 'wrong', says: ['a.pfx: the password does not open'] },
    { args: 'inspect @a.pfx', says: ['pass the password with --password-file FILE or --password-env NAME'] },
    {
      args: 'inspect @a.pfx --password correct-horse',
      code: 2,
      says: ['--password is not an option', '--password-file FILE'],
    },
    {
      args: 'inspect @a.pfx -p correct-horse',
      code: 2,
      says: ['-p is not an option', '--password-file FILE'],
    },
    { args: 'inspect @a.pfx --password-file no-such-file', says: ['no such file or folder'] },
    { args: 'inspect @a.pfx --password-file @two-lines', says: ['two-lines has more than one line'] },
    {
      args: 'inspect @a.pfx --password-env NOT_SET',
      says: ['--password-env: NOT_SET is not set; export it'],
    },
    {
      args: 'inspect @a.pfx --password-env correct-horse',
      says: ['--password-env: that environment variable is not set'],
    },
    { args: 'inspect @a.pfx --password-file @pw --password-env X', code: 2, says: ['cannot be used with'] },
    // Each of these would leave one of the two out without a word.
    { args: `${create} --password-file @pw`, code: 2, says: ["'--no-password'"] },
    { args: `${create} --password-env X`, code: 2, says: ["'--no-password'"] },
    {
      args: 'cert convert @b.pem --out @new.pfx --out-password-file @pw --no-out-password',
      code: 2,
      says: ["'--no-out-password'"],
    },
    {
      args: 'crl --ca @ca.pem --ca-password-file @pw --ca-password-env X --out @new.crl',
      code: 2,
      says: ['cannot be used with'],
    },
    {
      args: 'doctor --issuer https://a.example --client-id a --client-secret-file @pw --client-secret-env X',
      code: 2,
      says: ['cannot be used with'],
    },
    { args: 'cert list store:@locked', says: opened },
    { args: 'cert renew store:@locked?name=auth', says: opened },
    { args: 'cert delete store:@locked?name=auth --yes', says: opened },
    { args: 'rotate store:@locked?name=auth', says: opened },
    { args: 'revoke abc --key store:@locked?name=auth --yes', says: opened },
    {
      args: 'jwks --issuer https://a.example --key store:@locked?name=auth --out @new',
      says: opened,
    },
    {
      args: 'crl --ca @ca.pem --revoke @a.pfx --out @new.crl',
      says: ['a.pfx has a password; write its certificate to a file without one: sealwright cert convert'],
    },
    {
      args: 'inspect - --password-file -',
      input: 'x',
      says: ['two options read standard input; put one of them into a file'],
    },
    {
      args: 'cert create --cn a --out @new.pfx',
      says: ['the PFX needs a password: pass --password-file FILE'],
    },
    {
      args: 'cert create --cn a --out @new.pfx --password-file @empty',
      says: ['the password is empty', '--no-password'],
    },
  ],
  'the command': [
    {
      args: 'certs create',
      code: 2,
      says: ["unknown command 'certs'", 'Did you mean cert?', 'sealwright --help'],
    },
    { args: 'cert make', code: 2, says: ["unknown command 'make'", 'sealwright cert --help'] },
    { args: 'inspect', code: 2, says: ["missing required argument 'source'", 'sealwright inspect --help'] },
    { args: 'inspect @a.cer @b.pem', code: 2, says: ['too many arguments', 'sealwright inspect --help'] },
    { args: 'inspect @a.cer --jsn', code: 2, says: ["unknown option '--jsn'", 'Did you mean --json?'] },
    { args: `${create} --key-typ rsa-2048`, code: 2, says: ['Did you mean --key-type?'] },
    { args: 'cert create --cn a --out', code: 2, says: ["option '--out <file>' argument missing"] },
    { args: 'cert import @a.pfx', code: 2, says: ["required option '--to <store>' not specified"] },
  ],
  'what a certificate says': [
    { args: `${create} --key-type dsa`, code: 2, says: ['--key-type', 'Allowed choices are rsa-2048'] },
    {
      args: `${create} --validity-days 0`,
      code: 2,
      says: ['--validity-days', 'a whole number of days from 1'],
    },
    {
      args: `${create} --not-before 31/01/2026`,
      code: 2,
      says: ['--not-before', 'a day such as 2026-01-31'],
    },
    {
      args: `${create} --not-before 2026-02-30`,
      code: 2,
      says: ['--not-before', 'a day such as 2026-01-31'],
    },
    {
      args: `${create} --not-before 2026-01-31 --not-after 2026-01-30`,
      says: ['notAfter', 'is not later than notBefore'],
    },
    { args: `${create} --not-after 2027-01-01 --validity-days 3`, code: 2, says: ['cannot be used with'] },
    { args: `${create} --serial xyz`, code: 2, says: ['--serial', 'hexadecimal, such as 01'] },
    { args: `${create} --ip 300.1.1.1`, says: ['ip'] },
    { args: `${create} --dns https://a.example`, says: ['dns'] },
    { args: `${create} --email alice`, says: ['email'] },
    { args: `${create} --uri auth.example.com`, says: ['uri'] },
    {
      args: `${create} --key-usage signing`,
      says: ['keyUsage has an unknown value; the values are digitalSignature'],
    },
    {
      args: `${create} --key-usage keyEncipherment`,
      says: ['cannot have the key usage keyEncipherment; it can have'],
    },
    { args: `${create} --eku tls`, says: ['extendedKeyUsage has an unknown value; use serverAuth'] },
    {
      args: 'cert create --subject my-app --no-password --out @new.pfx',
      says: ['--subject: ', 'write CN=my-app-auth,O=Contoso'],
    },
    {
      args: 'cert create --no-password --out @new.pfx',
      says: ['the certificate needs a name: --cn my-app-auth'],
    },
    { args: 'cert create --cn a --subject CN=a --out @new.pfx', code: 2, says: ['cannot be used with'] },
  ],
  'where it goes': [
    { args: 'cert create --cn a', says: ['no destination; use --out FILE.pfx or --to STORE'] },
    {
      args: 'cert create --cn a --no-password --out @new',
      says: ['unknown extension; use .pfx'],
    },
    {
      args: 'cert create --cn a --no-password --out @a.pfx',
      says: ['a.pfx already exists', '--force replaces it'],
    },
    { args: 'cert create --cn a --no-password --out @no/new.pfx', says: ['no: no such file or folder'] },
    {
      args: 'cert create --cn a --no-password --out @there --format pfx --force',
      says: ['there is not a file'],
    },
    {
      args: 'cert create --cn a --no-password --out @new.cer',
      says: ['would contain the certificate but not its new key', '--cer'],
    },
    {
      args: 'cert create --cn a --no-password --out @new.jwk --cer - --json',
      says: ['both write to standard output'],
    },
    ...[
      'cert create --cn a --no-password --out @new.key',
      'ca create --cn a --no-password --out @new.jwk',
      'cert renew @b.pem --no-out-password --out @new.key',
    ].map((args) => ({ args, says: ['would contain the key but not its new certificate', '--cer'] })),
    // Each of these would leave no copy of the private key.
    ...[
      'cert create --cn a --key @b.pem --out @b.pem',
      'cert create --cn a --key @link.pem --out @b.pem',
      'cert create --cn a --key file:@b.pem --out @b.pem',
      'ca create --cn a --key @b.pem --out @b.pem',
      'cert convert @b.pem --cer @b.pem',
      'cert renew @b.pem --cer @b.pem',
      'cert request @b.pem --out @b.pem',
      'cert issue @b.pem --cn a --ca @ca.pem --out @b.pem',
      'cert request file:@tls --out @tls/tls.key',
    ].map((args) => ({
      args: `${args} --force`,
      says: ['was not replaced: its private key is not in the new file'],
    })),
    ...[
      'cert issue @b.pem --cn a --ca @ca.pem --out @ca.pem',
      'cert renew @b.pem --ca @ca.pem --no-out-password --out @ca.pem',
      'ca create --cn a --ca @ca.pem --no-password --out @ca.pem',
      'crl --ca @ca.pem --out @ca.pem',
    ].map((args) => ({ args: `${args} --force`, says: ['ca.pem was not replaced: its private key'] })),
    {
      args: 'crl --ca @ca.pem --out @list.crl --force',
      says: ['a first list would drop its entries; pass --previous'],
    },
    {
      args: 'cert request @b.pem --out - --json',
      says: ['--json and - both write to standard output'],
    },
    { args: 'crl --ca @ca.pem --out - --json', says: ['--json and - both write to standard output'] },
    {
      args: 'cert create --cn a --no-password --out @dangling.pfx --force',
      says: ['dangling.pfx: no such file'],
    },
    {
      args: 'cert convert @b.pem --no-out-password --out @link.pem --cer @b.pem --force',
      says: ['two options name the same output file'],
    },
    { args: 'cert delete @link.pem --yes', says: ['is a symbolic link, and the file would stay: delete'] },
    { args: 'cert delete - --yes', says: ['standard input cannot be deleted'] },
    { args: 'cert list store:@keys?thumbprint=AB', says: ['sealwright cert show'] },
    { args: 'cert import @b.pem --to file:keys', says: ['this is not a store: name store:my'] },
    {
      args: `cert import @b.pem --to ${vault}/certificates/my_app`,
      says: ['the name is not valid in Key Vault', 'letters, digits and hyphens'],
    },
    { args: `cert import @b.pem --to ${vault}/secrets/my-app`, says: ['use /certificates/NAME'] },
    {
      args: 'cert import @b.pem --to store:appservice --name b',
      says: ['is read-only; nothing can be added'],
    },
    {
      args: `${create.replace('--out @new.pfx', '')} --to store:my?thumbprint=AB`,
      says: ['the new key needs a name: --to store:FOLDER?name=NAME'],
    },
  ],
  'the file': [
    { args: 'inspect @absent.pfx', says: ['absent.pfx: no such file or folder'] },
    {
      args: 'inspect @text',
      says: ['text: the file is not a file of keys or certificates in a known format'],
    },
    { args: 'inspect @empty', says: ['empty'] },
    { args: 'inspect @there', says: ['there is a folder'] },
    { args: 'inspect @half.pfx --password-file @pw', says: ['half.pfx'] },
    {
      args: 'cert import @a.cer --to store:my',
      says: ['a.cer has a certificate and no private key; use the file of the key'],
    },
    {
      args: 'cert import @a.key --to store:my --name a',
      says: ['a.key has no certificate; pass it with --certificate FILE'],
    },
    {
      args: 'cert convert @a.key --certificate @b.pem --out @new.pfx --no-out-password',
      says: ['no certificate in', 'belongs to the private key'],
    },
    { args: 'cert convert @a.key --out @new.pfx --no-out-password', says: ['certificate'] },
    {
      args: 'cert convert @a.cer --out @new.key --no-out-password',
      says: ['there is no private key to write; use a .cer'],
    },
    {
      args: 'cert issue @a.cer --ca @ca.pem --out @new.cer',
      says: ['has no certificate request; create one with sealwright cert request'],
    },
    {
      args: 'cert issue @a.key --cn a --ca @b.pem --out @new.cer',
      says: ['b.pem is not a CA', 'create one with sealwright ca create'],
    },
    {
      args: 'inspect @a.pfx --password-file @pw --limit iterations=1',
      says: ['a.pfx', '--limit iterations=NUMBER of sealwright inspect raises the limit'],
    },
    { args: 'inspect @a.pfx --limit size=3', says: ['is not a limit; write NAME=NUMBER with one of bytes'] },
  ],
  'the signing URI': [
    {
      args: 'cert show store:my',
      says: ['the store: signing URI has no parameters; it takes exactly one of thumbprint'],
    },
    { args: 'cert show store:my?thumb=AB', says: ['unknown parameter; it takes exactly one of thumbprint'] },
    { args: 'cert show store:@keys?name=new', says: ['new', 'old'] },
    { args: 'cert show file://server/a.pfx', says: ['has a host after //; use file:./relative.pfx'] },
    { args: 'cert show file:@absent.pfx', says: ['absent.pfx: no such file or folder'] },
    {
      args: 'cert show https://contoso.example/certificates/a',
      says: ['has an unknown form; use file:PATH', vault.replace('contoso', 'NAME')],
    },
    { args: 'cert show http://contoso.vault.azure.net/certificates/a', says: ['is not https'] },
    { args: `cert show ${vault}/certificates/a/latest`, says: ['which is not a version'] },
    {
      args: 'rotate file:a.pfx',
      says: ['this signing URI is for one key without versions', 'use its folder'],
    },
    { args: 'cert delete store:@keys', says: ['this is a store without a key; add ?name=NAME'] },
    { args: 'cert delete store:@keys?name=old', says: ['this needs confirmation', 'pass --yes'] },
    {
      args: 'revoke abc --key store:@keys?name=old --yes',
      says: ['no key there has that kid; the kids are'],
    },
  ],
  'the token': [
    { args: `inspect ${token}`, says: ['other users can read a token on the command line'] },
    {
      args: `token verify ${token} --jwks @text`,
      says: ['other users can read a token on the command line'],
    },
    {
      args: `token verify ${token}.YWJj.YWJj --jwks @text`,
      says: ['other users can read a token on the command line'],
    },
    { args: 'doctor --issuer https://a.example --token @empty', says: ['there is no token in'] },
    {
      args: 'token verify --key @b.pem --leeway 0',
      input: token,
      code: 3,
      says: ['its signature is wrong'],
    },
    { args: 'token verify', input: token, says: ['no keys to verify with; use --issuer URL'] },
    { args: 'token verify --jwks @text', input: token, says: ['text is not JSON; a JWK Set is'] },
    { args: 'token verify --jwks ftp.example', input: token, says: ['ftp.example: no such file or folder'] },
    {
      args: 'token verify --issuer auth.example.com',
      input: token,
      says: ['is not a URL; it begins with https://'],
    },
    { args: 'token verify --issuer http://auth.example.com', input: token, says: ['use https'] },
    { args: 'token verify --key @b.pem --certificate @a.cer', input: token, says: ['use only one of'] },
    { args: 'token verify --key @b.pem', input: '', says: ['there is no token in standard input'] },
    {
      args: 'token verify --key @b.pem',
      input: 'correct-horse',
      code: 3,
      says: ['it is not a JWT in compact form'],
    },
    { args: 'token verify --key @b.pem', input: token, code: 3, says: ['its signature is wrong'] },
    {
      args: 'token sign @a.cer --issuer https://auth.example.com',
      says: ['a certificate and no private key'],
    },
    {
      args: 'doctor --issuer https://a.example --client-id shop',
      says: ['the client needs its secret: pass --client-secret-file FILE or --client-secret-env NAME'],
    },
    {
      args: 'doctor --issuer https://a.example --client-secret correct-horse',
      code: 2,
      says: ['--client-secret is not an option', '--client-secret-file FILE'],
    },
    {
      args: 'doctor --issuer a.example',
      code: 2,
      says: ['--issuer', 'It must be a URL that begins with https://'],
    },
    { args: 'token sign @b.pem', code: 2, says: ["required option '--issuer <url>' not specified"] },
    { args: 'token sign @b.pem --issuer https://a.example --algorithm RS256', says: ['RS256', 'ES256'] },
    {
      args: 'token sign @b.pem --issuer https://a.example --claim scope',
      code: 2,
      says: ['NAME=VALUE, such as scope=read'],
    },
  ],
}

describe.each(Object.entries(mistakes))('%s', (_, rows) => {
  test.each(rows)('$args', async ({ args, input = '', code = 1, says }) => {
    const before = filesThere()
    const words = args
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => word.replaceAll('@', `${folder()}/`))
    const outcome = await sealwright(words, { input })
    expect(outcome.code).toBe(code)
    expect(outcome.out).toMatch(args.endsWith('--json') ? /"ok": false/ : /^$/)
    for (const part of says) expect(outcome.error).toContain(part)
    expect(outcome.error.trimEnd().split('\n')).toHaveLength(1)
    expect(outcome.error).not.toMatch(/undefined|\[object|    at /)
    expect(outcome.error).not.toContain('correct-horse')
    expect(outcome.error).not.toContain(token)
    expect(filesThere()).toEqual(before)
  })
})

test('there are sixty of them', () => {
  expect(Object.values(mistakes).flat().length).toBeGreaterThanOrEqual(60)
})

test.skipIf(lacksModes)(
  'a key that other users can read is refused in a store [needs POSIX modes]',
  async () => {
    chmodSync(at('keys/old.pfx'), 0o644)
    const { code, error } = await sealwright(['cert', 'show', `store:${at('keys')}?name=old`])
    expect(code).toBe(1)
    expect(error).toContain(
      `old.pfx has mode 644, so other users can access the private key; run: chmod 600 ${at('keys/old.pfx')}`,
    )
  },
)
