import { availableParallelism } from 'node:os'
import type { PendingSignature } from './pending-signature.ts'
import type { PooledKey } from './pooled-key.ts'
import { setImmediate } from './real-timers.ts'
import { SigningThread } from './signing-thread.ts'

/**
 * Threads that sign with the keys of several pools. They run while there is such a pool. Keys take turns: each gets one batch,
 * about a millisecond of a thread, before any of them gets another. So a key with few signatures does not wait behind one with many.
 */
export class ThreadGroup {
  readonly #threadCount: number
  readonly #threads = new Set<SigningThread>()
  readonly #keys = new Set<PooledKey>()
  #turns = 0
  #isDispatchDue = false
  #setReady: () => void = () => undefined
  #ready = this.#untilReady()

  /** @param threadCount how many threads run */
  constructor(threadCount: number) {
    this.#threadCount = threadCount
  }

  /** Resolves when the first thread runs. */
  get ready(): Promise<void> {
    return this.#ready
  }

  /** @throws SealwrightError `UNAVAILABLE` if no thread runs and none can be started */
  add(key: PooledKey): void {
    const problem = this.#startThreads()
    if (problem !== null) throw key.noThread(problem.cause)
    this.#keys.add(key)
  }

  /** Removes the key from all threads, and ends them after the last key. The key must have nothing left to sign. */
  async remove(key: PooledKey): Promise<void> {
    this.#keys.delete(key)
    for (const thread of this.#threads) thread.forget(key)
    if (this.#keys.size > 0) return
    const threads = [...this.#threads]
    this.#threads.clear()
    this.#ready = this.#untilReady()
    await Promise.all(threads.map((thread) => thread.end()))
  }

  /**
   * Dispatches at the end of this turn of the event loop. So all signatures that a server requests in one turn are sent together,
   * and threads that get work while their answers are read cannot keep the loop reading.
   */
  dispatchSoon(): void {
    if (this.#isDispatchDue) return
    this.#isDispatchDue = true
    setImmediate(this.#dispatchNow)
  }

  readonly #dispatchNow = (): void => {
    this.#isDispatchDue = false
    this.#dispatch()
  }

  /**
   * Sends what waits. Threads with nothing to do get equal parts of it, which are not so small that the messages cost more than they gain.
   * Busy threads get a second batch only while some key has a full one: what waits meanwhile makes the next batch larger. They get that of
   * the key whose turn it is, or a key with few signatures would wait for ever beside one with many.
   */
  #dispatch(): void {
    const keys = [...this.#keys].filter(({ waiting }) => waiting > 0).toSorted(byTurn)
    if (keys.length === 0) return
    const problem = this.#startThreads()
    if (problem !== null) {
      for (const key of keys) key.giveUp(key.noThread(problem.cause))
      return
    }
    let idle = 0
    for (const thread of this.#threads) if (thread.isOnline && thread.load === 0) idle++
    const places = Math.max(1, Math.floor(idle / keys.length))
    const turns = keys.map((key) => ({ key, size: key.batchSize(places) }))
    let isSending = true
    while (isSending) {
      isSending = false
      for (const { key, size } of turns) {
        const thread = this.#leastBusy()
        if (thread === null) return
        if (thread.load > 0 && !turns.some((each) => each.key.waiting >= each.key.fullBatch)) return
        if (key.waiting === 0) continue
        const signatures = key.take(size)
        if (signatures.length > 0) send(thread, key, signatures)
        key.lastTurn = ++this.#turns
        isSending = true
      }
    }
  }

  #leastBusy(): SigningThread | null {
    let found: SigningThread | null = null
    for (const thread of this.#threads) {
      if (thread.free > 0 && (found === null || thread.load < found.load)) found = thread
    }
    return found
  }

  /** Starts the missing threads. If Node refuses some, the running ones are enough. */
  #startThreads(): { readonly cause: unknown } | null {
    try {
      while (this.#threads.size < this.#threadCount) this.#startThread()
      return null
    } catch (cause) {
      return this.#threads.size > 0 ? null : { cause }
    }
  }

  #startThread(): void {
    const thread = new SigningThread({
      online: () => {
        if (!this.#threads.has(thread)) return
        this.#setReady()
        this.#dispatch()
      },
      answered: ({ key, signatures, memory }, result) => {
        key.receive(signatures, result, memory)
        this.dispatchSoon()
      },
      ended: (_, cause) => this.#bury(thread, cause),
    })
    this.#threads.add(thread)
  }

  #untilReady(): Promise<void> {
    return new Promise((resolve) => (this.#setReady = resolve))
  }

  /** Moves the batches of a failed thread to the others. A new thread starts when there is work. */
  #bury(thread: SigningThread, cause: unknown): void {
    // One that was ended has nothing left.
    if (!this.#threads.delete(thread)) return
    const [signing, next] = thread.unanswered
    if (next !== undefined) next.key.takeBack(next.signatures, 0)
    if (signing !== undefined) signing.key.takeBack(signing.signatures, 1)
    // A thread that never ran may have died because of anything that waits, unless other threads run.
    const isAlone = !thread.isOnline && ![...this.#threads].some((other) => other.isOnline)
    for (const key of this.#keys) {
      if (isAlone) key.countDeath()
      key.giveUpHopeless(cause)
    }
    this.#dispatch()
  }
}

function send(thread: SigningThread, key: PooledKey, signatures: readonly PendingSignature[]): void {
  try {
    thread.send({ key, signatures })
  } catch (cause) {
    key.refuse(signatures, cause)
  }
}

/** The key that has waited longest for its turn first. */
function byTurn(a: PooledKey, b: PooledKey): number {
  return a.lastTurn - b.lastTurn
}

let shared: ThreadGroup | null = null

/** The threads that all pools of this process share, as many as it has cores. */
export function sharedThreads(): ThreadGroup {
  shared ??= new ThreadGroup(availableParallelism())
  return shared
}
