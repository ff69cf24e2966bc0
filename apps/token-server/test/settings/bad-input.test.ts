import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:net'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isSealwrightError } from '@sealwright/core'
import { createLogger } from '../../src/logging/logger.ts'
import { openRing } from '../../src/startup/open-ring.ts'
import { checkPorts } from '../../src/listening/check-port.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { client, settingsFile } from '../support/server.ts'

/** All of main.ts that can fail before the server listens. The message of what it ends with. */
async function failToStart(env: Readonly<Record<string, string>>): Promise<string> {
  try {
    const settings = loadSettings(env)
    await checkPorts(settings)
    const { ring } = await openRing(settings, createLogger('silent'))
    ring.close()
  } catch (error) {
    if (isSealwrightError(error)) return error.message
    throw error
  }
  throw new Error('it started')
}

interface Refusal {
  readonly message: string
  /** The files that are there afterwards and were not before. */
  readonly written: readonly string[]
  readonly quotesSecret: boolean
}

/** Starts with those settings, FOLDER in them being a folder of the test's own. */
async function attempt(settings: {
  readonly env?: Readonly<Record<string, string>>
  readonly file?: string | Buffer
}): Promise<Refusal> {
  const folder = scratchFolder()
  mkdirSync(join(folder, 'home'))
  writeFileSync(join(folder, 'settings.json'), settings.file ?? JSON.stringify(settingsFile()))
  writeFileSync(join(folder, 'password.txt'), 'a password\n')
  writeFileSync(join(folder, 'empty.txt'), '\n')
  writeFileSync(join(folder, 'long.txt'), 'x'.repeat(2000))
  const before = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const env: Record<string, string> = {
    PORT: '0',
    TOKEN_SERVER_SETTINGS: join(folder, 'settings.json'),
    DATA_DIR: join(folder, 'data'),
  }
  for (const [name, value] of Object.entries(settings.env ?? {}))
    env[name] = value.replaceAll('FOLDER', folder)
  const message = await failToStart(env)
  const after = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return {
    message,
    written: after.filter((name) => !before.includes(name)),
    quotesSecret: message.includes('hunter2'),
  }
}

const refusal = (says: RegExp): unknown => ({
  message: expect.stringMatching(says) as unknown,
  written: [],
  quotesSecret: false,
})

