import { randomBytes } from 'node:crypto'
import { invalidArgument } from '@sealwright/core/internal'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'

/** Twice what RFC 5280 §4.1.2.2 allows: longer ones exist. */
const maximumLength = 40

/**
 * A serial number in upper-case hexadecimal, two digits a byte, as in `X509Certificate.serialNumber`. Negative ones have a minus
 * sign; RFC 5280 §4.1.2.2 forbids them and asks readers to accept them.
 *
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function formatSerialNumber({ tag, constructed, content }: BerElement, source: string): string {
  const [first] = content
  if (tag !== tags.integer || constructed || first === undefined || content.length > maximumLength) {
    throw malformed(source, 'has no serial number, or one that is too long')
  }
  const value = BigInt.asIntN(8 * content.length, BigInt(`0x${Buffer.from(content).toString('hex')}`))
  const digits = (value < 0n ? -value : value).toString(16).toUpperCase()
  return `${value < 0n ? '-' : ''}${digits.length % 2 === 0 ? digits : `0${digits}`}`
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function parseSerialNumber(text: string): Buffer {
  if (typeof text !== 'string' || !/^(?:[0-9A-Fa-f]{2}){1,20}$/.test(text)) {
    throw invalidArgument('a serial number is 1 to 20 bytes in hexadecimal')
  }
  return Buffer.from(text, 'hex')
}

/**
 * The serial number of a new certificate: positive, and with its sign bit at most 20 octets (RFC 5280 §4.1.2.2).
 *
 * @param text hexadecimal; undefined for a random one
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function newSerialNumber(text: string | undefined): Uint8Array {
  if (text === undefined) return randomSerialNumber()
  const bytes = parseSerialNumber(text)
  const significant = bytes.subarray(
    Math.max(
      0,
      bytes.findIndex((octet) => octet !== 0),
    ),
  )
  if (
    significant.length > 20 ||
    (significant.length === 20 && (significant[0] ?? 0) >= 0x80) ||
    significant[0] === 0
  ) {
    throw invalidArgument(
      'the serial number of a certificate is positive and below 2^159 (RFC 5280 §4.1.2.2)',
    )
  }
  return significant
}

/**
 * 16 octets, of which 126 bits are random: the first two bits are 01, which keeps the number positive and all serial numbers of
 * one length.
 */
function randomSerialNumber(): Uint8Array {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
  return serial
}
