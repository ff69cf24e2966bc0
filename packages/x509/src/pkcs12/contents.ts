import { createPublicKey, sign, verify, type KeyObject, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { SealwrightError } from '@sealwright/core'
import { certifies } from '../keys/same-key.ts'
import { TimeSlices } from '../time-slices.ts'
import type { Bag, CertificateBag, KeyBag } from './bags.ts'
import type { Protection } from '../encryption/password-scheme.ts'
import type { SkippedItem, SkippedItems } from '../skipped-items.ts'

/** What a PKCS#12 file holds. */
export interface Pkcs12Contents {
  /** Private keys in file order. */
  readonly keys: readonly Pkcs12Key[]
  /** Every certificate in the file, in file order. */
  readonly certificates: readonly X509Certificate[]
  /** Null for a file without one; see `acceptMissingMac`. */
  readonly mac: Protection | null
  /** Of safes and of single keys, in file order; empty when nothing is encrypted. */
  readonly encryptions: readonly Protection[]
  /** What was passed over, and why: keys that cannot sign, malformed certificates, attributes, unknown bags. */
  readonly skipped: readonly SkippedItem[]
}

/** A private key with its certificate chain. */
export interface Pkcs12Key {
  /** It has signed a challenge that its public key verifies. */
  readonly privateKey: KeyObject
  /** That of the key, or else of its own certificate; null where neither has one. */
  readonly friendlyName: string | null
  /** The key's own certificate first, found by its public key, then its issuers in order; empty when it has none. */
  readonly certificates: readonly X509Certificate[]
}

/**
 * Gives each key its own certificate and the issuers of that. A private key that does not belong to its public key, or cannot
 * sign, is skipped.
 *
 * @throws SealwrightError `LIMIT_EXCEEDED`; or the signal's reason
 */
export async function assembleContents(
  bags: readonly Bag[],
  skipped: SkippedItems,
  signal?: AbortSignal,
): Promise<Pick<Pkcs12Contents, 'certificates' | 'keys'>> {
  const certificateBags = bags.filter((bag) => bag.kind === 'certificate')
  const certificates = certificateBags.map((bag) => bag.certificate)
  const slices = new TimeSlices(signal)
  const chains = new ChainFinder(certificates, slices)
  const keys: Pkcs12Key[] = []
  for (const bag of bags) {
    if (bag.kind !== 'key') continue
    try {
      // One after the other, which leaves libuv's threads to others too.
      // oxlint-disable-next-line no-await-in-loop
      keys.push(await assembleKey(bag, certificateBags, chains, slices))
    } catch (error) {
      const name = bag.friendlyName === null ? '' : ` ${JSON.stringify(bag.friendlyName)}`
      skipped.add(`a private key${name}`, error)
    }
  }
  return { keys, certificates }
}

async function assembleKey(
  key: KeyBag,
  certificateBags: readonly CertificateBag[],
  chains: ChainFinder,
  slices: TimeSlices,
): Promise<Pkcs12Key> {
  const { privateKey, friendlyName } = key
  const publicKey = createPublicKey(privateKey)
  await assertKeyPair(privateKey, publicKey)
  // By public key, never by localKeyID: that is a claim, and this is a fact. Only where several certificates are the
  // key's, as after a renewal in place, the writer's word decides.
  const candidates: CertificateBag[] = []
  for (const bag of certificateBags) {
    // Giving up the thread is the point.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    if (certifies(bag.certificate, publicKey)) candidates.push(bag)
  }
  const own = candidates.find((bag) => sameLocalKeyId(bag, key)) ?? candidates[0]
  if (own === undefined) return { privateKey, friendlyName, certificates: [] }
  return {
    privateKey,
    friendlyName: friendlyName ?? own.friendlyName,
    certificates: await chains.of(own.certificate),
  }
}

const signInThread = promisify<null, Buffer, KeyObject, Buffer>(sign)
const verifyInThread = promisify<null, Buffer, KeyObject, Buffer, boolean>(verify)

/**
 * PKCS#8 carries the public key beside the private one, and nothing in it shows that they belong together. A signature
 * does. It is made in libuv's threads, for what it takes is up to whoever made the key.
 */
async function assertKeyPair(privateKey: KeyObject, publicKey: KeyObject): Promise<void> {
  const challenge = Buffer.from('Sealwright: do these keys belong together?')
  let belongTogether: boolean
  try {
    const signature = await signInThread(null, challenge, privateKey)
    belongTogether = await verifyInThread(null, challenge, publicKey, signature)
  } catch (cause) {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `the private key, of type ${privateKey.asymmetricKeyType ?? 'unknown'}, cannot sign`,
      { cause },
    )
  }
  if (!belongTogether) {
    throw new SealwrightError(
      'INVALID_ENCODING',
      'the private key does not belong to the public key it comes with',
    )
  }
}

function sameLocalKeyId(a: CertificateBag, b: KeyBag): boolean {
  return a.localKeyId !== null && b.localKeyId !== null && Buffer.compare(a.localKeyId, b.localKeyId) === 0
}

/** Longer chains exist on paper only. */
const maximumChainLength = 8
/** More than real files take, where names and key identifiers leave one issuer, or two after a renewal. */
const maximumSignatureChecks = 1000

/** Finds issuers among the certificates of one file, whoever made it: in {@link TimeSlices}, and not endlessly. */
class ChainFinder {
  readonly #certificates: readonly X509Certificate[]
  readonly #slices: TimeSlices
  #signatureChecks = maximumSignatureChecks

  constructor(certificates: readonly X509Certificate[], slices: TimeSlices) {
    this.#certificates = certificates
    this.#slices = slices
  }

  /** The certificate, its issuer, the issuer's issuer and so on, as far as they are there. */
  async of(own: X509Certificate): Promise<readonly X509Certificate[]> {
    const chain = [own]
    let last: X509Certificate | null = own
    while (last !== null && chain.length < maximumChainLength) {
      // Each link hangs on the one before.
      // oxlint-disable-next-line no-await-in-loop
      last = await this.#issuerOf(last, chain)
      if (last !== null) chain.push(last)
    }
    return chain
  }

  /** By name, key identifier and signature. A self-signed certificate is its own issuer, and ends the chain. */
  async #issuerOf(
    subject: X509Certificate,
    chain: readonly X509Certificate[],
  ): Promise<X509Certificate | null> {
    for (const candidate of this.#certificates) {
      // oxlint-disable-next-line no-await-in-loop
      await this.#slices.pause()
      if (chain.some((link) => link.raw.equals(candidate.raw)) || !subject.checkIssued(candidate)) continue
      if (this.#signatureChecks-- === 0) {
        throw new SealwrightError(
          'LIMIT_EXCEEDED',
          `the certificates have so many possible issuers that ${maximumSignatureChecks} signatures do not tell the right ones`,
        )
      }
      if (isSignedBy(subject, candidate)) return candidate
    }
    return null
  }
}

/** False as well for keys and signatures of kinds that OpenSSL does not know. */
function isSignedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.verify(issuer.publicKey)
  } catch {
    return false
  }
}
