import type { JsonWebKey } from 'node:crypto'
import type { JsonWebKey as VaultJsonWebKey } from '@azure/keyvault-keys'
import type { SigningKey } from '@sealwright/core'
import type { Abortable, Collection, FindOptions, ImportedKey, NewKey } from './collection.ts'
import type { VaultConnection } from './connection.ts'
import { vaultKeyType } from './key-types.ts'
import { readKeyVersion } from './key-version.ts'
import { namesIn, newestIn, versionsIn, type ListedVersion, type NewestVersion } from './listed-version.ts'
import { VaultSigningKey } from './signing-key.ts'

/** The bare keys of a vault or managed HSM: `/keys/NAME`. They have no certificates. */
export class KeyCollection implements Collection {
  readonly kind = 'keys'
  readonly #connection: VaultConnection

  constructor(connection: VaultConnection) {
    this.#connection = connection
  }

  async find(name: string, { version, isNew, signal }: FindOptions): Promise<SigningKey | null> {
    const object = `the key ${version === null ? name : `${name}/${version}`}`
    const found = await this.#connection.find(
      { permission: 'keys/get', object, isNew, signal },
      async (options) =>
        readKeyVersion(
          await this.#connection.sdk.keys.getKey(name, { ...options, ...(version !== null && { version }) }),
        ),
    )
    return found === null ? null : VaultSigningKey.ofKey(this.#connection, found)
  }

  newest(name: string, { signal }: Abortable): Promise<NewestVersion | null> {
    const operation = { permission: 'keys/get', object: `the key ${name}`, signal } as const
    return this.#connection.find(operation, (options) =>
      newestIn((onResponse) => this.#connection.sdk.keys.getKey(name, { ...options, onResponse })),
    )
  }

  names({ signal }: Abortable): Promise<readonly string[]> {
    const operation = { permission: 'keys/list', object: 'the keys', signal } as const
    return this.#connection.read(operation, async (options) =>
      namesIn(this.#connection.sdk.keys.listPropertiesOfKeys(options)),
    )
  }

  versions(name: string, { signal }: Abortable): Promise<readonly ListedVersion[]> {
    const operation = { permission: 'keys/list', object: `the key ${name}`, signal } as const
    return this.#connection.read(operation, async (options) =>
      versionsIn(this.#connection.sdk.keys.listPropertiesOfKeyVersions(name, options)),
    )
  }

  async create(name: string, { keyType, hardware }: NewKey, { signal }: Abortable): Promise<string> {
    const { kty, keySize, curve } = vaultKeyType(keyType, hardware)
    const operation = { permission: 'keys/create', object: `the key ${name}`, signal } as const
    const { version } = await this.#connection.create(
      { ...operation, isInHardware: hardware },
      async (abortSignal) =>
        readKeyVersion(
          await this.#connection.sdk.keys.createKey(name, kty, {
            abortSignal,
            keyOps: ['sign', 'verify'],
            ...(keySize !== null && { keySize }),
            ...(curve !== null && { curve }),
          }),
        ),
    )
    return version
  }

  async rotate(name: string, { signal }: Abortable): Promise<string> {
    const operation = { permission: 'keys/rotate', object: `the key ${name}`, signal } as const
    const { version } = await this.#connection.create(
      // It is unknown here where the key is kept. The higher cost is assumed.
      { ...operation, isInHardware: true },
      async (abortSignal) => readKeyVersion(await this.#connection.sdk.keys.rotateKey(name, { abortSignal })),
    )
    return version
  }

  async import(name: string, { privateKey, hardware }: ImportedKey): Promise<string> {
    const jwk = vaultJwk(privateKey.export({ format: 'jwk' }))
    const operation = { permission: 'keys/import', object: `the key ${name}`, signal: undefined } as const
    const { version } = await this.#connection.create(
      { ...operation, isInHardware: hardware },
      async (abortSignal) => {
        const options = { abortSignal, hardwareProtected: hardware }
        return readKeyVersion(await this.#connection.sdk.keys.importKey(name, jwk, options))
      },
    )
    return version
  }

  disable(name: string, version: string): Promise<void> {
    const object = `the key ${name}/${version}`
    const operation = { permission: 'keys/update', object, signal: undefined } as const
    return this.#connection.update(operation, async (abortSignal) => {
      await this.#connection.sdk.keys.updateKeyProperties(name, version, { abortSignal, enabled: false })
    })
  }

  delete(name: string): Promise<void> {
    const operation = { permission: 'keys/delete', object: `the key ${name}`, signal: undefined } as const
    return this.#connection.remove(operation, (options) =>
      this.#connection.sdk.keys.beginDeleteKey(name, options),
    )
  }

  recover(name: string, { signal }: Abortable): Promise<void> {
    const operation = { permission: 'keys/recover', object: `the key ${name}`, signal } as const
    // It is removed from the deleted ones.
    return this.#connection.remove(operation, (options) =>
      this.#connection.sdk.keys.beginRecoverDeletedKey(name, options),
    )
  }
}

/** A private JWK (RFC 7517, RFC 7518 §6) as the SDK expects it: bytes, and Key Vault's name of secp256k1. */
function vaultJwk(jwk: JsonWebKey): VaultJsonWebKey {
  const { kty, crv } = jwk
  const members = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'x', 'y'] as const
  const values = members.flatMap((name) => {
    const value = jwk[name]
    return value === undefined ? [] : [[name, Buffer.from(value, 'base64url')] as const]
  })
  return {
    ...Object.fromEntries(values),
    kty: kty === 'RSA' ? 'RSA' : 'EC',
    ...(crv !== undefined && { crv: crv === 'secp256k1' ? 'P-256K' : crv }),
    keyOps: ['sign', 'verify'],
  }
}
