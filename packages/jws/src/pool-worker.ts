import type { KeyObject, SignKeyObjectInput } from 'node:crypto'
import type { DigestName } from '@sealwright/core'

/** What a thread is given when it starts. */
export interface WorkerKey {
  readonly key: KeyObject | SignKeyObjectInput
  readonly digest: DigestName | null
  /** An upper bound of the length of a signature, in bytes. */
  readonly maximumLength: number
}

/** Signing inputs, one after the other. */
export interface Batch {
  readonly data: Uint8Array<ArrayBuffer>
  readonly lengths: Uint32Array<ArrayBuffer>
}

/** Signatures as OpenSSL makes them (ECDSA: DER), each at a multiple of `maximumLength`; or why there are none. */
export type BatchResult =
  | {
      readonly signatures: Uint8Array<ArrayBuffer>
      readonly lengths: Uint32Array<ArrayBuffer>
      /** How long it took, in milliseconds. */
      readonly duration: number
    }
  | { readonly error: unknown }

/**
 * What runs in a thread of the pool: takes batches and answers each in turn. It is text, so that there is no second entry
 * file which a bundler would have to find, and nothing that rewrites functions on the way here, such as coverage counters
 * and the helpers of compilers, can put a name into it that the thread does not have.
 */
export const poolWorkerSource: string = `'use strict'
const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
const { sign } = process.getBuiltinModule('node:crypto')
const { performance } = process.getBuiltinModule('node:perf_hooks')
const { key, digest, maximumLength } = workerData

parentPort.on('message', (batch) => {
  try {
    const result = signAll(batch)
    parentPort.postMessage(result, [result.signatures.buffer, result.lengths.buffer])
  } catch (error) {
    parentPort.postMessage({ error })
  }
})

function signAll({ data, lengths: inputLengths }) {
  const start = performance.now()
  const count = inputLengths.length
  const signatures = new Uint8Array(count * maximumLength)
  const lengths = new Uint32Array(count)
  let offset = 0
  for (let index = 0; index < count; index++) {
    const end = offset + inputLengths[index]
    const signature = sign(digest, data.subarray(offset, end), key)
    signatures.set(signature, index * maximumLength)
    lengths[index] = signature.length
    offset = end
  }
  return { signatures, lengths, duration: performance.now() - start }
}
`
