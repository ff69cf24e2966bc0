import { publicJwk, type Signer } from '@sealwright/core'
import { untilAborted } from '@sealwright/core/internal'
import type { Head } from '../format/chain.ts'
import { fragment } from '../format/lines.ts'
import { signSeal } from '../format/seal.ts'

export interface SealerOptions {
  readonly stream: string
  readonly signer: () => Signer
  /** Writes a mark as the last line of a batch, and returns its place. */
  readonly mark: (line: string) => Promise<Head>
  /** Writes a line. */
  readonly write: (line: string) => Promise<void>
  readonly onSealed: (head: Head) => void
}

/** Milliseconds that a signature may take. */
const signingDeadline = 3000

/**
 * Seals a stream: writes a mark, signs its chain value, and writes the signature after it. Tokens do not wait for the
 * signature, so other lines may come in between.
 */
export class Sealer {
  readonly #options: SealerOptions
  #hasUnsealed = false
  #sealing: Promise<void> | null = null

  constructor(options: SealerOptions) {
    this.#options = options
  }

  /** A line was added that needs a seal. */
  added(): void {
    this.#hasUnsealed = true
  }

  /**
   * Seals the lines that are not sealed yet, unless a seal is in progress.
   *
   * @throws what the signer and the file throw; the next call tries again
   */
  async sealIfNeeded(): Promise<void> {
    if (this.#hasUnsealed && this.#sealing === null) await this.seal('mark')
  }

  /** @throws as {@link sealIfNeeded} */
  async seal(event: 'mark' | 'close'): Promise<void> {
    // Two at a time would need two marks to be remembered.
    await this.#sealing?.catch(() => undefined)
    this.#sealing = this.#seal(event)
    try {
      await this.#sealing
    } finally {
      this.#sealing = null
    }
  }

  async #seal(event: 'mark' | 'close'): Promise<void> {
    const { stream, signer: signerOfNow, mark, write, onSealed } = this.#options
    this.#hasUnsealed = false
    try {
      const head = await mark(fragment({ event }))
      const signer = signerOfNow()
      const deadline = AbortSignal.timeout(signingDeadline)
      // A signer may ignore every deadline. Nothing would be sealed from then on, and the log would never close.
      const jws = await untilAborted(signSeal(signer, stream, head, deadline), deadline)
      await write(fragment({ event: 'seal', jws, jwk: publicJwk(signer.publicKey) }))
      onSealed(head)
    } catch (error) {
      this.#hasUnsealed = true
      throw error
    }
  }
}
