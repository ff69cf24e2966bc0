import type { Signer } from '@sealwright/core'
import { wrapSigner } from '@sealwright/core/internal'

/** What a measured signer reports for each signature. */
interface Recorder {
  start(): number
  succeeded(startedAt: number): void
  failed(startedAt: number, error: unknown): void
}

/** The signer, which reports each signature to a recorder. */
export function measuredSigner(signer: Signer, recorder: Recorder): Signer {
  return wrapSigner(signer, {
    async sign(data, options) {
      const startedAt = recorder.start()
      try {
        const signature = await signer.sign(data, options)
        recorder.succeeded(startedAt)
        return signature
      } catch (error) {
        recorder.failed(startedAt, error)
        throw error
      }
    },
    signSync: (sync) => (data) => {
      const startedAt = recorder.start()
      try {
        const signature = sync.signSync(data)
        recorder.succeeded(startedAt)
        return signature
      } catch (error) {
        recorder.failed(startedAt, error)
        throw error
      }
    },
  })
}
