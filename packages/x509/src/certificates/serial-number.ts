import { SealwrightError } from '@sealwright/core'
import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { unsignedInteger, type DerValue } from '../asn1/der.ts'

/** Twice what RFC 5280 §4.1.2.2 allows: there are longer ones. */
const maximumLength = 40

/**
 * A serial number in hexadecimal, upper case, two digits to a byte, as `X509Certificate.serialNumber` has it.
 *
 * @throws SealwrightError `INVALID_ENCODING` for a negative one as well, which RFC 5280 forbids
 */
export function formatSerialNumber({ tag, constructed, content }: BerElement, what: string): string {
  const [first = 0xff] = content
  if (tag !== tags.integer || constructed || first >= 0x80 || content.length > maximumLength) {
    throw malformed(what, 'has a serial number that is negative, too long, or none')
  }
  const magnitude = first === 0 && content.length > 1 ? content.subarray(1) : content
  return Buffer.from(magnitude).toString('hex').toUpperCase()
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function parseSerialNumber(text: string): DerValue {
  if (!/^(?:[0-9A-Fa-f]{2}){1,20}$/.test(text)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the serial number ${JSON.stringify(text)} is not 1 to 20 bytes in hexadecimal`,
    )
  }
  return unsignedInteger(Buffer.from(text, 'hex'))
}
