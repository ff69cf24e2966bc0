import type { KeyObject } from 'node:crypto'
import type { SignatureAlgorithm, Signer, SignOptions, SyncSigner } from '@sealwright/core'

/** What a measured signer tells of each signature. */
interface Recorder {
  start(): number
  succeeded(startedAt: number): void
  failed(startedAt: number, error: unknown): void
}

export class MeasuredSigner implements Signer {
  readonly algorithm: SignatureAlgorithm
  readonly keyId: string
  readonly publicKey: KeyObject
  readonly #signer: Signer
  readonly #recorder: Recorder

  constructor(signer: Signer, recorder: Recorder) {
    this.algorithm = signer.algorithm
    this.keyId = signer.keyId
    this.publicKey = signer.publicKey
    this.#signer = signer
    this.#recorder = recorder
  }

  async sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array> {
    const startedAt = this.#recorder.start()
    try {
      const signature = await this.#signer.sign(data, options)
      this.#recorder.succeeded(startedAt)
      return signature
    } catch (error) {
      this.#recorder.failed(startedAt, error)
      throw error
    }
  }
}

export class MeasuredSyncSigner extends MeasuredSigner implements SyncSigner {
  readonly #syncSigner: SyncSigner
  readonly #syncRecorder: Recorder

  constructor(signer: SyncSigner, recorder: Recorder) {
    super(signer, recorder)
    this.#syncSigner = signer
    this.#syncRecorder = recorder
  }

  signSync(data: Uint8Array): Uint8Array {
    const startedAt = this.#syncRecorder.start()
    try {
      const signature = this.#syncSigner.signSync(data)
      this.#syncRecorder.succeeded(startedAt)
      return signature
    } catch (error) {
      this.#syncRecorder.failed(startedAt, error)
      throw error
    }
  }
}
