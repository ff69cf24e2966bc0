import { failure } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { isLocalUri, readLocalUri } from '../../src/find/signing-uri.ts'

describe('the URIs that are this backend’s', () => {
  test.each([
    ['file:./a.pfx', true],
    ['FILE:///a.pfx', true],
    ['store:my?thumbprint=00', true],
    ['Store:my', true],
    ['https://a.vault.azure.net/certificates/c', false],
    ['./a.pfx', false],
    ['files:./a.pfx', false],
    ['development', false],
    [' file:./a.pfx', false],
    ['', false],
  ])('%j: %s', (uri, accepted) => {
    expect(isLocalUri(uri)).toBe(accepted)
  })
})

describe('file:', () => {
  test.each([
    ['file:./a.pfx', '/base/a.pfx'],
    ['file:a.pfx', '/base/a.pfx'],
    ['file:../a.pfx', '/a.pfx'],
    ['file:/keys/a.pfx', '/keys/a.pfx'],
    ['file:///keys/a.pfx', '/keys/a.pfx'],
    ['file://localhost/keys/a.pfx', '/keys/a.pfx'],
    ['FILE:./a.pfx', '/base/a.pfx'],
    ['file:./my%20key.pfx', '/base/my key.pfx'],
    ['file:./my key.pfx', '/base/my key.pfx'],
    ['file:./100%25.pfx', '/base/100%.pfx'],
    ['file:./%2541.pfx', '/base/%41.pfx'],
    ['file:./a%3Fb%23c.pfx', '/base/a?b#c.pfx'],
    ['file:./a+b&c=d.pfx', '/base/a+b&c=d.pfx'],
    ['file:./schlüssel.pfx', '/base/schlüssel.pfx'],
    ['file:./schl%C3%BCssel.pfx', '/base/schlüssel.pfx'],
  ])('%s is %s', (uri, path) => {
    expect(readLocalUri(uri, '/base', 'linux')).toEqual({ kind: 'file', path, certificatePath: null })
  })

  test.each([
    ['file:./a/tls.key?certificate=tls.crt', '/base/a/tls.crt'],
    ['file:./a/tls.key?certificate=../tls.crt', '/base/tls.crt'],
    ['file:./a/tls.key?certificate=/etc/tls.crt', '/etc/tls.crt'],
    ['file:./a/tls.key?certificate=a%26b%3Fc+d=e.crt', '/base/a/a&b?c+d=e.crt'],
  ])('%s has its certificates in %s', (uri, certificatePath) => {
    expect(readLocalUri(uri, '/base', 'linux')).toEqual({
      kind: 'file',
      path: '/base/a/tls.key',
      certificatePath,
    })
  })

  test('a drive letter loses the slash in front of it on Windows alone', () => {
    expect(readLocalUri('file:///C:/keys/a.pfx', '/base', 'linux')).toEqual({
      kind: 'file',
      path: '/C:/keys/a.pfx',
      certificatePath: null,
    })
    // `resolve` is this system's, so that the rest of the path is as relative here as it is absolute there.
    expect(readLocalUri('file:///C:/keys/a.pfx', '/base', 'win32')).toMatchObject({
      path: '/base/C:/keys/a.pfx',
    })
    expect(readLocalUri('file:./a/C:/b.pfx', '/base', 'win32')).toMatchObject({ path: '/base/a/C:/b.pfx' })
    expect(readLocalUri(String.raw`file:C:\keys\a.pfx`, '/base', 'win32')).toMatchObject({
      path: String.raw`/base/C:\keys\a.pfx`,
    })
  })

  test.each([
    ['file:', 'has no path'],
    ['file://', 'has no path'],
    ['file://./a.pfx', 'has a host'],
    ['file://server/share/a.pfx', 'has a host'],
    ['file://x', 'has a host'],
    ['file:./a.pfx?a=1&certificate=a.crt', 'has a query'],
    ['file:./a.pfx?password=hunter2', 'has a query'],
    ['file:./a.pfx?', 'has a query'],
    ['file:./a.pfx?certificate=', 'has an empty certificate'],
    ['file:./a.pfx?Certificate=hunter2', 'has a query'],
    ['file:./a.pfx?certificate=a.crt&password=hunter2', 'has a query'],
    ['file:./a.pfx?certificate=%', 'write a plain % as %25'],
    ['file:./a.pfx#1', 'has a fragment'],
    ['file:./100%.pfx', 'write a plain % as %25'],
    ['file:./%C3.pfx', 'write a plain % as %25'],
    ['file:./a%00.pfx', 'has a NUL'],
  ])('%s is refused', async (uri, said) => {
    const message = await failure('INVALID_ARGUMENT', () => readLocalUri(uri, '/base', 'linux'))
    expect(message.startsWith('the file: signing URI ')).toBe(true)
    expect(message).toContain(said)
    expect(message).not.toContain('hunter2')
  })
})

