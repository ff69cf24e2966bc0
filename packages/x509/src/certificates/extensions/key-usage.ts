import type { KeyObject } from 'node:crypto'
import { invalidArgument } from '@sealwright/core/internal'
import { decodeBitString } from '../../asn1/values.ts'
import { namedBits } from '../../asn1/encode.ts'
import type { ExtensionKind } from './extension.ts'

/** The uses of a key (RFC 5280 §4.2.1.3), in the order of the bits. */
const keyUsages = [
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

/** One use of a key (RFC 5280 §4.2.1.3). */
export type KeyUsage = (typeof keyUsages)[number]

/**
 * RFC 5280 §4.2.1.3.
 *
 * @internal
 */
export const keyUsage: ExtensionKind<readonly KeyUsage[], readonly KeyUsage[]> = {
  oid: '2.5.29.15',
  critical: true,
  encode: (names) => (names.length === 0 ? null : namedBits(names.map(bitOf))),
  decode: (element, name) => {
    const { bytes } = decodeBitString(element, name)
    return keyUsages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
  },
}

function bitOf(name: KeyUsage): number {
  const bit = keyUsages.indexOf(name)
  if (bit === -1) {
    throw invalidArgument(`keyUsage has an unknown value; the values are ${keyUsages.join(', ')}`)
  }
  return bit
}

const signing: readonly KeyUsage[] = ['digitalSignature', 'nonRepudiation', 'keyCertSign', 'cRLSign']

/** By Node's name of the key type. The types that are missing, ML-DSA (RFC 9881 §5) and Ed25519 (RFC 8410 §5), only sign. */
const usagesOfType: Readonly<Record<string, readonly KeyUsage[]>> = {
  // RFC 3279 §2.3.1.
  rsa: [...signing, 'keyEncipherment', 'dataEncipherment'],
  // RFC 8813 §3.
  ec: [...signing, 'keyAgreement', 'encipherOnly', 'decipherOnly'],
}

/**
 * Refuses a key usage that a key of that type cannot have.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkKeyUsage(
  wanted: readonly KeyUsage[] | undefined,
  { asymmetricKeyType }: KeyObject,
): void {
  const possible = usagesOfType[asymmetricKeyType ?? ''] ?? signing
  const impossible = wanted?.find((usage) => keyUsages.includes(usage) && !possible.includes(usage))
  if (impossible !== undefined) {
    throw invalidArgument(
      `a key of type ${asymmetricKeyType} cannot have the key usage ${impossible}; it can have ${possible.join(', ')}`,
    )
  }
}
