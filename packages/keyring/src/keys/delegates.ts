import { createHash, X509Certificate } from 'node:crypto'
import { algorithmsOf, jwkThumbprint, SealwrightError, type SigningKey } from '@sealwright/core'
import type { Source } from './sources.ts'

/**
 * Where instances tell each other the certificates of their delegates. It holds nothing secret and is not trusted: a
 * certificate counts only when a key of the ring has signed it.
 */
export interface DelegateRegistry {
  /** For people, such as a folder's path. */
  readonly location: string
  /**
   * The certificates that were published, DER. Those that have ended may be left out.
   *
   * @throws SealwrightError `UNAVAILABLE` when they cannot be read
   */
  list(options: { readonly signal: AbortSignal }): Promise<readonly Uint8Array[]>
  /**
   * Resolves once every instance that lists finds it.
   *
   * @param certificate DER
   */
  publish(certificate: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>
}

/** Bounds of what a registry may show; a certificate of ours has less than a kilobyte. */
const maximumCertificates = 1_000
const maximumBytes = 16 * 1024

/** The registry as a source of the ring: its keys are published and never sign. */
export function delegateSource(registry: DelegateRegistry): Source {
  return {
    location: registry.location,
    signs: false,
    shard: '',
    createdAt: null,
    creates: false,
    delegates: true,
    rotate: null,
    getOrCreate: async () => undefined,
    async list(signal) {
      const certificates = await registry.list({ signal })
      if (certificates.length > maximumCertificates) {
        throw new SealwrightError(
          'LIMIT_EXCEEDED',
          `${registry.location} has ${certificates.length} certificates; at most ${maximumCertificates} are read`,
        )
      }
      return certificates.flatMap((der) => publicKeyOf(der, registry.location) ?? [])
    },
  }
}

/** null for what is not a certificate of a key that signs: anybody may have put it there. */
function publicKeyOf(der: Uint8Array, location: string): SigningKey | null {
  if (der.length > maximumBytes) return null
  try {
    const certificate = new X509Certificate(der)
    const { publicKey } = certificate
    const keyId = jwkThumbprint(publicKey)
    return {
      name: 'delegate',
      version: createHash('sha256').update(certificate.raw).digest('hex'),
      location: `${location}/${keyId}`,
      keyId,
      publicKey,
      algorithms: algorithmsOf(publicKey),
      certificates: [certificate],
      notBefore: new Date(certificate.validFrom),
      notAfter: new Date(certificate.validTo),
      createdAt: new Date(certificate.validFrom),
      enabled: true,
      signer() {
        throw new SealwrightError(
          'UNSUPPORTED_OPERATION',
          `the private key of ${keyId} is in another process`,
        )
      },
    }
  } catch {
    return null
  }
}
