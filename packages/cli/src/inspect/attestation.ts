import { isSealwrightError, type KeyLocator, type SigningKey } from '@sealwright/core'
import type { KeyAccess } from '../keys/key-access.ts'

/** What a managed HSM attests about a key, for JSON output. */
export interface AttestationDescription {
  /** Whether the statement was verified; the other members are null where it was not. */
  readonly verified: boolean
  /** Why it was not; null where it was. */
  readonly problem: string | null
  readonly namesPublicKey: boolean | null
  readonly madeInHardware: boolean | null
  readonly extractable: boolean | null
  readonly neverExtractable: boolean | null
}

/**
 * Requests the attestation of a key from its store, and verifies it.
 *
 * @param uri the signing URI of the key
 * @returns null for a key of a store that attests nothing: everything but a managed HSM
 */
export async function describeAttestation(
  uri: string,
  key: SigningKey,
  backend: KeyLocator,
  { attestation }: KeyAccess,
): Promise<AttestationDescription | null> {
  if (!/^https:/i.test(uri)) return null
  const place = await backend.locate(uri, {})
  if (place === null) return null
  const { attestedKeyOf } = await import('@sealwright/azure-keyvault')
  try {
    const attested = await attestedKeyOf(place.store, key, attestation)
    if (attested === null) return null
    const { namesPublicKey, madeInHardware, extractable, neverExtractable } = attested
    return { verified: true, problem: null, namesPublicKey, madeInHardware, extractable, neverExtractable }
  } catch (error) {
    if (!isSealwrightError(error)) throw error
    const unknown = { namesPublicKey: null, madeInHardware: null, extractable: null, neverExtractable: null }
    return { verified: false, problem: error.message, ...unknown }
  }
}

/** For people. */
export function attestationLines(attestation: AttestationDescription | null): readonly string[] {
  if (attestation === null) return []
  const { problem, namesPublicKey, madeInHardware, extractable, neverExtractable } = attestation
  if (problem !== null) return [`  attested:   no: ${problem}`]
  return [
    `  attested:   by the managed HSM${namesPublicKey === true ? '' : ', without its public key'}`,
    `  made in the HSM ${answer(madeInHardware)}, extractable ${answer(extractable)}, never extractable ${answer(neverExtractable)}`,
  ]
}

function answer(value: boolean | null): string {
  return value === null ? 'unknown' : value ? 'yes' : 'no'
}
