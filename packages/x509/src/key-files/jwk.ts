import type { KeyObject, X509Certificate } from 'node:crypto'
import { importJwk, SealwrightError } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'
import { readCertificate } from '../certificates/read-certificate.ts'
import { TimeSlices } from '../time-slices.ts'
import { checkPrivateKey } from '../keys/private-key.ts'

/** What a JWK (RFC 7517) or each of a JWK Set holds. */
export interface JwkContents {
  readonly set: boolean
  readonly privateKeys: readonly KeyObject[]
  readonly publicKeys: readonly KeyObject[]
  /** Of `x5c`. */
  readonly certificates: readonly X509Certificate[]
}

const what = 'the JWK'
const maximumKeys = 256
/** Nothing interrupts `JSON.parse`: this much takes it a few milliseconds, whatever is in it. */
const maximumTextLength = 2 ** 18

/** @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`, `UNSUPPORTED_KEY`; or the signal's reason */
export async function readJwk(text: string, signal?: AbortSignal): Promise<JwkContents> {
  if (text.length > maximumTextLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the JSON has ${text.length} characters; ${maximumTextLength} are allowed`,
    )
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw malformed('the file', 'begins like JSON and is none', cause)
  }
  if (!isRecord(json)) throw malformed('the file', 'is JSON, and neither a JWK nor a JWK Set')
  const { keys } = json
  const jwks: readonly unknown[] = Array.isArray(keys) ? keys : [json]
  if (jwks.length > maximumKeys) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the JWK Set has ${jwks.length} keys; ${maximumKeys} are allowed`,
    )
  }
  const privateKeys: KeyObject[] = []
  const publicKeys: KeyObject[] = []
  const certificates: X509Certificate[] = []
  const slices = new TimeSlices(signal)
  for (const jwk of jwks) {
    // Giving up the thread is the point.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    if (!isRecord(jwk)) throw malformed(what, 'is not an object')
    const key = readKey(jwk)
    if (key.type === 'private') privateKeys.push(key)
    else publicKeys.push(key)
    // oxlint-disable-next-line no-await-in-loop
    certificates.push(...(await readCertificates(jwk['x5c'], slices)))
  }
  return { set: Array.isArray(keys), privateKeys, publicKeys, certificates }
}

/** What the JWK says of its use stays with the key. */
function readKey(jwk: Readonly<Record<string, unknown>>): KeyObject {
  const key = importJwk(jwk)
  checkPrivateKey(key)
  return key
}

/** RFC 7517 §4.7: base64, not base64url, of each certificate's DER. */
async function readCertificates(x5c: unknown, slices: TimeSlices): Promise<readonly X509Certificate[]> {
  if (x5c === undefined) return []
  if (!Array.isArray(x5c)) throw malformed(what, 'has an x5c that is no list of certificates')
  const certificates: X509Certificate[] = []
  for (const each of x5c as readonly unknown[]) {
    // Giving up the thread is the point.
    // oxlint-disable-next-line no-await-in-loop
    await slices.pause()
    if (typeof each !== 'string') throw malformed(what, 'has an x5c that is no list of certificates')
    certificates.push(readCertificate(Buffer.from(each, 'base64'), 'the x5c of the JWK'))
  }
  return certificates
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
