import type { KeyObject, SignKeyObjectInput } from 'node:crypto'
import type { DigestName, SignatureAlgorithm } from '@sealwright/core'
import type { PendingSignature } from './pending-signature.ts'

// The protocol between a pool and its threads. Inputs and results are in memory that both share. The messages are small.

/** The most signatures in a batch. */
export const maximumBatch = 64

/** The longest input in bytes: what OpenSSL takes at once. It also keeps all places in a batch below 2³². */
export const maximumInput: number = 2 ** 31 - 1

/** A key that a thread signs with. */
export interface WorkerKey {
  readonly key: KeyObject | SignKeyObjectInput
  readonly digest: DigestName | null
  /** The length of R and of S in bytes for ECDSA, which OpenSSL encodes in DER. null for other algorithms. */
  readonly coordinateLength: number | null
  /** The length of a signature in a JWS, in bytes. */
  readonly signatureLength: number
}

/** To a thread. Keys and memories have numbers. A number without more is the memory that has a batch to sign. */
export type ThreadMessage =
  | { readonly add: number; readonly key: WorkerKey }
  | { readonly forget: number }
  | { readonly share: number; readonly memory: SharedArrayBuffer }
  | number

/** From a thread, one for each batch, in order: the milliseconds that it took. The results are in the memory of the batch. */
export type BatchResult = number | { readonly error: unknown }

/** The {@link WorkerKey} for a key and an algorithm. */
export function workerKey(
  privateKey: KeyObject,
  publicKey: KeyObject,
  { pss, digest, coordinateLength, signatureLength }: SignatureAlgorithm,
): WorkerKey {
  return {
    key: pss === null ? privateKey : { key: privateKey, ...pss },
    digest,
    coordinateLength,
    signatureLength: signatureLength ?? Math.ceil((publicKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8),
  }
}

/**
 * The words of 32 bits at the start of a batch: the number of the key; how many inputs there are; the length of the text that all tokens
 * begin with, or 0 in a batch of signatures; where the results begin, in bytes. The length of each input follows. In a batch of tokens the
 * thread replaces it by the length of the token.
 */
export const words = { key: 0, count: 1, prefixLength: 2, results: 3, lengths: 4 } as const

/** Where the prefix of the tokens begins, in bytes, followed by the inputs. */
export const dataStart: number = 4 * (words.lengths + maximumBatch)

/** Memory that is shared with a thread. It has room for one batch. */
export class BatchMemory {
  readonly shared: SharedArrayBuffer
  readonly #words: Uint32Array
  readonly #bytes: Buffer

  /** @param size in bytes; a multiple of 4 */
  constructor(size: number) {
    this.shared = new SharedArrayBuffer(size)
    this.#words = new Uint32Array(this.shared)
    this.#bytes = Buffer.from(this.shared)
  }

  /** Writes a batch: its signatures have the same prefix. */
  write(key: number, signatures: readonly PendingSignature[]): void {
    const prefix = prefixOf(signatures)
    let end = dataStart + this.#bytes.write(prefix, dataStart, 'latin1')
    signatures.forEach(({ data }, index) => {
      const start = end
      if (typeof data === 'string') {
        end += this.#bytes.write(data, start)
      } else {
        this.#bytes.set(data, start)
        end += data.length
      }
      this.#words[words.lengths + index] = end - start
    })
    this.#words[words.key] = key
    this.#words[words.count] = signatures.length
    this.#words[words.prefixLength] = prefix.length
    this.#words[words.results] = end
  }

  /** Resolves the signatures of the batch. */
  resolve(signatures: readonly PendingSignature[], { signatureLength }: WorkerKey): void {
    const isTokens = this.#words[words.prefixLength] !== 0
    let start = this.#words[words.results] ?? 0
    signatures.forEach((signature, index) => {
      const end = start + (isTokens ? (this.#words[words.lengths + index] ?? 0) : signatureLength)
      signature.resolve(this.#bytes, start, end)
      start = end
    })
  }
}

/** How many bytes a batch takes at most, with its results. */
export function sizeOf(signatures: readonly PendingSignature[], { signatureLength }: WorkerKey): number {
  const prefix = prefixOf(signatures)
  let size = dataStart + prefix.length
  for (const { data } of signatures) {
    // UTF-8 takes up to 3 bytes for a UTF-16 unit; base64 makes 4 bytes of each 3, and of what is left.
    size +=
      typeof data === 'string'
        ? 7 * data.length + prefix.length + 4 * Math.ceil(signatureLength / 3) + 5
        : data.length + signatureLength
  }
  return size
}

function prefixOf([first]: readonly PendingSignature[]): string {
  return first?.prefix ?? ''
}