const withFile = (changes: Readonly<Record<string, unknown>>): string => JSON.stringify(settingsFile(changes))
const withClient = (changes: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(settingsFile({ clients: [client(changes)] }))
const withKey = (jwk: unknown): string => withClient({ jwks: { keys: [jwk] } })

describe('an environment that is refused', () => {
  const vault = 'https://myvault.vault.azure.net/certificates/token-signing'

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a port that is no number', { PORT: 'http' }, /^PORT: must be a whole number from 0 to 65535$/],
    ['a port too high', { PORT: '65536' }, /^PORT: must be a whole number from 0 to 65535$/],
    ['a negative port', { PORT: '-1' }, /^PORT: must be a whole number from 0 to 65535$/],
    ['a port with a fraction', { PORT: '80.5' }, /^PORT: must be a whole number from 0 to 65535$/],
    ['an empty port', { PORT: '' }, /PORT is empty/],
    [
      'a host that cannot be',
      { HOST: '192.0.2.1' },
      /cannot listen on 192\.0\.2\.1 port 0, see HOST and PORT/,
    ],
    ...[
      {},
      { HOST: '0.0.0.0' },
      { HOST: '127.0.0.1' },
      { METRICS_HOST: '::' },
      { HOST: 'id.example', METRICS_HOST: 'id.example' },
    ].map((hosts): [string, Readonly<Record<string, string>>, RegExp] => [
      `one port for the server and its metrics, with ${JSON.stringify(hosts)}`,
      { ...hosts, PORT: '5001', METRICS_PORT: '5001' },
      /^METRICS_PORT: must be another port than PORT$/,
    ]),
    ['an unknown log level', { LOG_LEVEL: 'verbose' }, /^LOG_LEVEL: must be one of fatal, error/],
    ['an issuer that is no URL', { ISSUER: 'id.example' }, /^ISSUER: must be a URL/],
    ['an issuer of another scheme', { ISSUER: 'ftp://id.example' }, /^ISSUER: must be a URL/],
    ['an issuer with a query', { ISSUER: 'https://id.example?x' }, /^ISSUER: must have no query/],
    [
      'an issuer with a fragment',
      { ISSUER: 'https://id.example#x' },
      /^ISSUER: must have no query and no fragment/,
    ],
    [
      'an issuer with a wildcard in its path',
      { ISSUER: 'https://id.example/:tenant' },
      /^ISSUER: may have letters/,
    ],
    [
      'an issuer with a slash at the end',
      { ISSUER: 'https://id.example/' },
      /^ISSUER: must not end with a slash/,
    ],
    [
      'an issuer in capitals',
      { ISSUER: 'https://ID.example' },
      /^ISSUER: must be written as https:\/\/id\.example/,
    ],
    [
      'an issuer below /health',
      { ISSUER: 'https://id.example/health/live' },
      /^ISSUER: must not have a path that begins with \/health/,
    ],
    [
      'an issuer below /.well-known',
      { ISSUER: 'https://id.example/.well-known' },
      /^ISSUER: must not have a path that begins/,
    ],
    [
      'an issuer with a password',
      { ISSUER: 'https://a:hunter2@id.example' },
      /^ISSUER: must not hold a user name/,
    ],
    [
      'a settings file that is not there',
      { TOKEN_SERVER_SETTINGS: '/nowhere/x.json' },
      /settings file cannot be read: ENOENT.*\/nowhere\/x\.json/,
    ],
    [
      'a folder for a settings file',
      { TOKEN_SERVER_SETTINGS: 'FOLDER/home' },
      /the settings file cannot be read: EISDIR/,
    ],
    ['an empty signing key', { SIGNING_KEY: '' }, /SIGNING_KEY is empty; set a value or remove it/],
    [
      'a signing key that is no URI',
      { SIGNING_KEY: 'my-key.pfx' },
      /no backend opens the signing key without a scheme; for a file write file: before its path;/,
    ],
    ['a vault over http', { SIGNING_KEY: vault.replace('https', 'http') }, /is not https/],
    ['a secret in a vault', { SIGNING_KEY: vault.replace('certificates', 'secrets') }, /is a secret/],
    [
      'another host than a vault',
      { SIGNING_KEY: 'https://id.example/certificates/c' },
      /no backend opens the signing key/,
    ],
    ['a PFX that is not there', { SIGNING_KEY: 'file:FOLDER/none.pfx' }, /there is no file .*none\.pfx/],
    ['a file URI with a host', { SIGNING_KEY: 'file://server/none.pfx' }, /has a host/],
    ['a thumbprint that is not there', { SIGNING_KEY: 'store:my?thumbprint=AB' }, /thumbprint/],
    [
      'App Service’s thumbprint without its other setting',
      { APP_SigningCertificateThumbprint: '0'.repeat(40) },
      /App Service provides certificates only if WEBSITE_LOAD_CERTIFICATES is \* or lists their thumbprints/,
    ],
    ['a store without a query', { SIGNING_KEY: 'store:FOLDER/data' }, /takes exactly one of thumbprint/],
    [
      'a name that is not there',
      { SIGNING_KEY: 'store:FOLDER/data?name=x' },
      /^there is no signing key x in .*data, and no source creates one$/,
    ],
    [
      'an unknown algorithm',
      { SIGNING_ALGORITHM: 'HS256' },
      /SIGNING_ALGORITHM: unknown signature algorithm; use one of RS256, /,
    ],
    [
      'an unknown key type',
      { SIGNING_KEY_TYPE: 'rsa-1024' },
      /SIGNING_KEY_TYPE: unknown key type; use one of rsa-2048, /,
    ],
    [
      'a type that cannot do the algorithm',
      { SIGNING_KEY_TYPE: 'ec-p256', SIGNING_ALGORITHM: 'RS256' },
      /^SIGNING_KEY_TYPE ec-p256 cannot sign with SIGNING_ALGORITHM RS256/,
    ],
    [
      'a type for a key that exists',
      { SIGNING_KEY: 'file:x.pfx', SIGNING_KEY_TYPE: 'ec-p256' },
      /SIGNING_KEY_TYPE is only for keys that this server may create/,
    ],
    [
      'two passwords',
      { SIGNING_KEY_PASSWORD: 'hunter2', SIGNING_KEY_PASSWORD_FILE: 'FOLDER/password.txt' },
      /SIGNING_KEY_PASSWORD and SIGNING_KEY_PASSWORD_FILE are both set/,
    ],
    [
      'a password file that is not there',
      { SIGNING_KEY_PASSWORD_FILE: 'FOLDER/none' },
      /SIGNING_KEY_PASSWORD_FILE cannot be read: ENOENT/,
    ],
    [
      'an empty password file',
      { SIGNING_KEY_PASSWORD_FILE: 'FOLDER/empty.txt' },
      /SIGNING_KEY_PASSWORD_FILE .*empty\.txt is empty/,
    ],
    [
      'something else for a password file',
      { SIGNING_KEY_PASSWORD_FILE: 'FOLDER/long.txt' },
      /larger than 1024 bytes/,
    ],
    ['an endless password file', { SIGNING_KEY_PASSWORD_FILE: '/dev/zero' }, /larger than 1024 bytes/],
    ...['store:my?thumbprint=AB', 'STORE:AppService?subject=x', vault].flatMap(
      (SIGNING_KEY): [string, Readonly<Record<string, string>>, RegExp][] => [
        [
          `a password for ${SIGNING_KEY}`,
          { SIGNING_KEY, SIGNING_KEY_PASSWORD: 'hunter2' },
          /SIGNING_KEY_PASSWORD is set, but the key of SIGNING_KEY has no password/,
        ],
        [
          `a password file for ${SIGNING_KEY}`,
          { SIGNING_KEY, SIGNING_KEY_PASSWORD_FILE: 'FOLDER/password.txt' },
          /remove SIGNING_KEY_PASSWORD_FILE/,
        ],
      ],
    ),
    [
      'a password for IdentityServer:Key of Type Store',
      {
        IdentityServer__Key__Type: 'Store',
        IdentityServer__Key__Name: 'CN=x',
        SIGNING_KEY_PASSWORD: 'hunter2',
      },
      /the key of IdentityServer__Key__Type has no password/,
    ],
    [
      'two settings that name a key',
      { SIGNING_KEY: 'development', IdentityServer__Key__Type: 'Development' },
      /SIGNING_KEY and IdentityServer__Key__Type both name a signing key/,
    ],
    [
      'two others',
      {
        APP_SigningCertificateThumbprint: 'AB',
        OpenIDServerSigningSettings__AzureKeyVault__KeyVaultCertificateUrl: vault,
      },
      /OpenIDServerSigningSettings__AzureKeyVault__KeyVaultCertificateUrl and APP_SigningCertificateThumbprint/,
    ],
    [
      'Indicium with no URL',
      { OpenIDServerSigningSettings__AzureKeyVault__KeyVaultCertificateUrl: 'myvault' },
      /KeyVaultCertificateUrl must be a URL such as/,
    ],
    [
      'Indicium with another host than a vault',
      {
        'OpenIDServerSigningSettings:AzureKeyVault:KeyVaultCertificateUrl':
          'https://id.example/certificates/c',
      },
      /no backend opens the signing key/,
    ],
    [
      'an unknown Type',
      { IdentityServer__Key__Type: 'Vault' },
      /^IdentityServer__Key__Type must be Development, File or Store$/,
    ],
    [
      'a Key without Type',
      { IdentityServer__Key__FilePath: 'x.pfx' },
      /IdentityServer__Key__FilePath requires IdentityServer:Key:Type/,
    ],
    [
      'an unknown member of Key',
      { IdentityServer__Key__Type: 'File', IdentityServer__Key__Path: 'x.pfx' },
      /IdentityServer__Key__Path: there is no such setting/,
    ],
    [
      'File without FilePath',
      { IdentityServer__Key__Type: 'File' },
      /is File, which requires IdentityServer:Key:FilePath/,
    ],
    [
      'File with StoreName',
      {
        IdentityServer__Key__Type: 'File',
        IdentityServer__Key__FilePath: 'x',
        IdentityServer__Key__StoreName: 'My',
      },
      /IdentityServer__Key__StoreName is not allowed with .*Type File/,
    ],
    [
      'File with two passwords',
      {
        IdentityServer__Key__Type: 'File',
        IdentityServer__Key__FilePath: 'x',
        IdentityServer__Key__Password: 'hunter2',
        SIGNING_KEY_PASSWORD: 'hunter2',
      },
      /IdentityServer__Key__Password and SIGNING_KEY_PASSWORD are both set/,
    ],
    [
      'Store without Name',
      { IdentityServer__Key__Type: 'Store' },
      /is Store, which requires IdentityServer:Key:Name \(the subject of the certificate\) or IdentityServer:Key:Thumbprint/,
    ],
    [
      'Store with Name and Thumbprint',
      {
        IdentityServer__Key__Type: 'Store',
        IdentityServer__Key__Name: 'CN=x',
        IdentityServer__Key__Thumbprint: 'AB',
      },
      /IdentityServer__Key__Name and IdentityServer__Key__Thumbprint are both set/,
    ],
    [
      'Store with LocalMachine',
      {
        IdentityServer__Key__Type: 'Store',
        IdentityServer__Key__Name: 'CN=x',
        IdentityServer__Key__StoreLocation: 'LocalMachine',
      },
      /StoreLocation must be CurrentUser/,
    ],
    [
      'Store with another StoreName',
      {
        IdentityServer__Key__Type: 'Store',
        IdentityServer__Key__Name: 'CN=x',
        IdentityServer__Key__StoreName: 'Root',
      },
      /StoreName must be My/,
    ],
    [
      'Development with FilePath',
      { IdentityServer__Key__Type: 'Development', IdentityServer__Key__FilePath: 'x' },
      /FilePath is not allowed with .*Type Development/,
    ],
    [
      'Persisted that is no boolean',
      { IdentityServer__Key__Type: 'Development', IdentityServer__Key__Persisted: 'yes' },
      /Persisted must be true or false/,
    ],
    [
      'a development key that may not be made',
      { IdentityServer__Key__Type: 'Development', IdentityServer__Key__Persisted: 'False' },
      /^there is no signing key token-signing in .*data/,
    ],
    [
      'one setting in two spellings',
      { IdentityServer__Key__Type: 'File', 'IDENTITYSERVER:KEY:TYPE': 'Store' },
      /are the same setting with different values/,
    ],
    ['an empty member of Key', { IdentityServer__Key__Type: '' }, /IdentityServer__Key__Type is empty/],
  ])('%s', async (_, env, says) => {
    expect(await attempt({ env })).toEqual(refusal(says))
  })

  test('a port that is taken', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void taken.close())
    const address = taken.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    expect(await attempt({ env: { HOST: '127.0.0.1', PORT: port } })).toEqual(
      refusal(new RegExp(`cannot listen on 127.0.0.1 port ${port}`)),
    )
  })
})

