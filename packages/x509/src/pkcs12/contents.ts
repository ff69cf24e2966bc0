import { createPublicKey, sign, verify, type KeyObject, type X509Certificate } from 'node:crypto'
import { SealwrightError } from '@sealwright/core'
import { certifies } from '../certifies.ts'
import type { Bag, CertificateBag, KeyBag } from './bags.ts'
import type { Protection } from './encryption.ts'

/** What a PKCS#12 file holds. */
export interface Pkcs12Contents {
  readonly keys: readonly Pkcs12Key[]
  /** Every certificate in the file, in file order. */
  readonly certificates: readonly X509Certificate[]
  readonly mac: Protection
  /** Of safes and of single keys, in file order; empty when nothing is encrypted. */
  readonly encryptions: readonly Protection[]
}

export interface Pkcs12Key {
  readonly privateKey: KeyObject
  /** That of the key, or else of its own certificate; null where neither has one. */
  readonly friendlyName: string | null
  /** The key's own certificate first, found by its public key, then its issuers in order; empty when it has none. */
  readonly certificates: readonly X509Certificate[]
}

/** Gives each key its own certificate and the issuers of that. */
export function assembleContents(bags: readonly Bag[]): Pick<Pkcs12Contents, 'certificates' | 'keys'> {
  const certificateBags = bags.filter((bag) => bag.kind === 'certificate')
  const certificates = certificateBags.map((bag) => bag.certificate)
  const keys = bags.filter((bag) => bag.kind === 'key').map((key) => assembleKey(key, certificateBags))
  return { keys, certificates }
}

function assembleKey(key: KeyBag, certificateBags: readonly CertificateBag[]): Pkcs12Key {
  const { privateKey, friendlyName } = key
  const publicKey = createPublicKey(privateKey)
  assertKeyPair(privateKey, publicKey)
  // By public key, never by localKeyID: that is a claim, and this is a fact. Only where several certificates are the
  // key's, as after a renewal in place, the writer's word decides.
  const candidates = certificateBags.filter((bag) => certifies(bag.certificate, publicKey))
  const own = candidates.find((bag) => sameLocalKeyId(bag, key)) ?? candidates[0]
  if (own === undefined) return { privateKey, friendlyName, certificates: [] }
  return {
    privateKey,
    friendlyName: friendlyName ?? own.friendlyName,
    certificates: orderChain(
      own.certificate,
      certificateBags.map((bag) => bag.certificate),
    ),
  }
}

/**
 * PKCS#8 carries the public key beside the private one, and nothing in it shows that they belong together. A signature
 * does.
 */
function assertKeyPair(privateKey: KeyObject, publicKey: KeyObject): void {
  const challenge = Buffer.from('Sealwright: do these keys belong together?')
  let belongTogether: boolean
  try {
    belongTogether = verify(null, challenge, publicKey, sign(null, challenge, privateKey))
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

/** Longer chains exist on paper only; each link costs signature checks. */
const maximumChainLength = 8

/** The certificate, its issuer, the issuer's issuer and so on, as far as they are among `certificates`. */
function orderChain(
  own: X509Certificate,
  certificates: readonly X509Certificate[],
): readonly X509Certificate[] {
  const chain = [own]
  let last = own
  while (chain.length < maximumChainLength) {
    const subject = last
    const issuer = certificates.find(
      (candidate) => !chain.some((link) => link.raw.equals(candidate.raw)) && isIssuedBy(subject, candidate),
    )
    if (issuer === undefined) break
    chain.push(issuer)
    last = issuer
  }
  return chain
}

/** By name, key identifier and signature. A self-signed certificate is its own issuer, and ends the chain. */
function isIssuedBy(subject: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
  } catch {
    return false
  }
}
