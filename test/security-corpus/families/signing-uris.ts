import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { azureKeyVault, parseKeyVaultUri } from '../../../packages/azure-keyvault/src/index.ts'
import { openSigningKey, type Backend, type SigningKey } from '../../../packages/core/src/index.ts'
import { localStore, openFolderStore, openKeyFile } from '../../../packages/local-store/src/index.ts'
import { accept, refuse, type Family } from '../corpus.ts'

/** Folders with keys. */
export interface Places {
  /** A key store with the key `inside`. */
  readonly store: string
  /** A key store beside it with the key `outside`. */
  readonly beside: string
}

type Input = (places: Places) => unknown

/** Files of every kind beside the stores. */
export async function makePlaces(folder: string): Promise<Places> {
  const places = { store: join(folder, 'store'), beside: join(folder, 'beside') }
  await (await openFolderStore(places.store)).create('inside', { keyType: 'ec-p256' })
  await (await openFolderStore(places.beside)).create('outside', { keyType: 'ec-p256' })
  const file = (name: string, mode: number, content = ''): void => {
    writeFileSync(join(folder, name), content)
    chmodSync(join(folder, name), mode)
  }
  file('empty.pfx', 0o600)
  file('readable.pfx', 0o644, 'x')
  file('huge.pfx', 0o600)
  truncateSync(join(folder, 'huge.pfx'), 2 ** 40)
  mkdirSync(join(folder, 'folder.pfx'), { mode: 0o700 })
  symlinkSync('loop.pfx', join(folder, 'loop.pfx'))
  symlinkSync('/dev/zero', join(folder, 'zero.pfx'))
  return places
}

const never: Backend['open'] = () => Promise.reject(new Error('a vault was asked'))
/** Fails the test where a vault is asked for anything. */
const vaults: Backend = {
  ...azureKeyVault({ credential: { getToken: () => Promise.reject(new Error('a token was requested')) } }),
  open: never,
}

const open = (uri: string): Promise<SigningKey> => openSigningKey(uri, { backends: [localStore(), vaults] })
const uri =
  (text: string): Input =>
  () =>
    open(text)
const named =
  (name: string): Input =>
  ({ store }) =>
    open(`store:${store}?name=${name}`)
const beside =
  (name: string): Input =>
  ({ store }) =>
    open(`file:${store}/../${name}`)
const created =
  (name: string): Input =>
  async ({ store }) =>
    (await openFolderStore(store)).create(name, { keyType: 'ec-p256' })
const vault =
  (text: string): Input =>
  () =>
    parseKeyVaultUri(text)

const files: Family<Input> = {
  title: 'Signing URIs: files and folders',
  refusals: [
    ...refuse<Input>(
      'INVALID_ARGUMENT',
      ['a file on another host', 'RFC 8089 §2', uri('file://evil.example/share/a.pfx')],
      ['a relative path after two slashes', 'RFC 8089 §2', uri('file://./a.pfx')],
      ['no file', 'RFC 8089 §2', uri('file:')],
      ['a NUL in a path', 'CWE-158', uri('file:./a.pfx%00.txt')],
      ['a broken escape in a path', 'RFC 3986 §2.1', uri('file:./%zz')],
      ['an escape that is overlong', 'RFC 3629 §3', uri('file:./%c0%ae%c0%ae/a.pfx')],
      ['a password in the URI', 'CWE-598', uri('file:./a.pfx?password=hunter2')],
      ['a fragment', 'RFC 8089 §2', uri('file:./a.pfx#x')],
      ['an unknown scheme', 'CWE-20', uri('pkcs11:token=x')],
      ['data in the URI', 'CWE-20', uri('data:application/x-pkcs12;base64,AAAA')],
      ['a path without a scheme', 'CWE-20', uri('../../etc/passwd')],
      ['an address of no vault', 'CWE-918', uri('http://169.254.169.254/latest/meta-data')],
      ['two names', 'CWE-235', uri('store:./keys?name=a&name=b')],
      ['a name and a thumbprint', 'CWE-235', uri('store:./keys?name=a&thumbprint=00')],
      ['a NUL in a folder', 'CWE-158', uri('store:a%00b?name=a')],
      ...[
        '../x',
        '..',
        '.',
        'a/b',
        'a\\b',
        '/etc/passwd',
        'a\0',
        'a\n',
        '%2e%2e%2fx',
        'a.pfx',
        '.hidden',
        'con',
        'NUL',
        '',
        'a'.repeat(128),
        'é',
        '$(id)',
        '-rf;x',
      ].map(
        (name) => [`a new key named ${JSON.stringify(name).slice(0, 20)}`, 'CWE-22', created(name)] as const,
      ),
    ),
    ...refuse<Input>(
      'NOT_FOUND',
      ['the name of a key in the folder beside it', 'CWE-22', named('../beside/outside')],
      ['the same, escaped', 'CWE-22', named('%2e%2e%2fbeside%2foutside')],
      ['the same with its extension', 'CWE-22', named('../beside/outside.pfx')],
      ['the same, backwards', 'CWE-22', named('..%5cbeside%5coutside')],
      ['a pattern', 'CWE-155', named('*')],
      ['an expression', 'CWE-625', named('.%2B')],
      ['a name that is a member of Object', 'CWE-1321', named('__proto__')],
      ['a file that is absent', 'CWE-20', beside('absent.pfx')],
      ['a folder without a key', 'CWE-20', beside('folder.pfx')],
    ),
    ...refuse<Input>('UNAVAILABLE', ['a link to itself', 'CWE-59', beside('loop.pfx')]),
    ...refuse<Input>('LIMIT_EXCEEDED', ['a file of 1 TiB', 'CWE-770', beside('huge.pfx')]),
    ...refuse<Input>(
      'INVALID_ENCODING',
      ['an empty file', 'CWE-20', beside('empty.pfx')],
      ['a device that does not end', 'CWE-400', beside('zero.pfx')],
    ),
    ...refuse<Input>('UNSAFE_PERMISSIONS', [
      'a file that others may read',
      'CWE-732',
      beside('readable.pfx'),
    ]),
  ],
  acceptances: accept<Input>(
    'accepted',
    ['a name', named('inside')],
    ['a file', ({ store }) => open(`file:${store}/inside.pfx`)],
    ['a file by a path with dots', ({ store }) => open(`file:${store}/../beside/outside.pfx`)],
    ['the path without a URI', ({ store }) => openKeyFile(join(store, 'inside.pfx'))],
    ['a new key', created('another')],
  ),
}

