import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { identitiesOf, authorizationOf } from './identities.ts'
import type { Identity } from './identity/access.ts'
import { Authority } from './identity/authority.ts'
import { certificateOperations } from './certificates/certificates.ts'
import { pendingOperations } from './certificates/pending.ts'
import { certificateSettings } from './certificates/contacts-and-issuers.ts'
import { certificateSettlement } from './certificates/issuance.ts'
import { EmulatorError, ServiceError } from './protocol/errors.ts'
import { Clock } from './service/clock.ts'
import { errorOf, Faults, withFaults } from './service/faults.ts'
import { createHttpClient, type EmulatorHttpClient } from './http/sdk-client.ts'
import { jsonResponse, type ServiceRequest, type ServiceResponse } from './http/message.ts'
import { cryptographyOperations } from './keys/cryptography.ts'
import { rotationOperations, rotationSettlement } from './keys/rotation.ts'
import { attestationAuthorities } from './keys/attestation-token.ts'
import { keyOperations } from './keys/keys.ts'
import { releaseOperations } from './keys/release.ts'
import { dropPurged, isPurgeDue } from './vault/soft-delete.ts'
import { hsmRoleOperations } from './managed-hsm/roles.ts'
import { hsmServiceOperations } from './managed-hsm/service.ts'
import { handleManagedIdentity } from './identity/managed-identity.ts'
import type { ReleaseSettings, ServiceSettings } from './vault/operation.ts'
import { RequestLog } from './service/request-log.ts'
import { createRouter } from './service/router.ts'
import { secretOperations } from './secrets/secrets.ts'
import { handleVaultRequest, type ServiceParts, type VaultAddress } from './service/vault-request.ts'
import { fileStorage, memoryStorage, type Storage } from './vault/storage.ts'
import { Throttle } from './service/throttle.ts'
import {
  createCertificateAuthority,
  createServerCertificate,
  type PemPair,
} from './http/server-certificate.ts'
import { Vault, type Settlement } from './vault/vault.ts'
import type { KeyVaultEmulatorOptions } from './options.ts'
import { wellKnown } from './well-known.ts'

/** A token as the SDK's credentials return it. */
export interface EmulatorToken {
  /** The access token, a JWT. */
  readonly token: string
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresOnTimestamp: number
}

/** A `TokenCredential` of the SDK that needs no network. */
export interface EmulatorCredential {
  /** Issues a token for the first of the scopes, such as `https://vault.azure.net/.default`. */
  getToken(scopes: string | string[]): Promise<EmulatorToken>
}

/** Vaults in this process, without any transport. */
export interface KeyVaultEmulator {
  /** The id of the tenant that the authority and all vaults belong to. */
  readonly tenantId: string
  /** The applications and managed identities that can sign in. */
  readonly identities: readonly Identity[]
  /** The time of the vaults, for tests to move. */
  readonly clock: Clock
  /** Faults to inject into answers. */
  readonly faults: Faults
  /** The requests so far. */
  readonly requests: RequestLog
  /** Answers a request to a vault or to the authority. */
  handle(request: ServiceRequest): Promise<ServiceResponse>
  /** Answers a request to the managed identity endpoints. */
  handleManagedIdentity(request: ServiceRequest): Promise<ServiceResponse>
  /**
   * An `HttpClient` of the SDK that reaches {@link handle} directly: `new KeyClient(url, credential, { httpClient
   * })`.
   */
  httpClient(): EmulatorHttpClient
  /** A credential of one of the identities, by default the first. */
  credential(identity?: Identity): EmulatorCredential
  /** The URL of a vault. A vault exists once it is asked for. Default `emulator`. */
  vaultUrl(name?: string): string
  /** The URL of a managed HSM. It exists once it is asked for. Default `emulator`. */
  managedHsmUrl(name?: string): string
}

/** The keys of the emulator itself. */
interface EmulatorSecrets {
  readonly certificateAuthority: PemPair
  /** PKCS#8 PEM. */
  readonly tokenKey: string
  readonly identityHeader: string
}

/** Parts that only the server needs. */
interface EmulatorInternals {
  readonly emulator: KeyVaultEmulator
  readonly secrets: EmulatorSecrets
  readonly parts: ServiceParts
  /** Releases the data folder to other processes. */
  close(): void
}

