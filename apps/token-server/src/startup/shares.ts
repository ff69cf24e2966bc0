import type { KeyObject } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { CreateSignerOptions } from '@sealwright/jws'

/**
 * Where each worker signs with a key of this machine, so that the workers together use about one thread for each core. A worker
 * that has one core alone signs with a quick key in its own thread: to hand such a signature over takes longer than to make it.
 */
export function signingPlace(
  workers: number,
  key: KeyObject,
  cores: number = availableParallelism(),
): Pick<CreateSignerOptions, 'mode' | 'threads'> {
  // The threads that all keys of a process share.
  if (workers === 1) return {}
  const threads = Math.max(1, Math.floor(cores / workers))
  return threads === 1 && isQuick(key) ? { mode: 'inline' } : { threads }
}

function isQuick({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === 'ed25519' || asymmetricKeyDetails?.namedCurve === 'prime256v1'
}

/** A worker's part of the signatures that the server may request from a vault; undefined for what it measures itself. */
export function shareOfQuota(quota: number | null, workers: number): number | undefined {
  return quota === null ? undefined : Math.max(1, Math.floor(quota / workers))
}
