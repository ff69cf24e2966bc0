import { createPublicKey, sign, verify, type KeyObject, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { SealwrightError } from '@sealwright/core'
import { certifies } from '../keys/same-key.ts'
import { TimeSlices } from '../time-slices.ts'
import type { Bag, CertificateBag, KeyBag } from './bags.ts'
import type { Protection } from '../encryption/password-scheme.ts'
import type { SkippedItem, SkippedItems } from '../skipped-items.ts'

/** The contents of a PKCS#12 file. */
export interface Pkcs12Contents {
  /** Private keys in file order. */
  readonly keys: readonly Pkcs12Key[]
  /** Every certificate in the file, in file order. */
  readonly certificates: readonly X509Certificate[]
  /** Null for a file without one; see `acceptMissingMac`. */
  readonly mac: Protection | null
  /** Of safes and of single keys, in file order; empty when nothing is encrypted. */
  readonly encryptions: readonly Protection[]
  /** Skipped items, with the reasons: keys that cannot sign, malformed certificates, attributes, unknown bags. */
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
 * Finds the certificate chain of each key. A private key that does not match its public key, or cannot sign, is skipped.
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
      // One at a time, so that other work gets libuv's threads too.
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
  // Matched by public key. localKeyID is only a claim of the writer; it decides between several certificates of one key, as after a
  // renewal.
  const candidates: CertificateBag[] = []
  for (const bag of certificateBags) {
    // The loop yields to the event loop on purpose.
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

type Digest = 'sha256' | null
const signInThread = promisify<Digest, Buffer, KeyObject, Buffer>(sign)
const verifyInThread = promisify<Digest, Buffer, KeyObject, Buffer, boolean>(verify)

/**
 * PKCS#8 can hold a public key that does not match the private one. A signature shows whether they match. It is made in libuv's
 * threads, because a hostile key can make it slow.
 */
async function assertKeyPair(privateKey: KeyObject, publicKey: KeyObject): Promise<void> {
  const challenge = Buffer.from('Sealwright: do these keys belong together?')
  const type = privateKey.asymmetricKeyType
  // Deno requires the hash. An RSASSA-PSS key may allow only one hash; Node chooses it.
  const digest = type === 'rsa' || type === 'ec' ? 'sha256' : null
  let belongTogether: boolean
  try {
    const signature = await signInThread(digest, challenge, privateKey)
    belongTogether = await verifyInThread(digest, challenge, publicKey, signature)
  } catch (cause) {
    throw new SealwrightError('UNSUPPORTED_KEY', `the private key, of type ${type}, cannot sign`, { cause })
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

/** Longer chains are not used in practice. */
const maximumChainLength = 8
/** Real files need fewer: names and key identifiers leave one issuer, or two after a renewal. */
const maximumSignatureChecks = 1000

/** Finds issuers among the certificates of an untrusted file, in {@link TimeSlices} and with a bounded number of signature checks. */
class ChainFinder {
  readonly #certificates: readonly X509Certificate[]
  readonly #slices: TimeSlices
  #signatureChecks = maximumSignatureChecks

  constructor(certificates: readonly X509Certificate[], slices: TimeSlices) {
    this.#certificates = certificates
    this.#slices = slices
  }

  /** The certificate, its issuer, the issuer's issuer and so on, up to the last one in the file. */
  async of(own: X509Certificate): Promise<readonly X509Certificate[]> {
    const chain = [own]
    let last: X509Certificate | null = own
    while (last !== null && chain.length < maximumChainLength) {
      // Each step needs the result of the one before.
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
          `the certificates have too many possible issuers: ${maximumSignatureChecks} signature checks did not find the right ones`,
        )
      }
      if (isSignedBy(subject, candidate)) return candidate
    }
    return null
  }
}

/** Also false for keys and signatures that OpenSSL does not support. */
function isSignedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.verify(issuer.publicKey)
  } catch {
    return false
  }
}
