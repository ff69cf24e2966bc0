import type { CertificatePolicy } from '@azure/keyvault-certificates'
import type { JsonWebKey } from '@azure/keyvault-keys'
import { isSealwrightError } from '@sealwright/core'
import { readFailure, type Permission } from '../errors/failure.ts'
import { settingsOf, type KeyVaultOptions, type Settings } from '../options.ts'
import { creationCost } from '../requests/quota-budget.ts'
import {
  certificateRecord,
  keyRecord,
  type CertificateRecord,
  type KeyRecord,
  type VersionRecord,
} from './records.ts'
import { SdkClients } from '../sdk/sdk-clients.ts'
import type { VaultKeyType } from './key-types.ts'
import { VaultRequests } from '../requests/vault-requests.ts'

type Signal = AbortSignal | undefined

/** What ends one request that reads. */
interface ReadOptions {
  readonly abortSignal: AbortSignal
  readonly requestOptions: { readonly timeout: number }
}

/** A read may take so many times as long as a signature before it is sent again: it is larger, and less urgent. */
const readTimeoutFactor = 3

/** What the vault answered to a signature, unverified. */
export interface SignAnswer {
  /** null when there is none in the answer. */
  readonly signature: Uint8Array | null
  /** The key that the vault says it signed with; null when it does not say. */
  readonly keyId: string | null
}

/** How far the vault is with a certificate. */
export interface CertificateOperation {
  readonly status: 'inProgress' | 'completed' | 'failed'
  readonly error: string | null
}

/**
 * The edge to the SDK: the few operations of one vault that this package uses, in this package's terms. Each is paced,
 * repeated and translated by {@link VaultRequests}; nothing of the SDK is known behind it. It has no operation on secrets.
 */
export class VaultClient {
  readonly vaultUrl: string
  readonly settings: Settings
  readonly #sdk: SdkClients
  readonly #requests: VaultRequests

  constructor(vaultUrl: string, options: KeyVaultOptions) {
    this.vaultUrl = vaultUrl
    this.settings = settingsOf(options)
    this.#sdk = new SdkClients(vaultUrl, options)
    this.#requests = new VaultRequests(this.settings)
  }

