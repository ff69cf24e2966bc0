import type { X509Certificate } from 'node:crypto'
import type { CertificatePolicy } from '@azure/keyvault-certificates'
import { SealwrightError } from '@sealwright/core'
import { issueCertificate, readCertificateRequest } from '@sealwright/x509'
import { sleep } from '../sleep.ts'
import { findCertificate, listCertificateVersions, readCertificateVersion } from './certificate-version.ts'
import type { Abortable, CertificateIssuer } from './collection.ts'
import { member, textMember } from '../members.ts'
import { mayBeCarriedOut, type VaultConnection } from './connection.ts'

/** A certificate to make. */
export interface IssuanceOptions extends Abortable {
  readonly policy: CertificatePolicy
  /** null for a certificate that its own key signs. */
  readonly issuer: CertificateIssuer | null
  /** How long a certificate of the issuer is valid. For a self-signed one, the policy says it. */
  readonly validityDays: number
}

/** How far the vault is with a certificate. */
interface CertificateOperation {
  /** `ended` when it failed, was cancelled or was deleted. */
  readonly status: 'inProgress' | 'completed' | 'ended'
  readonly error: string | null
}

/** Creates certificates: the vault starts one, its own key or an issuer signs it, and the vault stores it. */
export class CertificateIssuance {
  readonly #connection: VaultConnection

  constructor(connection: VaultConnection) {
    this.#connection = connection
  }

  /** @returns the id of the version, when it is ready */
  async make(name: string, { policy, issuer, validityDays, signal }: IssuanceOptions): Promise<string> {
    const issuerName = issuer === null ? 'Self' : 'Unknown'
    const csr = await this.#start(name, { ...policy, issuerName }, signal)
    return issuer === null
      ? this.#untilIssued(name, csr, signal)
      : this.#issue(name, csr, { issuer, validityDays, signal })
  }

