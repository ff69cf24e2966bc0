import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { isSealwrightError, type ErrorCode, type KeyTypeName, type SigningKey } from '@sealwright/core'
import type { Capabilities } from './subject.ts'

/** A unique name. */
export function uniqueName(): string {
  return `contract-${randomBytes(6).toString('hex')}`
}

/** The quickest type of key the store makes. */
export function anyKeyType(capabilities: Capabilities): KeyTypeName {
  const [first] = capabilities.keyTypes
  assert(first !== undefined, 'the capabilities name no key type')
  return first
}

/** Awaits an error of one of those codes and returns it. */
export async function rejection(promise: Promise<unknown>, ...codes: readonly ErrorCode[]): Promise<Error> {
  const expected = codes.join(' or ')
  const error: unknown = await promise.then(
    (value) => assert.fail(`expected ${expected}, got ${String(value)}`),
    (reason: unknown) => reason,
  )
  assert(error instanceof Error, `a value that is not an Error was thrown: ${String(error)}`)
  const code = isSealwrightError(error) ? error.code : null
  assert(
    code !== null && codes.includes(code),
    `expected ${expected}, got ${code ?? error.name}: ${error.message}`,
  )
  assert(error.message.length > 20, `the message says too little: ${error.message}`)
  return error
}

/** What identifies a key to those who hold its tokens. */
export function identity(key: SigningKey | null): Record<string, unknown> {
  assert(key !== null, 'the key is not there')
  return {
    name: key.name,
    version: key.version,
    keyId: key.keyId,
    certificates: key.certificates.map((certificate) => certificate.raw.toString('base64')),
    enabled: key.enabled,
  }
}