const vaultUris: Family<Input> = {
  title: 'Signing URIs: vaults',
  refusals: [
    ...refuse<Input>(
      'INVALID_ARGUMENT',
      ['http', 'RFC 9325 §3', vault('http://contoso.vault.azure.net/keys/a')],
      [
        'a host that ends like a vault',
        'CWE-20',
        vault('https://contoso-vault.azure.net.evil.example/keys/a'),
      ],
      [
        'a host that contains a vault',
        'CWE-20',
        vault('https://contoso.vault.azure.net.evil.example/keys/a'),
      ],
      ['a host without a dot before the suffix', 'CWE-20', vault('https://evilvault.azure.net/keys/a')],
      ['the suffix alone', 'CWE-20', vault('https://vault.azure.net/keys/a')],
      ['a vault as user name', 'RFC 3986 §7.6', vault('https://contoso.vault.azure.net@evil.example/keys/a')],
      ['a password', 'RFC 3986 §7.5', vault('https://a:hunter2@contoso.vault.azure.net/keys/a')],
      ['a backslash in the host', 'CWE-20', vault('https://evil.example\\.vault.azure.net/keys/a')],
      ['a query', 'CWE-20', vault('https://contoso.vault.azure.net/keys/a?api-version=1.0')],
      ['a fragment', 'CWE-20', vault('https://contoso.vault.azure.net/keys/a#x')],
      ['a secret', 'CWE-522', vault('https://contoso.vault.azure.net/secrets/a')],
      ['a secret by dots', 'CWE-22', vault('https://contoso.vault.azure.net/keys/../secrets/a')],
      ['a secret by escaped dots', 'CWE-22', vault('https://contoso.vault.azure.net/keys/%2e%2e/secrets/a')],
      ['an escaped slash in the name', 'CWE-22', vault('https://contoso.vault.azure.net/keys/a%2fb')],
      ['a name with a line break', 'CWE-93', vault('https://contoso.vault.azure.net/keys/a%0d%0ab')],
      ['a version that is none', 'CWE-20', vault('https://contoso.vault.azure.net/keys/a/latest')],
      ['an address of this machine', 'CWE-918', vault('https://127.0.0.1/keys/a')],
      ['the metadata service', 'CWE-918', vault('https://169.254.169.254/keys/a')],
      ['another scheme', 'CWE-20', vault('file://contoso.vault.azure.net/keys/a')],
      ['text', 'CWE-20', vault('hunter2')],
    ),
  ],
  acceptances: accept<Input>(
    'accepted',
    ['a key', vault('https://contoso.vault.azure.net/keys/a')],
    ['a version of a certificate', vault(`https://contoso.vault.azure.net/certificates/a/${'0'.repeat(32)}`)],
    ['a managed HSM', vault('https://contoso.managedhsm.azure.net/keys/a')],
  ),
}

export const signingUriFamilies: readonly Family<Input>[] = [files, vaultUris]
