import type { PipelineOptions, PipelinePolicy } from '@azure/core-rest-pipeline'
import type { TokenCredential } from '@azure/identity'
import { CertificateClient } from '@azure/keyvault-certificates'
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys'
import { keepErrorBodies } from '../errors/error-bodies.ts'
import type { KeyVaultOptions } from '../options.ts'
import { importNotExportable } from './import-not-exportable.ts'
import { shareChallenge } from './share-challenge.ts'
import { replaceRefusedTokens } from './replace-refused-tokens.ts'
import { shareCredential, type SharedCredential } from './share-credential.ts'

/** The SDK's clients of one vault. They share one identity, one challenge and one agent. */
export class SdkClients {
  readonly keys: KeyClient
  readonly certificates: CertificateClient
  readonly #vaultUrl: string
  readonly #credential: SharedCredential
  readonly #options: () => PipelineOptions & { additionalPolicies: AdditionalPolicy[] }
  readonly #cryptography = new Map<string, CryptographyClient>()

  constructor(vaultUrl: string, { credential, agent }: KeyVaultOptions) {
    const challenge = shareChallenge()
    this.#vaultUrl = vaultUrl
    this.#credential = shareCredential(credential ?? defaultCredential(), {
      authority: () => challenge.authority(),
    })
    // A new object for each client, because they write into it.
    this.#options = () => ({
      // Retries are done elsewhere: the SDK does not retry a 429 without a time, and knows no quota or deadline.
      retryOptions: { maxRetries: 0 },
      // A vault does not redirect, and its token must not go to another host.
      redirectOptions: { maxRetries: 0 },
      ...(agent !== undefined && { agent }),
      additionalPolicies: [
        { policy: keepErrorBodies, position: 'perCall' },
        { policy: challenge.policy, position: 'perRetry' },
        { policy: replaceRefusedTokens(this.#credential), position: 'perRetry' },
      ],
    })
    this.keys = new KeyClient(vaultUrl, this.#credential, this.#options())
    const certificateOptions = this.#options()
    certificateOptions.additionalPolicies.push({ policy: importNotExportable, position: 'perCall' })
    this.certificates = new CertificateClient(vaultUrl, this.#credential, certificateOptions)
  }

  /** The authority that has not answered a token request yet; null if none is pending. */
  waitingForToken(): string | null {
    return this.#credential.waitingFor()
  }

  /**
   * The client that signs with that key version. It gets everything that it would otherwise request from the vault,
   * except the times and operations: the vault checks those.
   */
  cryptography(name: string, version: string): CryptographyClient {
    const id = `${this.#vaultUrl}/keys/${name}/${version}`
    const known = this.#cryptography.get(id)
    if (known !== undefined) return known
    const key = { name, id, properties: { name, version, id, vaultUrl: this.#vaultUrl } }
    const client = new CryptographyClient(key, this.#credential, this.#options())
    this.#cryptography.set(id, client)
    return client
  }
}

interface AdditionalPolicy {
  policy: PipelinePolicy
  position: 'perCall' | 'perRetry'
}

/** Loads @azure/identity, which is most of this package's weight, only when no credential is given. */
function defaultCredential(): TokenCredential {
  let credential: Promise<TokenCredential> | undefined
  return {
    async getToken(scopes, options) {
      credential ??= import('@azure/identity').then((identity) => new identity.DefaultAzureCredential())
      return (await credential).getToken(scopes, options)
    },
  }
}
