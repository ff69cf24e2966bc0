import { isSealwrightError } from '@sealwright/core'
import { readBer, type BerElement } from '../../src/asn1/ber.ts'

/** @param bytes or hexadecimal, with spaces anywhere */
export function read(bytes: Uint8Array | readonly number[] | string, depth = 8, elements = 100): BerElement {
  return readBer(bytesOf(bytes), 'the input', { depth, elements })
}

export function bytesOf(bytes: Uint8Array | readonly number[] | string): Uint8Array {
  return Uint8Array.from(typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes)
}

/** The code and the message of the SealwrightError that is thrown; what is returned fails the test. */
export function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (isSealwrightError(error)) return `${error.code}: ${error.message}`
    throw error
  }
  throw new Error('it did not throw')
}