  /**
   * @param digest what the algorithm hashes the data to
   * @param cost of the vault's quota
   */
  async sign(
    key: { readonly name: string; readonly version: string },
    algorithm: string,
    digest: Uint8Array,
    cost: number,
    signal: Signal,
  ): Promise<SignAnswer> {
    const client = this.#sdk.cryptography(key.name, key.version)
    const { deadline, attemptTimeout } = this.settings
    const request = {
      permission: 'keys/sign' as const,
      object: `the key ${key.name}/${key.version}`,
      vaultUrl: this.vaultUrl,
      cost,
      deadline,
      isIdempotent: true,
      signal,
    }
    return this.#requests.run(request, async (abortSignal) => {
      let keyId: string | null = null
      // The client does not check that it is there.
      const { result }: { readonly result?: Uint8Array } = await client.sign(algorithm, digest, {
        abortSignal,
        requestOptions: { timeout: attemptTimeout },
        // The client reports the id that it was made with; what the vault answered is in the body alone.
        onResponse: ({ parsedBody }) => (keyId = textIn(parsedBody, 'kid')),
      })
      return { signature: result ?? null, keyId }
    })
  }

  /** @returns null when the vault says there is none */
  getKey(name: string, version: string | null, signal: Signal): Promise<KeyRecord | null> {
    return this.#find('keys/get', `the key ${display(name, version)}`, signal, async (timed) => {
      const options = { ...timed, ...(version !== null && { version }) }
      return keyRecord(await this.#sdk.keys.getKey(name, options))
    })
  }

  /** @returns null when the vault says there is none */
  getCertificate(name: string, version: string | null, signal: Signal): Promise<CertificateRecord | null> {
    const object = `the certificate ${display(name, version)}`
    return this.#find('certificates/get', object, signal, async (timed) =>
      certificateRecord(
        version === null
          ? await this.#sdk.certificates.getCertificate(name, timed)
          : await this.#sdk.certificates.getCertificateVersion(name, version, timed),
      ),
    )
  }

  /** @returns the key type that the certificate's next version will have, such as `RSA-HSM`; null when there is none */
  getCertificateKeyType(name: string, signal: Signal): Promise<string | null> {
    return this.#find('certificates/get', `the policy of the certificate ${name}`, signal, async (timed) => {
      const { keyType } = await this.#sdk.certificates.getCertificatePolicy(name, timed)
      return keyType ?? null
    })
  }

  listKeys(signal: Signal): Promise<readonly string[]> {
    return this.#read('keys/list', 'the keys', signal, async (timed) =>
      namesIn(this.#sdk.keys.listPropertiesOfKeys(timed)),
    )
  }

  listCertificates(signal: Signal): Promise<readonly string[]> {
    return this.#read('certificates/list', 'the certificates', signal, async (timed) =>
      // Pending ones too: something of that name is there.
      namesIn(this.#sdk.certificates.listPropertiesOfCertificates({ ...timed, includePending: true })),
    )
  }

  /** @returns in no order; empty when there is none of that name */
  listKeyVersions(name: string, signal: Signal): Promise<readonly VersionRecord[]> {
    return this.#read('keys/list', `the key ${name}`, signal, async (timed) =>
      versionsIn(this.#sdk.keys.listPropertiesOfKeyVersions(name, timed)),
    )
  }

  /** @returns in no order; empty when there is none of that name */
  listCertificateVersions(name: string, signal: Signal): Promise<readonly VersionRecord[]> {
    return this.#read('certificates/list', `the certificate ${name}`, signal, async (timed) =>
      versionsIn(this.#sdk.certificates.listPropertiesOfCertificateVersions(name, timed)),
    )
  }

  createKey(name: string, type: VaultKeyType, signal: Signal): Promise<KeyRecord> {
    const isInHardware = type.kty.endsWith('-HSM')
    return this.#create('keys/create', `the key ${name}`, isInHardware, signal, async (abortSignal) =>
      keyRecord(
        await this.#sdk.keys.createKey(name, type.kty, {
          abortSignal,
          keyOps: ['sign', 'verify'],
          ...(type.keySize !== null && { keySize: type.keySize }),
          ...(type.curve !== null && { curve: type.curve }),
        }),
      ),
    )
  }

  importKey(name: string, key: JsonWebKey, hardware: boolean, signal: Signal): Promise<KeyRecord> {
    return this.#create('keys/import', `the key ${name}`, hardware, signal, async (abortSignal) =>
      keyRecord(await this.#sdk.keys.importKey(name, key, { abortSignal, hardwareProtected: hardware })),
    )
  }

  rotateKey(name: string, signal: Signal): Promise<KeyRecord> {
    // Where the key is kept is not known here: the dearer is assumed.
    return this.#create('keys/rotate', `the key ${name}`, true, signal, async (abortSignal) =>
      keyRecord(await this.#sdk.keys.rotateKey(name, { abortSignal })),
    )
  }

  /**
   * Starts a certificate; {@link getCertificateOperation} tells how far it is. When it fails, none is left waiting for
   * its signature.
   *
   * @returns the certificate request that the vault made for it: PKCS#10, DER
   */
  async startCertificate(name: string, policy: CertificatePolicy, signal: Signal): Promise<Uint8Array> {
    const isInHardware = policy.keyType?.endsWith('-HSM') === true
    const object = `the certificate ${name}`
    let mayBeStarted = false
    try {
      return await this.#create('certificates/create', object, isInHardware, signal, async (abortSignal) => {
        mayBeStarted = true
        let csr: Uint8Array | null = null
        try {
          await this.#sdk.certificates.beginCreateCertificate(name, policy, {
            abortSignal,
            // Of all answers only this one surely speaks of the certificate that was started here.
            onResponse: ({ request, status, parsedBody }) => {
              if (request.method === 'POST' && status === 202) csr = csrIn(parsedBody)
            },
          })
        } catch (error) {
          // The client goes on to ask for the state. When that question fails, the certificate is begun all the same.
          if (csr === null) {
            mayBeStarted = mayBeCarriedOut(error)
            throw error
          }
        }
        return csr ?? new Uint8Array()
      })
    } catch (error) {
      // One that nobody signs would keep the name from everybody. What was refused is somebody else's, and stays.
      if (mayBeStarted && policy.issuerName === 'Unknown') {
        await this.cancelCertificate(name, undefined).catch(() => undefined)
      }
      throw error
    }
  }

  /** Gives up a certificate that waits for its signature. */
  cancelCertificate(name: string, signal: Signal): Promise<void> {
    return this.#remove('certificates/delete', `the certificate ${name}`, signal, async (abortSignal) => {
      await this.#sdk.certificates.deleteCertificateOperation(name, { abortSignal })
    })
  }

  getCertificateOperation(name: string, signal: Signal): Promise<CertificateOperation> {
    return this.#read('certificates/get', `the certificate ${name}`, signal, async (timed) => {
      const poller = await this.#sdk.certificates.getCertificateOperation(name, timed)
      const { status, error } = poller.getOperationState().certificateOperation ?? {}
      return {
        status: status === 'inProgress' || status === 'completed' ? status : 'failed',
        error: error?.message ?? null,
      }
    })
  }

  mergeCertificate(name: string, chain: readonly Uint8Array[], signal: Signal): Promise<CertificateRecord> {
    return this.#create('certificates/create', `the certificate ${name}`, true, signal, async (abortSignal) =>
      certificateRecord(
        await this.#sdk.certificates.mergeCertificate(
          name,
          // The service takes base64 inside of base64.
          chain.map((der) => Buffer.from(Buffer.from(der).toString('base64'))),
          { abortSignal },
        ),
      ),
    )
  }

  /** @param pem the private key as PKCS#8 and its certificates */
  importCertificate(name: string, pem: string, signal: Signal): Promise<CertificateRecord> {
    return this.#create(
      'certificates/import',
      `the certificate ${name}`,
      false,
      signal,
      async (abortSignal) =>
        certificateRecord(
          await this.#sdk.certificates.importCertificate(name, Buffer.from(pem), {
            abortSignal,
            // Makes the client send the text as it is; the policy itself is put in by importNotExportable.
            policy: { contentType: 'application/x-pem-file' },
          }),
        ),
    )
  }

  disableKey(name: string, version: string, signal: Signal): Promise<void> {
    return this.#update('keys/update', `the key ${name}/${version}`, signal, async (abortSignal) => {
      await this.#sdk.keys.updateKeyProperties(name, version, { abortSignal, enabled: false })
    })
  }

  disableCertificate(name: string, version: string, signal: Signal): Promise<void> {
    const object = `the certificate ${name}/${version}`
    return this.#update('certificates/update', object, signal, async (abortSignal) => {
      await this.#sdk.certificates.updateCertificateProperties(name, version, {
        abortSignal,
        enabled: false,
      })
    })
  }

  deleteKey(name: string, signal: Signal): Promise<void> {
    return this.#remove('keys/delete', `the key ${name}`, signal, async (abortSignal) => {
      await this.#sdk.keys.beginDeleteKey(name, { abortSignal })
    })
  }

  deleteCertificate(name: string, signal: Signal): Promise<void> {
    return this.#remove('certificates/delete', `the certificate ${name}`, signal, async (abortSignal) => {
      await this.#sdk.certificates.beginDeleteCertificate(name, { abortSignal })
    })
  }

  async #find<T>(
    permission: Permission,
    object: string,
    signal: Signal,
    send: (options: ReadOptions) => Promise<T>,
  ): Promise<T | null> {
    try {
      return await this.#read(permission, object, signal, send)
    } catch (error) {
      // NOT_FOUND is made of nothing but the service's own words for it.
      if (isSealwrightError(error, 'NOT_FOUND')) return null
      throw error
    }
  }

  #read<T>(
    permission: Permission,
    object: string,
    signal: Signal,
    send: (options: ReadOptions) => Promise<T>,
  ): Promise<T> {
    // A list takes several requests, and each has this time.
    const requestOptions = { timeout: readTimeoutFactor * this.settings.attemptTimeout }
    const request = { permission, object, cost: 1, isIdempotent: true, signal }
    return this.#manage(request, (abortSignal) => send({ abortSignal, requestOptions }))
  }

  /** Sets something to what it shall be. */
  #update<T>(
    permission: Permission,
    object: string,
    signal: Signal,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#manage({ permission, object, cost: 1, isIdempotent: true, signal }, send)
  }

  /** Takes something away. When the answer got lost and the next one says that it is not there, it has worked. */
  async #remove(
    permission: Permission,
    object: string,
    signal: Signal,
    send: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    let mayBeGone = false
    try {
      await this.#update(permission, object, signal, async (abortSignal) => {
        try {
          await send(abortSignal)
        } catch (error) {
          mayBeGone ||= mayBeCarriedOut(error)
          throw error
        }
      })
    } catch (error) {
      if (!(mayBeGone && isSealwrightError(error, 'NOT_FOUND'))) throw error
    }
  }

  /**
   * Makes something, not to be done twice.
   *
   * @param isInHardware whether the key is, or may be
   */
  #create<T>(
    permission: Permission,
    object: string,
    isInHardware: boolean,
    signal: Signal,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const cost = creationCost(isInHardware)
    return this.#manage({ permission, object, isCreation: true, cost, isIdempotent: false, signal }, send)
  }

  #manage<T>(
    request: {
      readonly permission: Permission
      readonly object: string
      readonly isCreation?: boolean
      readonly cost: number
      readonly isIdempotent: boolean
      readonly signal: Signal
    },
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { managementDeadline } = this.settings
    return this.#requests.run({ ...request, vaultUrl: this.vaultUrl, deadline: managementDeadline }, send)
  }
}

function display(name: string, version: string | null): string {
  return version === null ? name : `${name}/${version}`
}

/** Whether the vault may have done what was asked although its answer did not come; a refusal says that it has not. */
function mayBeCarriedOut(error: unknown): boolean {
  const { isTransient, wasNotCarriedOut } = readFailure(error)
  return isTransient && !wasNotCarriedOut
}

function csrIn(body: unknown): Uint8Array {
  return Buffer.from(textIn(body, 'csr') ?? '', 'base64')
}

function textIn(body: unknown, name: string): string | null {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : null
  return typeof value === 'string' ? value : null
}

async function namesIn(pages: AsyncIterable<{ name?: string }>): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of pages) if (name !== undefined) names.push(name)
  return names
}

async function versionsIn(
  pages: AsyncIterable<{ version?: string; createdOn?: Date; enabled?: boolean }>,
): Promise<readonly VersionRecord[]> {
  const versions: VersionRecord[] = []
  for await (const { version, createdOn, enabled } of pages) {
    if (version !== undefined) {
      versions.push({ version, createdAt: createdOn ?? null, enabled: enabled !== false })
    }
  }
  return versions
}
