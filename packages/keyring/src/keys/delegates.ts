import { createHash, X509Certificate } from 'node:crypto'
import { algorithmsOf, jwkThumbprint, SealwrightError, type SigningKey } from '@sealwright/core'
import type { Source } from './sources.ts'

/**
 * Where instances publish the certificates of their delegates for each other. It contains nothing secret and is not
 * trusted: a certificate counts only if a key of the ring signed it for a delegate.
 */
export interface DelegateRegistry {
  /** For messages, such as a folder's path. */
  readonly location: string
  /**
   * The published certificates in DER. Expired ones may be omitted. Only the first 10,000 are read.
   *
   * @throws SealwrightError `UNAVAILABLE` when they cannot be read
   */
  list(options: { readonly signal: AbortSignal }): Promise<readonly Uint8Array[]>
  /**
   * Publishes a certificate. Resolves once every instance that lists the certificates finds it.
   *
   * @param certificate DER
   */
  publish(certificate: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>
}

/**
 * Limits for the contents of a registry. A delegate's certificate is smaller than a kilobyte. Certificates above the
 * limit are ignored and not refused: otherwise anyone who can write to the registry could stop the issuer.
 */
const maximumCertificates = 10_000
const maximumBytes = 16 * 1024

/** The registry as a source of the ring. Its keys are published and never sign. */
export function delegateSource(registry: DelegateRegistry): Source {
  // By SHA-256: certificates are parsed once for as long as they are listed.
  let known = new Map<string, SigningKey | null>()
  return {
    location: registry.location,
    signs: false,
    shard: '',
    createdAt: null,
    creates: false,
    delegates: true,
    rotate: null,
    disable: null,
    getOrCreate: async () => undefined,
    async list(signal) {
      const certificates = await registry.list({ signal })
      const listed = new Map<string, SigningKey | null>()
      for (const der of certificates.slice(0, maximumCertificates)) {
        if (!(der instanceof Uint8Array) || der.length > maximumBytes) continue
        const digest = createHash('sha256').update(der).digest('hex')
        const key = known.get(digest)
        listed.set(digest, key === undefined ? publicKeyOf(der, registry.location) : key)
      }
      known = listed
      return [...listed.values()].filter((key) => key !== null)
    },
  }
}

/**
 * The extended key usage of a delegate's certificate (RFC 5280 §4.2.1.12), as a UUID below 2.25 (X.667). The keys of a ring may
 * certify other things, such as a TLS server: that does not make their keys sign tokens.
 */
export const delegatePurpose: string = '2.25.122525516242243951230331000519462357826'
/** The longest time for which a delegate may sign, in seconds. */
export const longestLifetime: number = 31 * 86_400
/** The longest validity of its certificate, with the announcement and the retention, in seconds. */
export const longestValidity: number = 2 * longestLifetime

/** The names in a delegate's certificate. Its issuer is the key of the ring as a CA. */
export const delegateSubject: string = 'CN=delegate'
export function issuerName(keyId: string): string {
  return `CN=${keyId}`
}

/**
 * Whether its certificate is what `issueDelegate` makes with that key of the ring.
 *
 * @param issuer the key of the ring
 */
export function isDelegateOf({ certificates: [certificate] }: SigningKey, issuer: SigningKey): boolean {
  return certificate?.issuer === issuerName(issuer.keyId) && certificate.verify(issuer.publicKey)
}

function isDelegate(certificate: X509Certificate): boolean {
  const validity = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)
  return (
    !certificate.ca &&
    certificate.subject === delegateSubject &&
    // Node's name for the extended key usage.
    certificate.keyUsage?.join() === delegatePurpose &&
    validity > 0 &&
    validity <= longestValidity * 1_000
  )
}

type DelegateFacts = Omit<SigningKey, 'version' | 'location' | 'certificates' | 'signer'>

/** The facts about a delegate that its certificate contains. */
export function delegateFacts({ publicKey, validFrom, validTo }: X509Certificate): DelegateFacts {
  return {
    name: 'delegate',
    keyId: jwkThumbprint(publicKey),
    publicKey,
    algorithms: algorithmsOf(publicKey),
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
    enforcesValidity: false,
    createdAt: new Date(validFrom),
    enabled: true,
  }
}

/** null if it is not a delegate's certificate: anyone may have put it there. */
function publicKeyOf(der: Uint8Array, location: string): SigningKey | null {
  try {
    const certificate = new X509Certificate(der)
    if (!isDelegate(certificate)) return null
    const facts = delegateFacts(certificate)
    return {
      ...facts,
      version: createHash('sha256').update(certificate.raw).digest('hex'),
      location: `${location}/${facts.keyId}`,
      certificates: [certificate],
      signer() {
        throw new SealwrightError(
          'UNSUPPORTED_OPERATION',
          `the private key of ${facts.keyId} is in another process`,
        )
      },
    }
  } catch {
    return null
  }
}
