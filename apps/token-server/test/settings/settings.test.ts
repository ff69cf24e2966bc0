import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, test } from 'vitest'
import { encodePath } from '../../src/settings/signing-key/third-party-settings.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { client, settingsFile } from '../support/server.ts'

function load(env: Readonly<Record<string, string>>, file: object = settingsFile()): Settings {
  const path = join(scratchFolder(), 'settings.json')
  // With the byte order mark that editors on Windows write.
  writeFileSync(path, `\uFEFF${JSON.stringify(file)}`)
  return loadSettings({ TOKEN_SERVER_SETTINGS: path, DATA_DIR: '/data', ...env })
}

test('without any settings the sample is used, on this machine alone, with a development key', () => {
  const settings = loadSettings({})
  expect(settings).toMatchObject({
    host: 'localhost',
    port: 5001,
    logLevel: 'info',
    issuer: null,
    isSample: true,
    file: expect.stringMatching(/apps\/token-server\/token-server\.json$/) as unknown,
    signingKey: {
      uri: expect.stringMatching(/^store:\/.*apps\/token-server\/data\?name=token-signing$/) as unknown,
      createType: 'rsa-2048',
      requiredType: null,
      quota: null,
      rotationDays: null,
      password: null,
      algorithm: null,
    },
  })
  expect([...settings.clients.keys()]).toEqual(['sample-client'])
})

test('the environment goes before the file', () => {
  expect(load({}).issuer).toBe('https://id.example')
  expect(load({ ISSUER: 'https://other.example/id', HOST: '0.0.0.0', PORT: '0' })).toMatchObject({
    issuer: 'https://other.example/id',
    host: '0.0.0.0',
    port: 0,
    isSample: false,
  })
})

test('clients have the lifetime of the file unless they have their own', () => {
  const file = settingsFile({
    accessTokenLifetime: 120,
    clients: [
      client({ clientId: 'own', accessTokenLifetime: 60 }),
      client({ clientId: 'common', accessTokenLifetime: undefined }),
    ],
  })
  const lifetimes = [...load({}, file).clients.values()].map((each) => each.accessTokenLifetime)
  expect(lifetimes).toEqual([60, 120])
})

describe('the signing key', () => {
  const development = 'store:/data?name=token-signing'

  test.each<[Readonly<Record<string, string>>, object]>([
    [{}, { uri: development, createType: 'rsa-2048', requiredType: null }],
    [{ SIGNING_KEY: 'development' }, { source: 'SIGNING_KEY', uri: development, createType: 'rsa-2048' }],
    [{ SIGNING_KEY_ROTATION_DAYS: '90' }, { createType: 'rsa-2048', rotationDays: 90 }],
    [{ SIGNING_KEY_TYPE: 'ed25519' }, { uri: development, createType: 'ed25519', requiredType: 'ed25519' }],
    [{ SIGNING_ALGORITHM: 'ES256' }, { algorithm: 'ES256', createType: 'ec-p256', requiredType: null }],
    [{ SIGNING_ALGORITHM: 'PS512' }, { algorithm: 'PS512', createType: 'rsa-2048' }],
    [{ SIGNING_ALGORITHM: 'ES512' }, { createType: 'ec-p521' }],
    [
      { SIGNING_KEY: 'file:./a.pfx', SIGNING_KEY_PASSWORD: 'p' },
      { uri: 'file:./a.pfx', createType: null, password: 'p' },
    ],
    [
      { SIGNING_KEY: 'https://v.vault.azure.net/certificates/c' },
      { uri: 'https://v.vault.azure.net/certificates/c' },
    ],
    [
      {
        'OpenIDServerSigningSettings:AzureKeyVault:KeyVaultCertificateUrl':
          'https://v.vault.azure.net/certificates/c',
      },
      { uri: 'https://v.vault.azure.net/certificates/c', createType: 'rsa-2048' },
    ],
    [
      { OPENIDSERVERSIGNINGSETTINGS__AZUREKEYVAULT__KEYVAULTCERTIFICATEURL: 'https://v/certificates/c' },
      { uri: 'https://v/certificates/c' },
    ],
    [{ APP_SigningCertificateThumbprint: 'AB 12' }, { uri: 'store:my?thumbprint=AB%2012', createType: null }],
    [{ IdentityServer__Key__Type: 'Development' }, { uri: development, createType: 'rsa-2048' }],
    [
      { IdentityServer__Key__Type: 'Development', IdentityServer__Key__Persisted: 'false' },
      { uri: development, createType: null },
    ],
    [
      {
        IdentityServer__Key__Type: 'File',
        IdentityServer__Key__FilePath: './a 100%#?.pfx',
        IdentityServer__Key__Password: 'p',
      },
      { source: 'IdentityServer__Key__Type', uri: 'file:./a%20100%25%23%3F.pfx', password: 'p' },
    ],
    [
      {
        IdentityServer__Key__Type: 'File',
        IdentityServer__Key__FilePath: '/a.pfx',
        SIGNING_KEY_PASSWORD: 'q',
      },
      { uri: 'file:/a.pfx', password: 'q' },
    ],
    [
      {
        'IdentityServer:Key:Type': 'store',
        'identityserver:key:name': 'CN=a, O=b&c',
        'IdentityServer:Key:StoreName': 'My',
        'IdentityServer:Key:StoreLocation': 'CurrentUser',
      },
      { uri: 'store:my?subject=CN%3Da%2C%20O%3Db%26c' },
    ],
    [
      { IdentityServer__Key__Type: 'Store', IdentityServer__Key__Thumbprint: 'AB' },
      { uri: 'store:my?thumbprint=AB' },
    ],
    // Other programs' settings in the same environment.
    [
      { IdentityServer__Clients__spa__Profile: 'SPA', OpenIDServerSigningSettings__Other: 'x' },
      { uri: development },
    ],
  ])('%j', (env, expected) => {
    expect(load(env).signingKey).toMatchObject(expected)
  })

  test('can be named in the file as in appsettings.json, in any case, and the environment goes before it', () => {
    const file = settingsFile({ identityServer: { KEY: { Type: 'File', FilePath: 'a.pfx', password: 'p' } } })
    expect(load({}, file).signingKey).toMatchObject({ uri: 'file:a.pfx', password: 'p' })
    expect(load({ IdentityServer__Key__FilePath: 'b.pfx' }, file).signingKey).toMatchObject({
      uri: 'file:b.pfx',
    })
  })

  test.each([
    ['hunter2', 'hunter2'],
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['hunter2\n\n', 'hunter2\n'],
    [' hunter2 ', ' hunter2 '],
    ['pässword €\n', 'pässword €'],
  ])('a password file loses one line end: %j', (text, password) => {
    const path = join(scratchFolder(), 'password')
    writeFileSync(path, text)
    const env = { SIGNING_KEY: 'file:a.pfx', SIGNING_KEY_PASSWORD_FILE: path }
    expect(load(env).signingKey.password).toBe(password)
  })

  test('a path survives the way into a URI and back', () => {
    for (const path of ['/a b/c', '/100%/%41', '/a?b#c', '/é/😀', String.raw`C:\keys\a.pfx`]) {
      expect(decodeURIComponent(encodePath(path))).toBe(path)
      expect(encodePath(path)).not.toMatch(/[?#]/)
    }
  })
})
