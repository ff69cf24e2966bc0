import type { PendingSignature } from './pending-signature.ts'

/** A batch takes no further inputs once it has this many bytes, because it is copied in one piece. */
const usualBatchBytes = 1024 * 1024
/** How many more aborted signatures than wanted ones may be in the line before they are removed. */
const toleratedAborts = 64

/** The signatures that no thread has yet, in the order of the requests. */
export class SignatureQueue {
  /** Aborted ones stay in it until they are passed over. */
  #line: PendingSignature[] = []

  get length(): number {
    return this.#line.length
  }

  push(signature: PendingSignature): void {
    this.#line.push(signature)
  }

  /** Puts signatures back to the front. */
  unshift(signatures: readonly PendingSignature[]): void {
    this.#line.unshift(...signatures)
  }

  /** Takes the first `count` wanted signatures, or fewer if they are large. They are of one kind: all have the same prefix. */
  take(count: number): readonly PendingSignature[] {
    const batch: PendingSignature[] = []
    let bytes = 0
    let taken = 0
    for (const signature of this.#line) {
      if (batch.length === count || bytes >= usualBatchBytes) break
      if (batch.length > 0 && signature.prefix !== batch[0]?.prefix) break
      taken++
      if (!signature.isWanted) continue
      batch.push(signature)
      bytes += signature.data.length
    }
    this.#line.splice(0, taken)
    return batch
  }

  /** Takes the wanted signatures for which `isTaken` returns true. If there are any, drops the aborted ones. */
  takeWhere(isTaken: (signature: PendingSignature) => boolean): readonly PendingSignature[] {
    const taken = this.#line.filter((signature) => signature.isWanted && isTaken(signature))
    if (taken.length > 0) {
      this.#line = this.#line.filter((signature) => signature.isWanted && !isTaken(signature))
    }
    return taken
  }

  /** Drops aborted signatures once they are many, so that they cannot pile up while all threads are busy. */
  prune(wanted: number): void {
    if (this.#line.length > 2 * wanted + toleratedAborts) {
      this.#line = this.#line.filter((signature) => signature.isWanted)
    }
  }

  /** Counts the death of a thread for every signature that waits. */
  countDeath(): void {
    for (const signature of this.#line) signature.deaths++
  }
}
