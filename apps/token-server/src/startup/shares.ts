import { availableParallelism } from 'node:os'

/**
 * How many threads each worker signs with, so that the workers together have about one for each core.
 *
 * @returns undefined for the threads that all keys of a process share
 */
export function signingThreads(workers: number, cores: number = availableParallelism()): number | undefined {
  return workers === 1 ? undefined : Math.max(1, Math.floor(cores / workers))
}

/** A worker's part of the signatures that the server may request from a vault; undefined for what it measures itself. */
export function shareOfQuota(quota: number | null, workers: number): number | undefined {
  return quota === null ? undefined : Math.max(1, Math.floor(quota / workers))
}
