import { createHash, randomBytes, type KeyObject } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { decodeBitString, readBer, SequenceReader } from '../asn1/ber.ts'

export interface ValidityOptions {
  /** Default now. Fractions of a second are dropped: certificates have none. */
  readonly notBefore?: Date | undefined
  /** The last second it is valid. Its default is as many days after `notBefore` as the profile says. */
  readonly notAfter?: Date | undefined
}

export interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

const dayInMilliseconds = 24 * 60 * 60 * 1000

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function resolveValidity(options: ValidityOptions, defaultDays: number): Validity {
  const notBefore = wholeSeconds(options.notBefore ?? new Date(), 'notBefore')
  const notAfter = wholeSeconds(
    options.notAfter ?? new Date(notBefore.getTime() + defaultDays * dayInMilliseconds),
    'notAfter',
  )
  if (notAfter <= notBefore) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `notAfter (${notAfter.toISOString()}) is not later than notBefore (${notBefore.toISOString()})`,
    )
  }
  return { notBefore, notAfter }
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a time that certificates and CRLs cannot say */
export function wholeSeconds(value: Date, name: string): Date {
  const whole = new Date(Math.floor(value.getTime() / 1000) * 1000)
  const year = whole.getUTCFullYear()
  // What UTCTime and GeneralizedTime can say; false for NaN as well.
  if (!(year >= 1950 && year <= 9999)) {
    throw new SealwrightError('INVALID_ARGUMENT', `${name} is not a time between the years 1950 and 9999`)
  }
  return whole
}

/**
 * RFC 5280 §4.1.2.2: positive and at most 20 octets. 16 octets, of which 126 bits are random: the first two bits are 01, which
 * keeps the number positive and all serial numbers of one length.
 */
export function randomSerialNumber(): Uint8Array {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}

/** SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
export function encodePublicKey(publicKey: KeyObject): Uint8Array {
  return publicKey.export({ format: 'der', type: 'spki' })
}

/**
 * RFC 5280 §4.2.1.2, method (1): SHA-1 of the BIT STRING's value, without tag, length and number of unused bits.
 *
 * @param publicKeyInfo as {@link encodePublicKey} has it, which takes as long as a signature: encode once
 */
export function keyIdentifierOf(publicKeyInfo: Uint8Array): Uint8Array {
  const what = 'the public key'
  const info = new SequenceReader(readBer(publicKeyInfo, what, { elements: 20, depth: 5 }), what)
  info.any('algorithm')
  const { bytes } = decodeBitString(info.any('subjectPublicKey'), what)
  return createHash('sha1').update(bytes).digest()
}