/**
 * Vaults in this process: reach them through {@link KeyVaultEmulator.httpClient}.
 *
 * @throws EmulatorError for options it cannot work with
 *
 * @example
 * ```ts
 * import { KeyClient } from '@azure/keyvault-keys'
 * import { createKeyVaultEmulator } from '@sealwright/keyvault-emulator'
 *
 * const emulator = createKeyVaultEmulator()
 * const client = new KeyClient(emulator.vaultUrl(), emulator.credential(), { httpClient: emulator.httpClient() })
 * await client.createKey('signing', 'EC')
 * emulator.requests.count('keys/create') // 1
 * ```
 */
export function createKeyVaultEmulator(options: KeyVaultEmulatorOptions = {}): KeyVaultEmulator {
  return assemble(options).emulator
}

/** As {@link createKeyVaultEmulator}, with the parts that a server needs. */
export function assemble(options: KeyVaultEmulatorOptions): EmulatorInternals {
  const now = options.now ?? Date.now
  const clock = new Clock(now)
  const faults = new Faults()
  const storage = options.data === undefined ? memoryStorage : fileStorage(options.data)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the emulator wrote them itself
  const secrets = (storage.loadSecrets() as EmulatorSecrets | null) ?? (processSecrets ??= newSecrets())
  storage.saveSecrets(secrets)
  const settings = serviceSettings(options, clock, faults, secrets)
  const authority = new Authority({
    tenantId: options.tenantId ?? wellKnown.tenantId,
    identities: identitiesOf(options),
    key: createPrivateKey(secrets.tokenKey),
    now,
  })
  const parts: ServiceParts = {
    authority,
    faults,
    log: new RequestLog(),
    routes: {
      vault: createRouter([
        ...allKeyOperations,
        ...certificateOperations,
        ...pendingOperations,
        ...certificateSettings,
        ...secretOperations,
      ]),
      managedHsm: createRouter([...allKeyOperations, ...hsmRoleOperations, ...hsmServiceOperations]),
    },
    settings,
    throttle: throttleOf(options.throttle, clock.now),
    region: 'westeurope',
    authorizationOf: authorizationOf(options),
    ...openVaults(storage, settings),
  }
  const latency = options.latency ?? 0
  const hosts = ['host.docker.internal', ...(options.hosts ?? [])]

  const emulator: KeyVaultEmulator = {
    tenantId: authority.tenantId,
    identities: authority.identities,
    clock,
    faults,
    requests: parts.log,
    async handle(request) {
      const address = vaultAddress(request.url, hosts)
      if (address === null) {
        return observed(parts, 'token', request, () => authority.handle(request) ?? noSuchPath())
      }
      if (latency > 0) await sleep(latency)
      return handleVaultRequest(parts, address, request)
    },
    handleManagedIdentity: (request) =>
      observed(
        parts,
        'identity',
        request,
        () => handleManagedIdentity(authority, secrets.identityHeader, request) ?? noSuchPath(),
      ),
    httpClient: () => createHttpClient((request) => emulator.handle(request)),
    credential(identity = authority.identities[0]) {
      if (identity === undefined) throw new EmulatorError('the emulator was started without identities')
      return {
        async getToken(scopes) {
          const resource = (Array.isArray(scopes) ? (scopes[0] ?? '') : scopes).replace(/\/\.default$/, '')
          const { token, expiresOn } = authority.issue(identity, resource)
          return Promise.resolve({ token, expiresOnTimestamp: expiresOn * 1000 })
        },
      }
    },
    vaultUrl: (name = wellKnown.vault) => `https://${name}.vault.azure.net`,
    managedHsmUrl: (name = wellKnown.vault) => `https://${name}.managedhsm.azure.net`,
  }
  return { emulator, secrets, parts, close: () => storage.close() }
}

/**
 * The vault that a URL names: by its host in `NAME.vault.azure.net`, in the domains of other clouds and private links,
 * and in `NAME.localhost`. On `localhost`, addresses and extra hosts, the paths of vaults belong to the default vault.
 * Null for the authority.
 */
