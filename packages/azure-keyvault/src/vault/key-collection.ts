import type { KeyObject, JsonWebKey } from 'node:crypto'
import type { JsonWebKey as VaultJsonWebKey } from '@azure/keyvault-keys'
import type { SigningKey } from '@sealwright/core'
import type { Collection, NewKey } from './collection.ts'
import type { VersionRecord } from './records.ts'
import type { VaultClient } from './connection.ts'
import { vaultKeyType } from './key-types.ts'
import { VaultSigningKey } from './signing-key.ts'

type Signal = AbortSignal | undefined

/** The bare keys of a vault or managed HSM: `/keys/NAME`. They have no certificates. */
export class KeyCollection implements Collection {
  readonly kind = 'keys'
  readonly #client: VaultClient

  constructor(client: VaultClient) {
    this.#client = client
  }

  async find(name: string, version: string | null, signal: Signal): Promise<SigningKey | null> {
    const record = await this.#client.getKey(name, version, signal)
    return record === null ? null : VaultSigningKey.ofKey(this.#client, record)
  }

  names(signal: Signal): Promise<readonly string[]> {
    return this.#client.listKeys(signal)
  }

  versions(name: string, signal: Signal): Promise<readonly VersionRecord[]> {
    return this.#client.listKeyVersions(name, signal)
  }

  async create(name: string, key: NewKey, signal: Signal): Promise<string> {
    const type = vaultKeyType(key.keyType, key.hardware)
    return (await this.#client.createKey(name, type, signal)).version
  }

  async rotate(name: string, _issuer: null, signal: Signal): Promise<string> {
    return (await this.#client.rotateKey(name, signal)).version
  }

  async import(
    name: string,
    privateKey: KeyObject,
    _certificates: readonly unknown[],
    hardware: boolean,
    signal: Signal,
  ): Promise<string> {
    const jwk = vaultJwk(privateKey.export({ format: 'jwk' }))
    return (await this.#client.importKey(name, jwk, hardware, signal)).version
  }

  disable(name: string, version: string, signal: Signal): Promise<void> {
    return this.#client.disableKey(name, version, signal)
  }

  delete(name: string, signal: Signal): Promise<void> {
    return this.#client.deleteKey(name, signal)
  }
}

/** A private JWK (RFC 7517, RFC 7518 §6) as the SDK takes it: bytes, and Key Vault's name of secp256k1. */
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
