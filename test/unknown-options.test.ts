import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { azureKeyVault, openKeyVault } from '@sealwright/azure-keyvault'
import { createLocalSigner, openSigningKey, signingKeyJwk, type SigningKey } from '@sealwright/core'
import { createJwtIssuer, createSigner } from '@sealwright/jws'
import { keyRingPolicy, openKeyRing, writeStaticIssuer } from '@sealwright/keyring'
import {
  localStore,
  openAppServiceStore,
  openDotNetStore,
  openFolderStore,
  type FolderStore,
} from '@sealwright/local-store'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * Callers in JavaScript misspell options, or know them by the name that another library has for them. An option that is
 * ignored does harm: `days` would make a certificate of the default length, `expiresIn` a token of the default lifetime.
 */

// oxlint-disable-next-line typescript/no-explicit-any -- what a caller in JavaScript can pass
const misspelt = (options: unknown): any => options

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const vaultUrl = 'https://contoso.vault.azure.net'
const issuer = 'https://auth.example.com'

let folder: string
let store: FolderStore
let key: SigningKey
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sealwright-options-'))
  store = await openFolderStore(join(folder, 'keys'))
  key = await store.create('key', { keyType: 'ec-p256' })
})
afterAll(() => rmSync(folder, { recursive: true }))

const uri = (): string => `store:${join(folder, 'keys')}?name=key`
const backends = [localStore()]

/** Each call, and how its message begins. */
const calls: readonly (readonly [name: string, call: () => unknown, message: string])[] = [
  [
    'createSigner(key, "RS512")',
    () => createSigner(privateKey, misspelt('RS512')),
    'options must be an object',
  ],
  [
    'createSigner',
    () => createSigner(privateKey, misspelt({ alg: 'RS512' })),
    'options.alg is not an option',
  ],
  [
    'createLocalSigner(key, "RS512")',
    () => createLocalSigner(privateKey, misspelt('RS512')),
    'options must be an object; the only option is algorithm',
  ],
  [
    'keys.map(signingKeyJwk)',
    () => [key].map(misspelt(signingKeyJwk)),
    'alg must be a string; with Array.map',
  ],
  [
    'createJwtIssuer',
    () => createJwtIssuer(key, misspelt({ issuer, expiresIn: 60 })),
    'options.expiresIn is not an option; the options are issuer, audience, lifetime',
  ],
  [
    'issue',
    () => createJwtIssuer(key, { issuer }).issue({ sub: 'alice' }, misspelt({ expiresIn: 60 })),
    'options.expiresIn is not an option',
  ],
  [
    'openSigningKey',
    () => openSigningKey(uri(), misspelt({ backends, passwd: '' })),
    'options.passwd is not',
  ],
  [
    'openSigningKey with create',
    () => openSigningKey(uri(), { backends, create: misspelt({ days: 90 }) }),
    'options.create.days is not an option',
  ],
  [
    'openSigningKey with create in a vault',
    () =>
      openSigningKey(`${vaultUrl}/certificates/key`, {
        backends: [azureKeyVault()],
        create: misspelt({ days: 90 }),
      }),
    'options.create.days is not an option',
  ],
  ['localStore', () => localStore(misspelt({ password: '' })), 'options.password is not an option'],
  ['localStore, inside', () => localStore({ dotNet: misspelt({ folder }) }), 'options.dotNet.folder is not'],
  ['openFolderStore', () => openFolderStore(folder, misspelt({ passwd: '' })), 'options.passwd is not'],
  ['openDotNetStore', () => openDotNetStore(misspelt({ folder })), 'options.folder is not an option'],
  ['openAppServiceStore', () => openAppServiceStore(misspelt({ path: folder })), 'options.path is not an'],
  ['create', () => store.create('other', misspelt({ days: 90 })), 'options.days is not an option'],
  [
    'create, a text',
    () => store.create('other', misspelt({ validityDays: '90' })),
    'options.validityDays must be',
  ],
  ['get', () => store.get('key', misspelt({ versions: '1' })), 'options.versions is not an option'],
  ['list', () => store.list(misspelt({ names: 'key' })), 'options.names is not an option'],
  ['rotate', () => store.rotate('key', misspelt({ days: 90 })), 'options.days is not an option'],
  [
    'exportPkcs12',
    () => store.exportPkcs12('key', '', misspelt({ profile: 'modern' })),
    'options.profile is not',
  ],
  [
    'azureKeyVault',
    () => azureKeyVault(misspelt({ credentials: {} })),
    'options.credentials is not an option',
  ],
  [
    'openKeyVault',
    () => openKeyVault(vaultUrl, misspelt({ deadline: '3 s' })),
    'options.deadline must be a whole',
  ],
  ['create in a vault', () => vault().create('key', misspelt({ days: 90 })), 'options.days is not an option'],
  ['getOrCreate', () => vault().getOrCreate('key', misspelt({ days: 90 })), 'options.days is not an option'],
  ['get from a vault', () => vault().get('key', misspelt({ versions: '1' })), 'options.versions is not an'],
  ['list in a vault', () => vault().list(misspelt({ names: 'key' })), 'options.names is not an option'],
  ['rotate in a vault', () => vault().rotate('key', misspelt({ days: 90 })), 'options.days is not an option'],
  ['keyRingPolicy', () => keyRingPolicy(misspelt({ lifetime: 900 })), 'policy.lifetime is not an option'],
  [
    'openKeyRing',
    () => openKeyRing(source(), {}, misspelt({ algorithm: 'ES256' })),
    'options.algorithm is not an',
  ],
  [
    'openKeyRing, a source',
    () => openKeyRing([misspelt({ store, name: 'key', sign: false })]),
    'source.sign is not an option',
  ],
  [
    'writeStaticIssuer',
    () => writeStaticIssuer(source(), {}, misspelt({ issuer, folder: join(folder, 'site'), unknown: true })),
    'options.unknown is not an option',
  ],
]

const vault = (): ReturnType<typeof openKeyVault> => openKeyVault(vaultUrl)
const source = (): Parameters<typeof openKeyRing>[0] => [{ store, name: 'key' }]

describe('an option of another name or type is refused, with the names of those there are', () => {
  test.for(calls)('%s', async ([, call, message]) => {
    await expect((async () => call())()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    })
    // Nothing was written before.
    expect(readdirSync(folder)).toEqual(['keys'])
    expect(await store.list()).toHaveLength(1)
  })
})
