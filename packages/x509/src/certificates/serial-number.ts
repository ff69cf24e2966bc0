import { SealwrightError } from '@sealwright/core'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'

/** Twice what RFC 5280 §4.1.2.2 allows: there are longer ones. */
const maximumLength = 40

/**
 * A serial number in hexadecimal, upper case, two digits to a byte, as `X509Certificate.serialNumber` has it. Negative ones,
 * which RFC 5280 §4.1.2.2 forbids and wants read nevertheless, have a minus sign.
 *
 * @throws SealwrightError `INVALID_ENCODING`
 */
export function formatSerialNumber({ tag, constructed, content }: BerElement, what: string): string {
  const [first] = content
  if (tag !== tags.integer || constructed || first === undefined || content.length > maximumLength) {
    throw malformed(what, 'has a serial number that is too long, or none')
  }
  const value = BigInt.asIntN(8 * content.length, BigInt(`0x${Buffer.from(content).toString('hex')}`))
  const digits = (value < 0n ? -value : value).toString(16).toUpperCase()
  return `${value < 0n ? '-' : ''}${digits.length % 2 === 0 ? digits : `0${digits}`}`
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function parseSerialNumber(text: string): Buffer {
  if (!/^(?:[0-9A-Fa-f]{2}){1,20}$/.test(text)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the serial number ${JSON.stringify(text)} is not 1 to 20 bytes in hexadecimal`,
    )
  }
  return Buffer.from(text, 'hex')
}
