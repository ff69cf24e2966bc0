import type { KeyObject, SignKeyObjectInput } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Subject } from './keys.ts'

/** Threads that do nothing but sign: what this machine's cores can do at all. */
export interface RawThreads {
  /** Makes that many signatures with all threads together. */
  readonly run: (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** As many threads as there are cores, which call OpenSSL as directly as Node can, always with the same bytes. */
export function startRawThreads({ algorithm, privateKey }: Subject, data: Uint8Array): RawThreads {
  // The remaining work. Each thread takes some until none is left, so no thread waits for a slower one.
  const left = new Int32Array(new SharedArrayBuffer(4))
  const workerData: RawWorkerData = {
    digest: algorithm === 'Ed25519' ? null : 'sha256',
    key: algorithm === 'PS256' ? { key: privateKey, padding: 6, saltLength: 32 } : privateKey,
    data,
    left,
  }
  const workers = Array.from(
    { length: availableParallelism() },
    () => new Worker(`(${signAll.toString()})()`, { eval: true, workerData }),
  )
  return {
    async run(count) {
      Atomics.store(left, 0, count)
      await Promise.all(
        workers.map(
          (worker) =>
            new Promise((resolve) => {
              worker.once('message', resolve)
              worker.postMessage('go', [])
            }),
        ),
      )
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

interface RawWorkerData {
  readonly digest: string | null
  readonly key: KeyObject | SignKeyObjectInput
  readonly data: Uint8Array
  readonly left: Int32Array
}

/** The code of such a thread; it uses nothing from outside. */
function signAll(): void {
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  const { sign } = process.getBuiltinModule('node:crypto')
  const { digest, key, data, left }: RawWorkerData = workerData
  parentPort?.on('message', () => {
    while (Atomics.sub(left, 0, 1) > 0) sign(digest, data, key)
    parentPort.postMessage('done', [])
  })
}