  /**
   * Starts a certificate. A failure leaves no certificate waiting for its signature.
   *
   * @returns the certificate request that the vault made for it: PKCS#10, DER
   */
  async #start(
    name: string,
    policy: CertificatePolicy,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const operation = {
      permission: 'certificates/create',
      object: `the certificate ${name}`,
      isInHardware: policy.keyType?.endsWith('-HSM') === true,
      signal,
    } as const
    let mayBeStarted = false
    try {
      return await this.#connection.create(operation, async (abortSignal) => {
        mayBeStarted = true
        let csr: Uint8Array | null = null
        try {
          await this.#connection.sdk.certificates.beginCreateCertificate(name, policy, {
            abortSignal,
            // Only this answer surely describes the certificate that was started here.
            onResponse: ({ request, status, parsedBody }) => {
              if (request.method === 'POST' && status === 202) {
                csr = Buffer.from(textMember(parsedBody, 'csr') ?? '', 'base64')
              }
            },
          })
        } catch (error) {
          // The client then asks for the state. When that request fails, the certificate is started all the same.
          if (csr === null) {
            mayBeStarted = mayBeCarriedOut(error)
            throw error
          }
        }
        return csr ?? new Uint8Array()
      })
    } catch (error) {
      // A certificate waiting for its signature would block the name. After a refusal it is another caller's.
      if (mayBeStarted && policy.issuerName === 'Unknown') await this.#cancel(name)
      throw error
    }
  }

  /** Cancels a certificate that waits for its signature. The error that led here is the one that matters. */
  async #cancel(name: string): Promise<void> {
    const operation = { permission: 'certificates/delete', object: `the certificate ${name}` } as const
    await this.#connection
      .remove({ ...operation, signal: undefined }, (options) =>
        this.#connection.sdk.certificates.deleteCertificateOperation(name, options),
      )
      .catch(() => undefined)
  }

  /** The vault gives a request, the issuer signs a certificate for it, and the vault merges the certificate. */
  async #issue(
    name: string,
    csr: Uint8Array,
    {
      issuer,
      validityDays,
      signal,
    }: Abortable & { readonly issuer: CertificateIssuer; readonly validityDays: number },
  ): Promise<string> {
    try {
      const [issuerCertificate, ...further] = issuer.certificates
      if (issuerCertificate === undefined) {
        throw new SealwrightError(
          'INVALID_ARGUMENT',
          'issuer.certificates is empty: add the issuer’s certificate',
        )
      }
      // Cut short where the issuer's own certificate ends sooner: a rotation must not fail because the CA is old.
      const requestedEnd = Date.now() + validityDays * dayInMilliseconds
      const request = readCertificateRequest(csr)
      const certificate = await issueCertificate(
        { signer: issuer.signer, certificate: issuerCertificate },
        request,
        {
          notAfter: new Date(Math.min(requestedEnd, Date.parse(issuerCertificate.validTo))),
          // These are the names in the policy: the vault requests what it was told to.
          subjectAltNames: request.extensions.subjectAltNames.filter((each) => each.type !== 'unsupported'),
        },
      )
      const chain = [certificate, issuerCertificate, ...further].map(({ raw }) => raw)
      return await this.#merge(name, chain, signal)
    } catch (error) {
      await this.#cancel(name)
      throw error
    }
  }

  async #merge(name: string, chain: readonly Uint8Array[], signal: AbortSignal | undefined): Promise<string> {
    const operation = {
      permission: 'certificates/create',
      object: `the certificate ${name}`,
      isInHardware: true,
      signal,
    } as const
    const { version } = await this.#connection.create(operation, async (abortSignal) =>
      readCertificateVersion(
        await this.#connection.sdk.certificates.mergeCertificate(
          name,
          // The service takes base64 inside of base64.
          chain.map((der) => Buffer.from(Buffer.from(der).toString('base64'))),
          { abortSignal },
        ),
      ),
    )
    return version
  }

  async #untilIssued(name: string, csr: Uint8Array, signal: AbortSignal | undefined): Promise<string> {
    const { vaultUrl, settings } = this.#connection
    const giveUpAt = performance.now() + settings.creationTimeout
    for (;;) {
      // eslint-disable-next-line no-await-in-loop -- asks until the answer changes
      const { status, error } = await this.#operation(name, { isNew: true, signal })
      if (status === 'completed') return this.#versionOf(name, csr, signal)
      if (status === 'ended') {
        throw new SealwrightError(
          'UNAVAILABLE',
          `${vaultUrl} could not create the certificate ${name}: ${error ?? 'no reason given'}`,
        )
      }
      if (performance.now() > giveUpAt) {
        throw new SealwrightError(
          'TIMEOUT',
          `${vaultUrl} has not created the certificate ${name} within ${settings.creationTimeout} ms; it may still finish`,
          { retryAfter: 10 },
        )
      }
      // eslint-disable-next-line no-await-in-loop
      await sleep(settings.pollInterval, signal)
    }
  }

  /** Whether the certificate is still being made, or is finished by now. */
  async isUnderWay(name: string, { signal }: Abortable): Promise<boolean> {
    return (await this.#operation(name, { isNew: false, signal })).status !== 'ended'
  }

  async #operation(
    name: string,
    { isNew, signal }: Abortable & { readonly isNew: boolean },
  ): Promise<CertificateOperation> {
    const operation = {
      permission: 'certificates/get',
      object: `the certificate ${name}`,
      isNew,
      signal,
    } as const
    const state = await this.#connection.find(operation, async (options) => {
      let body: unknown = null
      try {
        await this.#connection.sdk.certificates.getCertificateOperation(name, {
          ...options,
          onResponse: ({ request, status, parsedBody }) => {
            if (status === 200 && new URL(request.url).pathname.endsWith('/pending')) body = parsedBody
          },
        })
      } catch (error) {
        // The client throws an error without a code for an operation that failed. Then it asks for the certificate.
        if (body === null) throw error
      }
      return { status: textMember(body, 'status'), error: textMember(member(body, 'error'), 'message') }
    })
    if (state === null) return { status: 'ended', error: 'its operation was deleted' }
    const { status, error } = state
    return {
      status: status === 'inProgress' || status === 'completed' ? status : 'ended',
      error: error ?? (status === 'cancelled' ? 'it was cancelled' : null),
    }
  }

  /**
   * The version that was created for the request. A pending certificate has another id than the finished one, and the
   * newest may be another caller's by now. But both the request (RFC 2986 §4.1) and the certificate have the
   * same public key bytes.
   */
  async #versionOf(name: string, csr: Uint8Array, signal: AbortSignal | undefined): Promise<string> {
    const isOurs = (certificate: X509Certificate | undefined): boolean =>
      certificate !== undefined &&
      Buffer.from(csr).includes(certificate.publicKey.export({ format: 'der', type: 'spki' }))
    const newest = await findCertificate(this.#connection, name, { version: null, isNew: true, signal })
    if (newest !== null && isOurs(newest.issued?.certificate)) return newest.version
    for (const { version } of await listCertificateVersions(this.#connection, name, { signal })) {
      // eslint-disable-next-line no-await-in-loop -- there is hardly ever more than one
      const found = await findCertificate(this.#connection, name, { version, signal })
      if (isOurs(found?.issued?.certificate)) return version
    }
    throw new SealwrightError(
      'UNAVAILABLE',
      `the certificate ${name} was created in ${this.#connection.vaultUrl}, but no version of it has the requested key`,
    )
  }
}

const dayInMilliseconds = 24 * 60 * 60 * 1_000
