import { KeyObject, type webcrypto } from 'node:crypto'
import { algorithms, SealwrightError, type Signer } from '@sealwright/core'

/** Arguments may be keys or passwords passed in the wrong place, so that no message quotes one. */
export function refused(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function checkSigner(signer: Signer): void {
  const { algorithm, publicKey, keyId, sign } = propertiesOf(signer, 'the signer')
  const { name } = propertiesOf(algorithm, 'the algorithm of the signer')
  if (!algorithms.some((row) => row.name === name))
    throw refused('the signer has an algorithm that Sealwright does not know')
  if (!(publicKey instanceof KeyObject) || publicKey.type !== 'public')
    throw refused('the publicKey of the signer is not a public KeyObject')
  if (typeof keyId !== 'string') throw refused('the keyId of the signer is not a string')
  if (typeof sign !== 'function') throw refused('the signer has no method sign')
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function checkWebCrypto(crypto: object): void {
  const { subtle, getRandomValues } = propertiesOf(crypto, 'crypto')
  if (typeof subtle !== 'object' || subtle === null || typeof getRandomValues !== 'function')
    throw refused('crypto is not an implementation of the Web Cryptography API')
}

/**
 * By shape: every implementation has a class of its own.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkCryptoKey(key: webcrypto.CryptoKey, type: 'private' | 'public', what: string): void {
  const { type: actual, algorithm, usages } = propertiesOf(key, what)
  if (actual !== type || !Array.isArray(usages)) throw refused(`${what} is not a ${type} CryptoKey`)
  if (typeof propertiesOf(algorithm, `the algorithm of ${what}`)['name'] !== 'string')
    throw refused(`the algorithm of ${what} has no name`)
}

/**
 * @param what such as `the file`
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkBytes(bytes: Uint8Array, what: string): void {
  if (!(bytes instanceof Uint8Array)) throw refused(`${what} is not a Uint8Array`)
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function checkOptions(options: object): void {
  propertiesOf(options, 'the options argument')
}

/** @throws SealwrightError `INVALID_ARGUMENT` */
export function checkOptional(value: unknown, type: 'string' | 'boolean', what: string): void {
  if (value !== undefined && typeof value !== type)
    throw refused(`${what} is of type ${typeof value}, not ${type}`)
}

/** Read without types: callers from JavaScript pass anything. */
function propertiesOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null)
    throw refused(`${what} is ${value === null ? 'null' : `of type ${typeof value}`}, not an object`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every object has properties of unknown types
  return value as Readonly<Record<string, unknown>>
}
