import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'

/** The private key of {@link secrets}. */
export const secretKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
export const secretPem: string = secretKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const jwk = secretKey.export({ format: 'jwk' })
export const secretPassword = 'correct-horse-battery-staple'

/** What callers have at hand when they mix arguments up. */
export const secrets: Readonly<Record<string, unknown>> = {
  'a PEM': secretPem,
  'a PEM in bytes': Buffer.from(secretPem),
  'a JWK': jwk,
  'a JWK as text': JSON.stringify(jwk),
  'a password': secretPassword,
}

/** Parts of the key that no error may hold. */
export const keyMarkers: readonly string[] = [...secretPem.split('\n').slice(1, 4), jwk.d ?? secretPem]
const markers = [...keyMarkers, secretPassword]

/** All that a log could show of an error. */
export function shownError(error: unknown): string {
  const shown = inspect(error, {
    depth: 8,
    showHidden: true,
    maxStringLength: null,
    maxArrayLength: null,
    breakLength: Infinity,
  })
  return error instanceof Error ? `${shown}\n${error.message}\n${error.stack ?? ''}` : shown
}

/** Whether an error, or what a log shows of it, holds a part of the secrets. */
export function holdsSecret(error: unknown): boolean {
  const text = typeof error === 'string' ? error : shownError(error)
  return markers.some((marker) => text.includes(marker))
}