describe('a settings file that is refused', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const privateJwk = privateKey.export({ format: 'jwk' })
  const otherPublicJwk = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({
    format: 'jwk',
  })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' })

  test.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /settings\.json:1:1: not JSON/],
    ['a missing brace', '{\n  "clients": []\n', /settings\.json:3:1: not JSON/],
    ['a missing comma', '{\n  "issuer": "x"\n  "clients": []\n}', /settings\.json:3:3: not JSON/],
    ['a comma too many', '{\n  "clients": [1, 2, ]\n}', /settings\.json:2:21: not JSON/],
    ['a comment', '{\n  // the clients\n}', /settings\.json:2:3: not JSON/],
    ['single quotes', "{ 'issuer': 'hunter2' }", /settings\.json:1:3: not JSON/],
    ['text behind the end', '{}\n{}', /settings\.json:2:1: not JSON/],
    ['a line break in a string', '{ "issuer": "hunter2\n" }', /settings\.json:1:13: not JSON/],
    ['bytes that are no UTF-8', Buffer.from('{"issuer":"\xff"}', 'latin1'), /settings\.json is not UTF-8/],
    ['more than a megabyte', ' '.repeat(1024 * 1024 + 1), /settings\.json is larger than 1048576 bytes/],
    ['deep nesting', '['.repeat(100_000), /settings\.json:1:\d+: nested too deep/],
    [
      'a setting __proto__',
      '{"__proto__": {"clients": []}}',
      /settings\.json:1:2: the name "__proto__" is not allowed/,
    ],
    [
      'a setting __proto__ beside the others',
      withFile({}).replace('{', '{"__proto__": {"issuer": "https://hunter2.example"}, '),
      /settings\.json:1:2: the name "__proto__" is not allowed/,
    ],
    [
      'a setting __proto__ with an escape, in a client',
      withClient({}).replace('"clientId"', String.raw`"\u005f_proto__": {}, "clientId"`),
      /settings\.json:1:\d+: the name "__proto__" is not allowed/,
    ],
    [
      'a setting twice',
      withFile({}).replace('{', '{"issuer": "https://other.example", '),
      /settings\.json:1:\d+: this name is already in the same object above/,
    ],
    [
      'a setting of a client twice, once with an escape',
      withClient({}).replace('"clientId"', String.raw`"\u0063lientId": "hunter2", "clientId"`),
      /settings\.json:1:\d+: this name is already in the same object above/,
    ],
    ['a list', '[]', /settings\.json: the whole file must be one JSON object$/],
    ['null', 'null', /settings\.json: the whole file must be one JSON object$/],
    ['an unknown setting', withFile({ client: [] }), /settings\.json: client: there is no such setting/],
    ['no clients', withFile({ clients: undefined }), /settings\.json: clients: is missing$/m],
    ['an empty list of clients', withFile({ clients: [] }), /clients: must have at least 1 item$/],
    ['no resources', withFile({ resources: undefined }), /settings\.json: resources: is missing$/m],
    [
      'a resource without scopes',
      withFile({ resources: [{ audience: 'a', scopes: [] }] }),
      /resources\[0\]\.scopes: must have at least 1 item$/m,
    ],
    [
      'an issuer with a slash',
      withFile({ issuer: 'https://id.example/' }),
      /issuer: must not end with a slash/,
    ],
    [
      'a lifetime of zero',
      withFile({ accessTokenLifetime: 0 }),
      /accessTokenLifetime: must be a whole number of seconds from 1 to 86400/,
    ],
    [
      'a lifetime of a week',
      withFile({ accessTokenLifetime: 604_800 }),
      /accessTokenLifetime: must be a whole number/,
    ],
    [
      'a lifetime with a fraction',
      withFile({ accessTokenLifetime: 1.5 }),
      /accessTokenLifetime: must be a whole number/,
    ],
    [
      'a lifetime in words',
      withFile({ accessTokenLifetime: '1h' }),
      /accessTokenLifetime: must be a whole number/,
    ],
    [
      'a scope with a space',
      withFile({ resources: [{ audience: 'a', scopes: ['a b'] }] }),
      /resources\[0\]\.scopes\[0\]: must be printable ASCII/,
    ],
    [
      'an audience with a lone surrogate',
      withFile({ resources: [{ audience: 'a\ud800', scopes: ['s'] }] }),
      /resources\[0\]\.audience: must be well-formed text/,
    ],
    [
      'an issuer with a lone surrogate',
      withFile({ issuer: 'https://id.example/\udc00' }),
      /issuer: must be well-formed text/,
    ],
    [
      'a scope in two resources',
      withFile({
        resources: [
          { audience: 'a', scopes: ['s'] },
          { audience: 'b', scopes: ['s'] },
        ],
      }),
      /resources\[1\]\.scopes\[0\]: the scope "s" is already defined/,
    ],
    [
      'a client id twice',
      withFile({ clients: [client(), client()] }),
      /clients\[1\]\.clientId: the client "client" is already defined/,
    ],
    [
      'an empty client id',
      withClient({ clientId: '' }),
      /clients\[0\]\.clientId: must be 1 to 200 printable ASCII/,
    ],
    [
      'a client id that is not ASCII',
      withClient({ clientId: 'é' }),
      /clients\[0\]\.clientId: must be 1 to 200 printable ASCII/,
    ],
    [
      'a client without scopes',
      withClient({ scopes: [] }),
      /clients\[0\]\.scopes: must have at least 1 item$/,
    ],
    [
      'a scope that no resource has',
      withClient({ scopes: ['api1', 'api9'] }),
      /clients\[0\]\.scopes\[1\]: no resource has the scope "api9"/,
    ],
    [
      'a client with nothing to authenticate with',
      withClient({ secrets: [] }),
      /clients\[0\]: must have "secrets" or "jwks"/,
    ],
    [
      'another grant type',
      withClient({ grantTypes: ['password'] }),
      /clients\[0\]\.grantTypes\[0\]: must be "client_credentials"$/,
    ],
    [
      'a misspelt setting of a client',
      withClient({ scope: ['api1'] }),
      /clients\[0\]\.scope: there is no such setting/,
    ],
    [
      'a secret in plain text',
      withClient({ secrets: ['hunter2'] }),
      /clients\[0\]\.secrets\[0\]: must be an object$/,
    ],
    [
      'a secret in the place of its hash',
      withClient({ secrets: [{ sha256: 'hunter2' }] }),
      /clients\[0\]\.secrets\[0\]\.sha256: must be the SHA-256/,
    ],
    [
      'half a hash',
      withClient({ secrets: [{ sha256: '0'.repeat(64) }, { sha256: '0'.repeat(63) }] }),
      /clients\[0\]\.secrets\[1\]\.sha256: must be the SHA-256/,
    ],
    [
      'a misspelt setting of a secret',
      withClient({ secrets: [{ sha256: '0'.repeat(64), secret: 'hunter2' }] }),
      /clients\[0\]\.secrets\[0\]\.secret: there is no such setting/,
    ],
    [
      'a private key',
      withKey(privateJwk),
      /clients\[0\]\.jwks\.keys\[0\]: contains the private member "d"; remove it: only the public key/,
    ],
    ['a symmetric key', withKey({ kty: 'oct', k: 'hunter2' }), /keys\[0\]: contains the private member "k"/],
    ['a key without its type', withKey({}), /keys\[0\]\.kty: is missing$/],
    [
      'a broken key',
      withKey({ ...publicJwk, x: 'AAAA' }),
      /keys\[0\]: cannot be used: the JWK is not a valid RSA, EC, OKP or AKP key/,
    ],
    ['an RSA key of 1024 bits', withKey(weakRsa), /keys\[0\]: cannot be used: the RSA key has 1024 bits/],
    [
      'an RSA key with the public exponent 1',
      withKey({ ...rsa, e: 'AQ' }),
      /keys\[0\]: cannot be used: the RSA key has the public exponent 1, which must be odd/,
    ],
    [
      'an Ed25519 key that anyone can sign for',
      withKey({ kty: 'OKP', crv: 'Ed25519', x: Buffer.alloc(32).toString('base64url') }),
      /keys\[0\]: cannot be used: the Ed25519 key is a point of small order/,
    ],
    [
      'a key for another operation',
      withKey({ ...publicJwk, key_ops: ['deriveBits'] }),
      /keys\[0\]: cannot be used: the JWK is not for signatures: its "key_ops"/,
    ],
    [
      'two keys with one kid',
      withClient({
        jwks: {
          keys: [
            { ...publicJwk, kid: 'a' },
            { ...otherPublicJwk, kid: 'a' },
          ],
        },
      }),
      /clients\[0\]\.jwks\.keys: several keys have the same "kid"; each needs its own/,
    ],
    [
      'a key that jose does not verify with',
      withKey(secp256k1),
      /keys\[0\]: is not a key for any of the accepted algorithms/,
    ],
    [
      'a key for encryption',
      withKey({ ...publicJwk, use: 'enc' }),
      /keys\[0\]: cannot be used: the JWK is not for signatures: its "use" is not "sig"/,
    ],
    [
      'a key with an algorithm of another',
      withKey({ ...publicJwk, alg: 'RS256' }),
      /keys\[0\]: cannot be used: .*its "alg" does not fit its key, which can sign with ES256/,
    ],
    [
      'a kid that is no string',
      withKey({ ...publicJwk, kid: 1 }),
      /keys\[0\]: has a "kid" that is not a string/,
    ],
    ['no keys in a key set', withClient({ jwks: { keys: [] } }), /jwks\.keys: must have at least 1 item$/],
    [
      'a client of IdentityServer',
      withFile({ IdentityServer: { Clients: { a: 'b' } } }),
      /IdentityServer:Clients:a in .*settings\.json: there is no such setting/,
    ],
    [
      'a number in IdentityServer:Key',
      withFile({ IdentityServer: { Key: { Type: 1 } } }),
      /settings\.json: IdentityServer:Key:Type must be a string/,
    ],
    [
      'IdentityServer:Key beside SIGNING_KEY',
      withFile({
        identityserver: { key: { type: 'Store', name: 'CN=x' } },
        OpenIDServerSigningSettings: { AzureKeyVault: { KeyVaultCertificateUrl: 'https://x' } },
      }),
      /identityserver:key:type in .* and OpenIDServerSigningSettings:.* both name a signing key/,
    ],
  ])('%s', async (_, file, says) => {
    expect(await attempt({ file })).toEqual(refusal(says))
  })

  test('a setting with a name that every object has', async () => {
    expect(await attempt({ file: withFile({ constructor: { prototype: {} } }) })).toEqual(
      refusal(/settings\.json: constructor: there is no such setting/),
    )
  })
})