describe('store:', () => {
  test.each([
    ['store:my?thumbprint=AB', { store: 'my', by: 'thumbprint', value: 'AB' }],
    ['store:My?subject=CN=my-app,O=Contoso', { store: 'my', by: 'subject', value: 'CN=my-app,O=Contoso' }],
    ['store:CurrentUser/My?thumbprint=AB', { store: 'my', by: 'thumbprint', value: 'AB' }],
    ['store:currentuser\\my?name=a', { store: 'my', by: 'name', value: 'a' }],
    ['store:LOCALMACHINE2/my?name=a', { store: '/base/LOCALMACHINE2/my', by: 'name', value: 'a' }],
    ['store:CurrentUser//My?name=a', { store: 'my', by: 'name', value: 'a' }],
    ['store:CurrentUser/My/x?name=a', { store: '/base/CurrentUser/My/x', by: 'name', value: 'a' }],
    ['store:mystore?name=a', { store: '/base/mystore', by: 'name', value: 'a' }],
    ['store:./CurrentUser/My?name=a', { store: '/base/CurrentUser/My', by: 'name', value: 'a' }],
    ['store:my?subject=CN=a%26b', { store: 'my', by: 'subject', value: 'CN=a&b' }],
    ['store:my?name=a+b%2Bc%20d', { store: 'my', by: 'name', value: 'a+b+c d' }],
    ['store:AppService?thumbprint=%E2%80%8EAB', { store: 'appservice', by: 'thumbprint', value: '\u200EAB' }],
    ['store:./keys?name=a', { store: '/base/keys', by: 'name', value: 'a' }],
    ['store:keys?name=a', { store: '/base/keys', by: 'name', value: 'a' }],
    ['store:/var/keys?name=a', { store: '/var/keys', by: 'name', value: 'a' }],
    ['store:./my?name=a', { store: '/base/my', by: 'name', value: 'a' }],
    ['store:./my%20keys?name=a', { store: '/base/my keys', by: 'name', value: 'a' }],
    ['store:./keys?name=a&', { store: '/base/keys', by: 'name', value: 'a' }],
  ])('%s', (uri, expected) => {
    expect(readLocalUri(uri, '/base', 'linux')).toEqual({ kind: 'store', ...expected })
  })

  test.each([
    ['store:my', 'has no parameters'],
    ['store:my?', 'has no parameters'],
    ['store:?thumbprint=AB', 'has no store'],
    ['store:LocalMachine/My?thumbprint=AB', 'where only Windows keeps private keys; use store:my'],
    ['store:CurrentUser/Root?thumbprint=AB', 'has a store other than My'],
    [
      'store:my?thumbprint=AB&thumbprint=AB',
      'has 2 parameters; it takes exactly one of thumbprint, subject, name',
    ],
    ['store:my?thumbprint=AB&name=a', 'has 2 parameters'],
    ['store:my?password=hunter2', 'an unknown parameter; it takes exactly one of thumbprint, subject, name'],
    ['store:my?Thumbprint=AB', 'an unknown parameter; it takes exactly one of thumbprint, subject, name'],
    ['store:my?hunter2', 'an unknown parameter; it takes exactly one of thumbprint, subject, name'],
    ['store:my?thumbprint', 'an empty thumbprint'],
    ['store:my?thumbprint=', 'an empty thumbprint'],
    ['store:my?name=%', 'write a plain % as %25'],
    ['store:my?name=a#b', 'has a fragment'],
    ['store:a%00b?name=a', 'has a NUL'],
  ])('%s is refused', async (uri, said) => {
    const message = await failure('INVALID_ARGUMENT', () => readLocalUri(uri, '/base', 'linux'))
    expect(message.startsWith('the store: signing URI ')).toBe(true)
    expect(message).toContain(said)
    expect(message).not.toContain('hunter2')
  })
})

test('percent-encoding that is not UTF-8 is refused with the error of the decoder as its cause', () => {
  expect(() => readLocalUri('file:./%C3.pfx', '/base', 'linux')).toThrow(
    expect.objectContaining({ cause: expect.any(URIError) as Error }),
  )
})
