import { describe, expect, test } from 'vitest'
import { isKeyVaultUri, parseKeyVaultUri } from '../src/index.ts'
import { checkName, checkVersion, isVersion, namesVersion, parseVaultUrl } from '../src/vault-uri.ts'

const version = '0123456789abcdef0123456789abcdef'

describe('parseKeyVaultUri', () => {
  test.each([
    'vault.azure.net',
    'vault.azure.cn',
    'vault.usgovcloudapi.net',
    'managedhsm.azure.net',
    'managedhsm.azure.cn',
    'managedhsm.usgovcloudapi.net',
  ])('takes a key at contoso.%s', (domain) => {
    const vaultUrl = `https://contoso.${domain}`
    expect(parseKeyVaultUri(`${vaultUrl}/keys/signing`)).toEqual({
      vaultUrl,
      collection: 'keys',
      name: 'signing',
      version: null,
    })
  })

  test.each([
    ['https://contoso.vault.azure.net/certificates/my-app-auth', null],
    ['https://contoso.vault.azure.net/certificates/my-app-auth/', null],
    [`https://contoso.vault.azure.net/certificates/my-app-auth/${version}`, version],
    [`HTTPS://Contoso.Vault.Azure.NET/certificates/my-app-auth/${version}/`, version],
    ['https://contoso.vault.azure.net:443/certificates/my-app-auth', null],
  ])('takes %s', (uri, expected) => {
    expect(parseKeyVaultUri(uri)).toEqual({
      vaultUrl: 'https://contoso.vault.azure.net',
      collection: 'certificates',
      name: 'my-app-auth',
      version: expected,
    })
  })

  test('keeps a port, for emulators', () => {
    expect(parseKeyVaultUri('https://contoso.vault.azure.net:8443/keys/k').vaultUrl).toBe(
      'https://contoso.vault.azure.net:8443',
    )
  })

  test.each([
    ['http://contoso.vault.azure.net/keys/k', /is not https/],
    ['https://user:hunter2@contoso.vault.azure.net/keys/k', /user name or password/],
    ['https://contoso.vault.azure.net/keys/k?api-version=7.4', /query or a fragment/],
    ['https://contoso.vault.azure.net/keys/k#x', /query or a fragment/],
    ['https://contoso.vault.azure.net/secrets/my-app-auth', /is a secret/],
    ['https://contoso.vault.azure.net/', /does not have one of the forms/],
    ['https://contoso.vault.azure.net/keys', /does not have one of the forms/],
    ['https://contoso.vault.azure.net/Keys/k', /does not have one of the forms/],
    [`https://contoso.vault.azure.net/keys/k/${version}/sign`, /does not have one of the forms/],
    ['https://contoso.vault.azure.net/keys//', /is not valid in Key Vault/],
    ['https://contoso.vault.azure.net/keys/a_b', /is not valid in Key Vault/],
    ['https://contoso.vault.azure.net/keys/%2e%2e', /does not have one of the forms/],
    [`https://contoso.vault.azure.net/keys/${'x'.repeat(128)}`, /is not valid in Key Vault/],
    ['https://contoso.vault.azure.net/keys/k/latest', /is not a version/],
    [`https://contoso.vault.azure.net/keys/k/${version.toUpperCase()}`, /is not a version/],
    ['https://contoso.managedhsm.azure.net/certificates/c', /has only keys/],
    ['https://vault.azure.net/keys/k', /has no host of Key Vault/],
    ['https://.vault.azure.net/keys/k', /not a URL|has no host of Key Vault/],
    ['https://a.b.vault.azure.net/keys/k', /has no host of Key Vault/],
    ['https://contoso.vault.azure.net.evil.example/keys/k', /has no host of Key Vault/],
    ['https://evilvault.azure.net/keys/k', /has no host of Key Vault/],
    ['contoso', /is not a URL/],
    ['', /is not a URL/],
  ])('refuses %s', (uri, message) => {
    expect(() => parseKeyVaultUri(uri)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    )
  })

  test('quotes no password', () => {
    expect(() => parseKeyVaultUri('https://user:hunter2@contoso.vault.azure.net/keys/k')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    )
  })
})

describe('isKeyVaultUri', () => {
  test.each([
    ['https://contoso.vault.azure.net/certificates/c', true],
    // Its own, so that the reason for refusing it is said.
    ['http://contoso.vault.azure.net/certificates/c', true],
    ['https://contoso.vault.azure.net/secrets/c', true],
    ['https://contoso.example/certificates/c', false],
    ['file:./contoso.pfx', false],
    ['store:my?thumbprint=AB', false],
    ['not a URL', false],
  ])('%s: %s', (uri, expected) => {
    expect(isKeyVaultUri(uri)).toBe(expected)
  })
})

test('parseVaultUrl refuses a path', () => {
  expect(parseVaultUrl('https://contoso.vault.azure.net/')).toEqual({
    vaultUrl: 'https://contoso.vault.azure.net',
    managedHsm: false,
  })
  expect(() => parseVaultUrl('https://contoso.vault.azure.net/keys')).toThrow(/has a path/)
})

describe('namesVersion', () => {
  const expected = { vaultUrl: 'https://contoso.vault.azure.net:8443', name: 'k', version }

  test.each([
    [`https://contoso.vault.azure.net:8443/keys/k/${version}`, true],
    [`https://contoso.vault.azure.net/keys/K/${version}`, true],
    [`https://contoso.vault.azure.net/keys/k/${version.replace('0', '1')}`, false],
    [`https://contoso.vault.azure.net/keys/other/${version}`, false],
    [`https://other.vault.azure.net/keys/k/${version}`, false],
    ['https://contoso.vault.azure.net/keys/k', false],
    ['k', false],
  ])('%s: %s', (id, result) => {
    expect(namesVersion(id, expected)).toBe(result)
  })
})

test.each([undefined, null, 5, ['a'], {}])(
  '%j is no URI, name or version, although it can be converted to one',
  (value) => {
    const wrong = value as string
    const refusal = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('a string') as string,
    })
    for (const check of [parseKeyVaultUri, parseVaultUrl, checkName, checkVersion]) {
      expect(() => check(wrong)).toThrow(refusal)
    }
    expect([isKeyVaultUri(wrong), isVersion(wrong)]).toEqual([false, false])
  },
)

test('a list with a valid version in it is no version', () => {
  expect(isVersion([version] as unknown as string)).toBe(false)
})
