import type { KeyObject, X509Certificate } from 'node:crypto'
import { createLocalSigner, keyTypes, type KeyType, type KeyTypeName } from '@sealwright/core'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import {
  createSelfSignedCertificate,
  generatePrivateKey,
  issueCertificate,
  readCertificateRequest,
  type CertificateOptions,
  type Issuer,
} from '../../src/index.ts'

/** The key types that every Node and every reader here knows; ML-DSA has tests of its own. */
export const commonKeyTypes: readonly KeyType[] = keyTypes.filter(({ name }) => !name.startsWith('ml-dsa-'))

/** A key with its certificate. */
export interface Identity {
  readonly privateKey: KeyObject
  readonly certificate: X509Certificate
}

const rsaBits: Readonly<Partial<Record<KeyTypeName, 2048 | 3072 | 4096>>> = {
  'rsa-2048': 2048,
  'rsa-3072': 3072,
  'rsa-4096': 4096,
}

/** One key of a type and its certificate. */
const identities = new Map<KeyTypeName, Promise<Identity>>()

export function identity(type: KeyTypeName): Promise<Identity> {
  const made = identities.get(type) ?? makeIdentity(type)
  identities.set(type, made)
  return made
}

async function makeIdentity(type: KeyTypeName): Promise<Identity> {
  const bits = rsaBits[type]
  const privateKey = bits === undefined ? await generatePrivateKey(type) : rsaKey(bits)
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: `CN=${type},O=Contoso`,
  })
  return { privateKey, certificate }
}

/** The code of the SealwrightError that a promise rejects with; anything else fails the test. */
export async function rejectionCode(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error && error.name === 'SealwrightError') return String(Reflect.get(error, 'code'))
    throw error
  }
  throw new Error('it did not reject')
}

/** Reads a certificate request and issues its certificate. */
export async function issueFor(
  request: Uint8Array,
  issuer: Issuer,
  options?: CertificateOptions,
): Promise<X509Certificate> {
  return issueCertificate(issuer, readCertificateRequest(request), options)
}

/** Issues a certificate for a public key. */
export function issueTo(
  issuer: Issuer,
  publicKey: KeyObject,
  { subject, ...options }: CertificateOptions & { readonly subject: string },
): Promise<X509Certificate> {
  return issueCertificate(issuer, { subject, publicKey }, options)
}
