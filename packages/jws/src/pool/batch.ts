import type { KeyObject, SignKeyObjectInput } from 'node:crypto'
import { ecdsaSignatureFromDer, type DigestName, type SignatureAlgorithm } from '@sealwright/core'

// The protocol between a pool and its threads: the messages, how the pool writes and reads them, and what a thread runs.

/** A key that a thread signs with. */
export interface WorkerKey {
  readonly key: KeyObject | SignKeyObjectInput
  readonly digest: DigestName | null
  /** The longest that a signature can be, in bytes. */
  readonly maximumLength: number
}

/** To a thread. Keys have numbers. */
export type ThreadMessage =
  | { readonly add: number; readonly key: WorkerKey }
  | { readonly forget: number }
  | ({ readonly sign: number } & Batch)

/** Signing inputs, one after the other. */
export interface Batch {
  readonly data: Uint8Array<ArrayBuffer>
  /** The length of each input, in bytes. */
  readonly lengths: Uint32Array<ArrayBuffer>
}

/** From a thread, one for each message with a batch, in order. */
export type BatchResult = SignedBatch | { readonly error: unknown }

/** The signatures as OpenSSL makes them (DER for ECDSA), each at a multiple of {@link WorkerKey.maximumLength}. */
export interface SignedBatch {
  readonly signatures: Uint8Array<ArrayBuffer>
  /** The length of each signature, in bytes. */
  readonly lengths: Uint32Array<ArrayBuffer>
  /** How long the thread took, in milliseconds. */
  readonly duration: number
}

/** The {@link WorkerKey} for a key and an algorithm. */
export function workerKey(
  privateKey: KeyObject,
  publicKey: KeyObject,
  algorithm: SignatureAlgorithm,
): WorkerKey {
  return {
    key: algorithm.pss === null ? privateKey : { key: privateKey, ...algorithm.pss },
    digest: algorithm.digest,
    maximumLength: maximumSignatureLength(publicKey, algorithm),
  }
}

/** An `Ecdsa-Sig-Value` in DER is at most 9 bytes longer than R‖S. Other algorithms have signatures of one length. */
function maximumSignatureLength(publicKey: KeyObject, algorithm: SignatureAlgorithm): number {
  const { coordinateLength, signatureLength } = algorithm
  if (coordinateLength !== null) return 2 * coordinateLength + 9
  return signatureLength ?? Math.ceil((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/** Puts signing inputs into one batch. */
export function packBatch(inputs: readonly { readonly data: Uint8Array }[]): Batch {
  const lengths = new Uint32Array(inputs.length)
  let total = 0
  inputs.forEach(({ data }, index) => {
    lengths[index] = data.length
    total += data.length
  })
  const data = new Uint8Array(total)
  let offset = 0
  for (const input of inputs) {
    data.set(input.data, offset)
    offset += input.data.length
  }
  return { data, lengths }
}

/** One signature of a batch, in the format of JWS. It is a copy, so that it does not keep the whole batch in memory. */
export function signatureAt(
  { signatures, lengths }: SignedBatch,
  index: number,
  maximumLength: number,
  { coordinateLength }: SignatureAlgorithm,
): Uint8Array {
  const start = index * maximumLength
  const signature = signatures.subarray(start, start + (lengths[index] ?? 0))
  return coordinateLength === null
    ? Buffer.from(signature)
    : ecdsaSignatureFromDer(signature, coordinateLength)
}

/**
 * The program of a thread: it answers each {@link Batch} with a {@link BatchResult}. A key stays with the thread until it is told to
 * forget it. The program is a string for two reasons: bundlers need
 * no second entry point, and tools that rewrite functions (coverage, compilers' helpers) cannot add names that the thread does
 * not have. A test checks it against the types above.
 */
export const workerSource: string = `'use strict'
const { parentPort } = process.getBuiltinModule('node:worker_threads')
const { sign } = process.getBuiltinModule('node:crypto')
const { performance } = process.getBuiltinModule('node:perf_hooks')
/** @type {Map<number, WorkerKey>} */
const keys = new Map()

parentPort.on('message', (/** @type {ThreadMessage} */ message) => {
  if ('add' in message) keys.set(message.add, message.key)
  else if ('forget' in message) keys.delete(message.forget)
  else answer(message)
})

/** @param {{ sign: number } & Batch} batch */
function answer(batch) {
  /** @type {BatchResult} */
  let result
  try {
    result = signAll(batch, keys.get(batch.sign))
  } catch (error) {
    result = { error }
  }
  parentPort.postMessage(result, 'error' in result ? [] : [result.signatures.buffer, result.lengths.buffer])
}

/** @param {Batch} batch @param {WorkerKey} key @returns {SignedBatch} */
function signAll({ data, lengths: inputLengths }, { key, digest, maximumLength }) {
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
