import { SealwrightError } from '@sealwright/core'
import type { KeyAttestation } from './verify-key-attestation.ts'
import type { FindOptions } from '../vault/collection.ts'
import type { VaultConnection } from '../vault/connection.ts'

/**
 * Reads what a managed HSM attests about a key, unverified.
 *
 * @throws SealwrightError `NOT_FOUND`; `INVALID_ENCODING` for an answer without an attestation
 */
export async function readKeyAttestation(
  connection: VaultConnection,
  name: string,
  { version, signal }: FindOptions,
): Promise<KeyAttestation> {
  const object = `the key ${version === null ? name : `${name}/${version}`}`
  const { properties } = await connection.read({ permission: 'keys/get', object, signal }, (options) =>
    connection.sdk.keys.getKeyAttestation(name, { ...options, ...(version !== null && { version }) }),
  )
  const {
    version: format,
    certificatePemFile,
    privateKeyAttestation,
    publicKeyAttestation,
  } = properties.attestation ?? {}
  if (format === undefined || certificatePemFile === undefined || privateKeyAttestation === undefined) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      `${connection.vaultUrl} returned ${object} without an attestation`,
    )
  }
  return {
    version: format,
    certificates: Buffer.from(certificatePemFile).toString('latin1'),
    privateKeyAttestation,
    publicKeyAttestation: publicKeyAttestation ?? null,
  }
}