describe('several problems are told at once, one a line', () => {
  test('in one file', async () => {
    const clients = [
      client({ clientId: '', scopes: [] }),
      client({ secrets: [{ sha256: '' }] }),
      client({ a: 1, b: 2 }),
    ]
    const { message } = await attempt({ file: withFile({ clients }) })
    expect(withoutFolder(message)).toEqual([
      'settings.json: clients[0].clientId: must be 1 to 200 printable ASCII characters',
      'settings.json: clients[0].scopes: must have at least 1 item',
      'settings.json: clients[1].secrets[0].sha256: must be the SHA-256 of the secret, as 64 hexadecimal digits or 44 characters of base64',
      'settings.json: clients[2].a: there is no such setting',
      'settings.json: clients[2].b: there is no such setting',
      'settings.json: clients[2].clientId: the client "client" is already defined above',
    ])
  })

  test('in the file, the environment and the signing key', async () => {
    const refused = await attempt({
      env: {
        PORT: 'hunter2',
        keyRing__maxSetAge: '1d',
        clients__0__accessTokenLifetime: '0',
        clients__0__secret: 'hunter2',
        clients__7__clientId: 'late',
        SIGNING_KEY: 'file:hunter2.pfx',
        SIGNING_KEY_QUOTA: '5',
        SIGNING_KEY_CREATE: 'true',
        DATA_DIR: '',
      },
      file: withFile({
        client: 1,
        additionalSigningKeys: [{ uri: 'file:a.pfx', create: 'dsa' }],
        clients: [client({ scopes: ['api1', 'api7'] }), client()],
      }),
    })
    expect(refused).toMatchObject({ written: [], quotesSecret: false })
    expect(withoutFolder(refused.message).toSorted()).toEqual(
      [
        'PORT: must be a whole number from 0 to 65535',
        'keyRing__maxSetAge: must be a whole number of seconds',
        'clients__0__accessTokenLifetime: must be a whole number of seconds from 1 to 86400',
        'clients__0__secret: there is no such setting',
        'clients__7__clientId: the items before it are missing; the first item of a list is 0',
        'DATA_DIR is empty; set a value or remove it',
        'SIGNING_KEY_QUOTA is only for keys in a vault; remove it',
        'SIGNING_KEY_CREATE is only for keys in a vault; remove it',
        'settings.json: client: there is no such setting',
        'settings.json: additionalSigningKeys[0].create: unknown key type; use one of rsa-2048, …',
        'settings.json: clients[0].scopes[1]: no resource has the scope "api7"',
        'settings.json: clients[1].clientId: the client "client" is already defined above',
      ].toSorted(),
    )
  })

  test('a file that is not JSON, and the environment', async () => {
    const { message } = await attempt({ env: { PORT: 'x', clients__0__clientId: '' }, file: '{' })
    expect(withoutFolder(message)).toEqual([
      'settings.json:1:2: not JSON from here on; look for a missing or extra comma or quote',
      'clients__0__clientId is empty; set a value or remove it',
      'PORT: must be a whole number from 0 to 65535',
    ])
  })

  test('at most fifty', async () => {
    const clients = Array.from({ length: 50 }, () => ({ ['x'.repeat(300)]: 1 }))
    const lines = (await attempt({ file: withFile({ clients }) })).message.split('\n')
    expect(lines).toHaveLength(51)
    expect(lines.at(-1)).toBe('and 100 more')
  })
})

/** The lines of a message, without the folder of the test and the list of all key types. */
function withoutFolder(message: string): string[] {
  return message.split('\n').map((line) => line.replace(/\/\S*\//g, '').replace(/(rsa-2048, ).*/, '$1…'))
}
