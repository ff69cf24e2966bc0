import type { KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'

/** What a key may be used for (RFC 5280 §4.2.1.3), in the order of the bits. */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof keyUsages)[number]

const signing: readonly KeyUsage[] = ['digitalSignature', 'nonRepudiation', 'keyCertSign', 'cRLSign']

/** By Node's name of the key type; those that are not here, ML-DSA (RFC 9881 §5) and Ed25519 (RFC 8410 §5), sign only. */
const usagesOfType: Readonly<Record<string, readonly KeyUsage[]>> = {
  // RFC 3279 §2.3.1.
  rsa: [...signing, 'keyEncipherment', 'dataEncipherment'],
  // RFC 8813 §3.
  ec: [...signing, 'keyAgreement', 'encipherOnly', 'decipherOnly'],
}

/**
 * Makes sure that a certificate does not promise of its key what such a key cannot do.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkKeyUsage(
  keyUsage: readonly KeyUsage[] | undefined,
  { asymmetricKeyType }: KeyObject,
): void {
  const possible = usagesOfType[asymmetricKeyType ?? ''] ?? signing
  const impossible = keyUsage?.find((usage) => keyUsages.includes(usage) && !possible.includes(usage))
  if (impossible !== undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the key usage ${impossible} is not for keys of type ${asymmetricKeyType}; there are ${possible.join(', ')}`,
    )
  }
}
