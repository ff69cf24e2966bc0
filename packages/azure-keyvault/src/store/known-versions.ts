import type { SigningKey } from '@sealwright/core'
import type { ListedVersion } from '../vault/listed-version.ts'

/** A change younger than this, in milliseconds, may be followed by another in the same second. The vault's clock is not ours. */
const settled = 60_000

/**
 * The versions that were read before. The key of a version never changes, and a list shows when anything else changed.
 * So only new or changed versions of a large ring are read.
 */
export class KnownVersions {
  readonly #known = new Map<string, { readonly updatedAt: number; readonly key: SigningKey | null }>()

  /** @returns null for a version that is known not to be a signing key; undefined when it must be read */
  get(name: string, { version, updatedAt }: ListedVersion): SigningKey | null | undefined {
    const known = this.#known.get(`${name}/${version}`)
    return known !== undefined && known.updatedAt === updatedAt?.getTime() ? known.key : undefined
  }

  /**
   * Remembers a version that was read after it was listed.
   *
   * @param key null when it is not a signing key
   */
  add(name: string, { version, updatedAt }: ListedVersion, key: SigningKey | null): void {
    if (updatedAt === null || Date.now() - updatedAt.getTime() < settled) return
    this.#known.set(`${name}/${version}`, { updatedAt: updatedAt.getTime(), key })
  }

  /** Forgets the versions of that name that are no longer listed. */
  keepOnly(name: string, listed: readonly ListedVersion[]): void {
    const versions = new Set(listed.map(({ version }) => `${name}/${version}`))
    for (const id of this.#known.keys()) {
      if (id.startsWith(`${name}/`) && !versions.has(id)) this.#known.delete(id)
    }
  }
}
