import { isSealwrightError } from '@sealwright/core'
import { readFailure } from '../errors/failure.ts'
import type { Permission } from '../errors/service-errors.ts'
import { textMember } from '../members.ts'
import { settingsOf, type KeyVaultOptions, type Settings } from '../options.ts'
import { creationCost } from '../requests/quota-costs.ts'
import type { Patience } from '../requests/request-queue.ts'
import { VaultRequests, type Send, type VaultRequest } from '../requests/vault-requests.ts'
import type { KeyVaultStatus } from '../requests/vault-status.ts'
import { SdkClients } from '../sdk/sdk-clients.ts'

/** One operation on the vault, as messages and the queue know it. */
export interface Operation {
  /** The permission it needs. */
  readonly permission: Permission
  /** The object it concerns, such as `the key my-app/0123…`. */
  readonly object: string
  /** Whether it was made a moment ago, so that some parts of the service may not have it yet. Default false. */
  readonly isNew?: boolean | undefined
  readonly signal: AbortSignal | undefined
}

/** What ends one request that reads. */
export interface ReadOptions {
  readonly abortSignal: AbortSignal
  readonly requestOptions: { readonly timeout: number }
}

/** What one attempt to remove something is sent with. */
export interface RemoveOptions {
  readonly abortSignal: AbortSignal
  /** Call this with each answer. */
  readonly onResponse: (response: {
    readonly request: { readonly method: string }
    readonly status: number
  }) => void
}

/** A digest to sign. */
export interface SignRequest {
  readonly name: string
  readonly version: string
  /** As Key Vault names it. */
  readonly algorithm: string
  readonly digest: Uint8Array
  /** Units of the vault's quota. */
  readonly cost: number
  /** Whether the key was created a moment ago. */
  readonly isNew: boolean
  readonly signal: AbortSignal | undefined
}

/** The vault's answer to a {@link SignRequest}, unverified. */
export interface SignAnswer {
  /** null when the answer has none. */
  readonly signature: Uint8Array | null
  /** The key that the vault says it signed with; null when it does not say. */
  readonly keyId: string | null
}

/** A read may take this many times as long as a signature before it is sent again: it is larger, and less urgent. */
const readTimeoutFactor = 3

/**
 * How long a signature may wait for its turn: half of its deadline in a burst, which leaves time for a second attempt,
 * and a tenth under sustained load above the quota.
 */
export function signaturePatience(deadline: number): Patience {
  return { burst: deadline / 2, standing: deadline / 10 }
}

/**
 * The connection to one vault: the SDK's clients, and the queue that every request waits in. Each method says how its
 * kind of request may be repeated; {@link VaultRequests} paces it, repeats it and translates its errors.
 */
export class VaultConnection {
  readonly vaultUrl: string
  readonly settings: Settings
  readonly sdk: SdkClients
  readonly #requests: VaultRequests

  constructor(vaultUrl: string, options: KeyVaultOptions) {
    this.vaultUrl = vaultUrl
    this.settings = settingsOf(options)
    this.sdk = new SdkClients(vaultUrl, options)
    this.#requests = new VaultRequests(this.settings, () => this.sdk.waitingForToken())
  }

  status(): KeyVaultStatus {
    return { vaultUrl: this.vaultUrl, ...this.#requests.status() }
  }

  /** Signs a digest. The caller verifies the signature. */
  async sign(signRequest: SignRequest): Promise<SignAnswer> {
    const { name, version, algorithm, digest, cost, isNew, signal } = signRequest
    const client = this.sdk.cryptography(name, version)
    const { deadline, attemptTimeout } = this.settings
    const request = {
      permission: 'keys/sign' as const,
      object: `the key ${name}/${version}`,
      vaultUrl: this.vaultUrl,
      cost,
      deadline,
      attemptTimeout,
      patience: signaturePatience(deadline),
      isIdempotent: true,
      isNew,
      signal,
    }
    return this.#requests.run(request, async (abortSignal) => {
      let keyId: string | null = null
      // The client does not check that there is a result.
      const { result }: { readonly result?: Uint8Array } = await client.sign(algorithm, digest, {
        abortSignal,
        // The client reports its own key id. Only the body has the id from the vault.
        onResponse: ({ parsedBody }) => (keyId = textMember(parsedBody, 'kid')),
      })
      return { signature: result ?? null, keyId }
    })
  }

  /** Reads an object that may be absent. Returns null when the vault reports that it does not exist. */
  async find<T>(operation: Operation, send: (options: ReadOptions) => Promise<T>): Promise<T | null> {
    try {
      return await this.read(operation, send)
    } catch (error) {
      // Only the service's own error codes for absence become NOT_FOUND.
      if (isSealwrightError(error, 'NOT_FOUND')) return null
      throw error
    }
  }

  /** Reads something that exists. */
  read<T>(operation: Operation, send: (options: ReadOptions) => Promise<T>): Promise<T> {
    const { attemptTimeout, managementDeadline } = this.settings
    const deadlineAt = performance.now() + managementDeadline
    return this.update(operation, (abortSignal, attempt) => {
      const left = deadlineAt - performance.now()
      const allowed = readTimeoutFactor * attemptTimeout * 2 ** attempt
      // A list takes several requests, and each of them has this time. The last attempt has all that is left.
      const timeout = Math.max(
        1,
        Math.ceil(left - allowed < readTimeoutFactor * attemptTimeout ? left : allowed),
      )
      return send({ abortSignal, requestOptions: { timeout } })
    })
  }

  /** Sets a state; idempotent. */
  update<T>(operation: Operation, send: Send<T>): Promise<T> {
    return this.#manage({ ...operation, cost: 1, isIdempotent: true }, send)
  }

  /**
   * Removes something. If an answer was lost and the next one says that the object does not exist, the removal worked. It also worked
   * when the vault has confirmed it and the client's next request fails, which only asks for the state.
   */
  async remove(operation: Operation, send: (options: RemoveOptions) => Promise<unknown>): Promise<void> {
    let isGone = false
    let mayBeGone = false
    const onResponse: RemoveOptions['onResponse'] = ({ request, status }) => {
      isGone ||= request.method !== 'GET' && status < 300
    }
    try {
      await this.update(operation, async (abortSignal) => {
        try {
          await send({ abortSignal, onResponse })
        } catch (error) {
          if (isGone) return
          mayBeGone ||= mayBeCarriedOut(error)
          throw error
        }
      })
    } catch (error) {
      if (!isGone && !(mayBeGone && isSealwrightError(error, 'NOT_FOUND'))) throw error
    }
  }

  /** Creates a key or certificate. It is repeated only if the vault cannot have created one. */
  create<T>(
    { isInHardware, ...operation }: Operation & { readonly isInHardware: boolean },
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const cost = creationCost(isInHardware)
    return this.#manage({ ...operation, isCreation: true, cost, isIdempotent: false }, send)
  }

  #manage<T>(request: Omit<VaultRequest, 'vaultUrl' | 'deadline'>, send: Send<T>): Promise<T> {
    const { managementDeadline } = this.settings
    return this.#requests.run({ ...request, vaultUrl: this.vaultUrl, deadline: managementDeadline }, send)
  }
}

/** Whether the vault may have done what was asked although no answer came. After a refusal it has not. */
export function mayBeCarriedOut(error: unknown): boolean {
  const { isTransient, wasNotCarriedOut } = readFailure(error)
  return isTransient && !wasNotCarriedOut
}
