import { statSync, type BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Milliseconds. */
const defaultInterval = 5_000

/**
 * A file that is polled for changes every few seconds, through symbolic links. Polling also works on network file
 * systems, and where Kubernetes replaces a ConfigMap by changing a link.
 */
export class WatchedFile {
  readonly #path: string
  #state: string | null

  /** Reports a change when the file differs from its current state. */
  constructor(path: string) {
    this.#path = path
    this.#state = stateOf(path)
  }

  /**
   * @param onChange called after a change. A file that is missing for a moment is no change. A file that is still being
   *   written has changed again at the next look.
   * @param interval milliseconds between two looks. Default 5,000.
   * @returns a function that ends it. The process does not wait for it.
   */
  start(onChange: () => void, interval: number = defaultInterval): () => void {
    const timer = setInterval(() => void look(), interval).unref()
    let isLooking = false
    let isEnded = false
    const look = async (): Promise<void> => {
      if (isLooking) return
      isLooking = true
      const state = await stat(this.#path, { bigint: true }).then(describe, () => null)
      isLooking = false
      if (isEnded || state === null || state === this.#state) return
      this.#state = state
      onChange()
    }
    return () => {
      isEnded = true
      clearInterval(timer)
    }
  }
}

/** null for a file that cannot be read; its reader says why. */
function stateOf(path: string): string | null {
  try {
    return describe(statSync(path, { bigint: true }))
  } catch {
    return null
  }
}

function describe({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