function vaultAddress(url: URL, hosts: readonly string[]): VaultAddress | null {
  const [vault = '', ...suffix] = url.hostname.split('.')
  const isAddress = /^[\d.]+$|^\[/.test(url.hostname)
  if (suffix.length === 0 || isAddress || hosts.includes(url.hostname)) {
    return /^\/(deleted)?(keys|secrets|certificates)(\/|$)/.test(url.pathname)
      ? { service: 'vault', vault: wellKnown.vault, resource: 'https://vault.azure.net' }
      : null
  }
  if (vault === 'login' || !/^[a-z0-9-]{1,63}$/.test(vault)) return null
  const domain = suffix.join('.')
  const resource = domain === 'privatelink.vaultcore.azure.net' ? 'vault.azure.net' : domain
  return domain.startsWith('managedhsm.')
    ? { service: 'managedHsm', vault: `${vault}.managedhsm`, resource: `https://${domain}` }
    : { service: 'vault', vault, resource: `https://${resource}` }
}

const allKeyOperations = [
  ...keyOperations,
  ...cryptographyOperations,
  ...rotationOperations,
  ...releaseOperations,
]

/** Opens each vault once. */
function openVaults(storage: Storage, settings: ServiceSettings): Pick<ServiceParts, 'vault' | 'vaults'> {
  const { now } = settings
  const steps = [certificateSettlement(settings), rotationSettlement(settings)]
  const settlement: Settlement = {
    isDue: (document) => isPurgeDue(document, now()) || steps.some((step) => step.isDue(document)),
    settle(draft) {
      dropPurged(draft, now())
      for (const step of steps) if (step.isDue(draft)) step.settle(draft)
    },
  }
  const vaults = new Map<string, Vault>()
  return {
    vault(name) {
      const vault = vaults.get(name) ?? new Vault(name, storage, settlement)
      vaults.set(name, vault)
      return vault
    },
    vaults: () => [...vaults.values()],
  }
}

/** Answers a request that is not to a vault, under faults, and logs it. */
async function observed(
  parts: ServiceParts,
  operation: string,
  request: ServiceRequest,
  respond: () => ServiceResponse,
): Promise<ServiceResponse> {
  const at = parts.settings.now()
  // A credential reads the authority's discovery document first; only a request for a token counts.
  const name = operation === 'token' && request.method !== 'POST' ? 'discovery' : operation
  const response = await withFaults(parts.faults.take(name), () => Promise.resolve(respond())).catch(
    (error: unknown) => {
      if (!(error instanceof ServiceError)) throw error
      return jsonResponse(
        error.status,
        { error: error.code, error_description: error.message },
        error.headers,
      )
    },
  )
  const outcome = response.disruption ?? response.status
  parts.log.add({ at, operation: name, vault: null, path: request.url.pathname, outcome })
  return response
}

function noSuchPath(): ServiceResponse {
  return jsonResponse(404, {
    error: 'not_found',
    error_description: 'The emulator has nothing at this path.',
  })
}

function serviceSettings(
  options: KeyVaultEmulatorOptions,
  { now }: Clock,
  faults: Faults,
  secrets: EmulatorSecrets,
): ServiceSettings {
  const recoverableDays = options.recoverableDays ?? 90
  if (!Number.isInteger(recoverableDays) || recoverableDays < 7 || recoverableDays > 90) {
    throw new EmulatorError(`recoverableDays is 7 to 90, not ${recoverableDays}`)
  }
  const { issuance = 200, deletion = 200, recovery = 200 } = options.timing ?? {}
  return {
    now,
    recoverableDays,
    timing: { issuance, deletion, recovery },
    issuanceFailure() {
      const fault = faults.take('certificates/issue').find(({ type }) => type === 'status')
      return fault?.type === 'status' ? errorOf(fault) : null
    },
    release: {
      authorities: attestationAuthorities(options.attestationAuthorities),
      signer: releaseSigner(secrets),
    },
  }
}

/** A certificate for the key that signs tokens, by the emulator's CA; made when a key is first released. */
function releaseSigner({ certificateAuthority, tokenKey }: EmulatorSecrets): ReleaseSettings['signer'] {
  let signer: ReturnType<ReleaseSettings['signer']> | undefined
  return () => {
    if (signer !== undefined) return signer
    const key = createPrivateKey(tokenKey)
    const { certificate } = createServerCertificate(certificateAuthority, ['vault.azure.net'], key)
    const chain = [certificate, certificateAuthority.certificate]
    return (signer = { key, certificates: chain.map((pem) => new X509Certificate(pem).raw) })
  }
}

function throttleOf(option: KeyVaultEmulatorOptions['throttle'], now: () => number): Throttle | null {
  if (option === undefined || option === false) return null
  return new Throttle(option === true ? {} : option, now)
}

/**
 * The emulators of one process share their own keys. That saves an RSA key for each, and the SDK needs it: it keeps
 * managed identity tokens for the life of the process, beyond the emulator that issued them.
 */
let processSecrets: EmulatorSecrets | null = null

function newSecrets(): EmulatorSecrets {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    certificateAuthority: createCertificateAuthority(),
    tokenKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    identityHeader: randomBytes(16).toString('hex'),
  }
}
