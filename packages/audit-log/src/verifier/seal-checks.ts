import type { Head } from '../format/chain.ts'
import type { SealLine } from '../format/lines.ts'
import { isSealSigned, parseSeal, sealKey, sealPayload } from '../format/seal.ts'

/** The result of checking a seal: the `kid` of its key, or why it is not valid. */
export type SealVerdict =
  | { readonly kid: string; readonly problem: null }
  | { readonly kid: string | null; readonly problem: string; readonly isUntrusted?: true }

/**
 * Checks the seal of a stream.
 *
 * @param mark the mark that the seal must cover; null if no mark is waiting for a seal
 * @param trusted the thumbprints of the keys that may sign; null for any
 */
export function checkSeal(
  { jws, jwk }: SealLine,
  stream: string,
  mark: Head | null,
  trusted: ReadonlySet<string> | null,
): SealVerdict {
  const seal = parseSeal(jws)
  if (seal === null) return { kid: null, problem: 'the seal is not a JWS of the right type' }
  const { kid } = seal
  if (mark === null) return { kid, problem: 'there is no unsealed mark before the seal' }
  if (seal.payload !== sealPayload(stream, mark)) {
    return {
      kid,
      problem: `the seal does not match the lines up to ${mark.sequence}: they were changed, or the seal was moved`,
    }
  }
  const key = sealKey(kid, jwk)
  if (key === null) return { kid, problem: 'the kid of the seal is not the thumbprint of its key' }
  if (trusted !== null && !trusted.has(kid)) {
    return {
      kid,
      problem: `the seal was made with the key ${kid}, which is not one of yours`,
      isUntrusted: true,
    }
  }
  return isSealSigned(seal, key)
    ? { kid, problem: null }
    : { kid, problem: 'the signature of the seal is wrong' }
}
