import type { KeyObject, X509Certificate } from 'node:crypto'
import { defaultRequestLimits, type CertificateRequestLimits } from '../certificates/certificate-request.ts'
import { defaultRevocationListLimits, type RevocationListLimits } from '../certificates/revocation/limits.ts'
import type { DescribedRequest } from '../certificates/show/request.ts'
import type { DescribedRevocationList } from '../certificates/show/revocation-list.ts'
import { defaultLimits, type Pkcs12Limits } from '../encryption/limits.ts'
import type { Protection } from '../encryption/password-scheme.ts'
import type { Pkcs12Key } from '../pkcs12/contents.ts'
import type { ReadPkcs12Options } from '../pkcs12/read.ts'
import type { SkippedItem } from '../skipped-items.ts'
import type { KeyFileFormat } from './identify.ts'

/** The contents of a file of keys or certificates. */
export interface KeyFile {
  /** Depends on the contents, never on a name. */
  readonly format: KeyFileFormat
  /** Private keys, each with its own certificate and those of its issuers that are in the file. */
  readonly keys: readonly Pkcs12Key[]
  /** Public keys on their own. */
  readonly publicKeys: readonly KeyObject[]
  /** Every certificate, in file order. */
  readonly certificates: readonly X509Certificate[]
  /** For display: they may be weak or wrongly signed. Use `readCertificateRequest` for requests to rely on. */
  readonly requests: readonly DescribedRequest[]
  /** For display: their signatures are not verified. Use `readRevocationList` for CRLs to rely on. */
  readonly revocationLists: readonly DescribedRevocationList[]
  /** Null for a file without one. Only PKCS#12 has one. */
  readonly mac: Protection | null
  /** Of each encrypted item, in file order; empty when nothing is encrypted. */
  readonly encryptions: readonly Protection[]
  /** Skipped items, with the reasons: keys that cannot sign, malformed certificates, unknown PEM blocks and JWKs. */
  readonly skipped: readonly SkippedItem[]
  /** Flaws in items that were read: a wrong label, a missing MAC, missing numbers of a key. */
  readonly remarks: readonly string[]
}

/** How `readKeyFile` reads a file. */
export interface ReadKeyFileOptions extends Omit<ReadPkcs12Options, 'limits'> {
  /** Bounds on what the file may cost; each has a default. */
  readonly limits?: Partial<KeyFileLimits> | undefined
}

/** Limits on reading one file of keys. Input beyond a limit is refused before it is parsed or computed. */
export interface KeyFileLimits extends Pkcs12Limits, CertificateRequestLimits, RevocationListLimits {
  /** PEM blocks, JWKs of a set, certificates of a PKCS#7 file, keys in JSON or XML. Default 1,000. */
  readonly blocks: number
  /** Characters of JSON, which is parsed in one piece. Default 262,144. */
  readonly jsonCharacters: number
}

/** The limits of `readKeyFile` where none are given. */
export const defaultKeyFileLimits: KeyFileLimits = Object.freeze({
  ...defaultLimits,
  ...defaultRequestLimits,
  ...defaultRevocationListLimits,
  blocks: 1000,
  jsonCharacters: 2 ** 18,
})
