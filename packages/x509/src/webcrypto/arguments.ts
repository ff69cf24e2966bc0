import {
  aKeyObject,
  aString,
  hasMethod,
  invalidArgument,
  isRecord,
  must,
  type Check,
} from '@sealwright/core/internal'

/** A private or a public key. */
export const anAsymmetricKey: Check = (name, value) => {
  aKeyObject(name, value)
  if (Object(value).type === 'secret')
    throw invalidArgument(`${name} must be a private or a public key, not a secret one`)
}

export const aWebCrypto: Check = must(
  'an implementation of the Web Cryptography API, such as webcrypto of node:crypto',
  (value) => hasMethod(value, 'getRandomValues') && isRecord(value) && isRecord(value['subtle']),
)

/** By shape: every implementation has a class of its own. */
export function aCryptoKey(type: 'private' | 'public'): Check {
  return must(
    `a ${type} CryptoKey`,
    (value) =>
      isRecord(value) &&
      value['type'] === type &&
      Array.isArray(value['usages']) &&
      isRecord(value['algorithm']) &&
      typeof value['algorithm']['name'] === 'string',
  )
}

/** Options that say which implementation is used and which algorithm the key has. */
export const cryptoKeyOptions: Readonly<Record<'algorithm' | 'crypto', Check>> = {
  algorithm: aString,
  crypto: aWebCrypto,
}
