import { createHmac, hash, randomBytes } from 'node:crypto'
import type { LRUCache } from 'lru-cache'
import { boundedMap, Counter, type ShareCounts, type SharedCounter } from './counter.ts'

export interface LockoutOptions {
  /** How many different wrong secrets of a client lock it for the address that sent them. */
  readonly limit: number
  /** Counts that several processes share, by name. Default: none. */
  readonly share?: ShareCounts | undefined
}

/** A request that authenticates a client with a secret. */
export interface Attempt {
  /** As in the request; the client may not exist. */
  readonly clientId: string
  readonly secret: string
  /** Where it comes from. */
  readonly network: string
  /** Whether the secret is right. */
  readonly matches: boolean
}

/** Milliseconds that a client is locked for an address, and after which wrong secrets are forgotten. */
export const lockWindow: number = 15 * 60 * 1000

/** A client with this many times the limit of wrong secrets, from all addresses, is under attack. */
const attackFactor = 10

/** How many wrong secrets of a client under attack lock it for the address that sent them. */
const limitUnderAttack = 3

/** How many wrong secrets from one address are reported to other processes in a window. It limits the keys in Redis. */
const sharedPerNetwork = 100

/** Of a client in the settings. */
const longestClientId = 200

/** The wrong secrets of one client from one address. */
interface Tries {
  /** A digest of each secret, useless outside this process. */
  readonly secrets: Set<string>
  readonly isLocked: boolean
}

/**
 * Locks a client for an address that has sent several wrong secrets for it.
 *
 * - A client is locked for that address only, so an attacker who knows its id cannot shut it out. If wrong secrets come
 *   from many addresses, the client is locked for each of them sooner.
 * - Only different secrets count: an instance of a client that has kept an old secret does not lock the others.
 * - Clients that do not exist are locked in the same way, so a lock does not tell which exist.
 */
export class Lockout {
  readonly #limit: number
  readonly #tries: LRUCache<string, Tries>
  readonly #clients: Counter
  readonly #sharedTries: SharedCounter | null
  readonly #sharing: Counter
  /** For the digests of wrong secrets: one of them may be right elsewhere. */
  readonly #key = randomBytes(32)

  constructor({ limit, share }: LockoutOptions) {
    this.#limit = limit
    this.#tries = boundedMap(lockWindow)
    const ofClients = { limit: limit * attackFactor, window: lockWindow }
    this.#clients = new Counter({ ...ofClients, shared: share?.('attack', ofClients) })
    this.#sharedTries = share?.('lock', { limit, window: lockWindow }) ?? null
    this.#sharing = new Counter({ limit: sharedPerNetwork, window: lockWindow })
  }

  /**
   * Records an attempt to authenticate.
   *
   * @returns milliseconds for which the client is locked for this address; 0 if it is not. While locked, an attempt is
   *   refused even with the right secret
   */
  judge({ clientId, secret, network, matches }: Attempt): number {
    const client = clientId.length > longestClientId ? digestOf(clientId) : clientId
    const key = `${network} ${client}`
    const tries = this.#tries.get(key)
    if (tries?.isLocked === true) return Math.max(1, this.#tries.getRemainingTTL(key))
    if (!matches) this.#noteWrong(key, client, network, secret)
    return 0
  }

  #noteWrong(key: string, client: string, network: string, secret: string): void {
    const { secrets } = this.#tries.get(key) ?? { secrets: new Set() }
    const digest = createHmac('sha256', this.#key).update(secret).digest('base64url')
    if (secrets.has(digest)) return
    secrets.add(digest)
    const isShared = this.#sharing.take(network) === 0
    this.#clients.take(client, { isShared })
    const limit = this.#clients.isOver(client) ? Math.min(limitUnderAttack, this.#limit) : this.#limit
    this.#tries.set(key, { secrets, isLocked: secrets.size >= limit })
    // A single wrong secret is a mistake, and stays in this process.
    if (isShared && secrets.size > 1) void this.#share(key, secrets)
  }

  async #share(key: string, secrets: Set<string>): Promise<void> {
    const wait = (await this.#sharedTries?.add(digestOf(key))) ?? 0
    if (wait === 0 || this.#tries.get(key)?.isLocked === true) return
    this.#tries.set(key, { secrets, isLocked: true }, { ttl: wait })
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}
