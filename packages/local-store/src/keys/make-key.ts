import type { KeyObject, X509Certificate } from 'node:crypto'
import { algorithmsOf, createLocalSigner, keyTypes, type KeyTypeName } from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'
import type { Pkcs12Key } from '../files/pkcs12-file.ts'
import type { LocalSigningKey } from './local-signing-key.ts'

/** Certificates count in seconds, and the last one is part of the validity (RFC 5280 §4.1.2.5). */
const oneSecond = 1_000

/** The latest time that a certificate can hold. RFC 5280 §4.1.2.5: it has no well-defined end. */
const endOfTime = Date.parse('9999-12-31T23:59:59Z')

/**
 * A new key with its self-signed certificate, valid from now.
 *
 * @param subject an RFC 4514 string, or a certificate that has the subject
 * @param validity in milliseconds
 */
export async function makeKey(
  name: string,
  type: KeyTypeName,
  subject: string | X509Certificate,
  validity: number,
): Promise<Pkcs12Key> {
  const privateKey = await generatePrivateKey(type)
  const notBefore = new Date()
  const notAfter = new Date(Math.min(notBefore.getTime() + validity - oneSecond, endOfTime))
  const signer = createLocalSigner(privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject, notBefore, notAfter })
  return { friendlyName: name, certificate, issuers: [], privateKey }
}

/** How long a certificate is valid, in milliseconds. */
export function validityOf({ notBefore, notAfter }: Pick<LocalSigningKey, 'notBefore' | 'notAfter'>): number {
  return notAfter.getTime() - notBefore.getTime() + oneSecond
}

/** The default subject of a key. X.520 allows a common name 64 characters, Key Vault a key 127. */
export function subjectOf(name: string): string {
  return `CN=${name.slice(0, 64)}`
}

/** The type of an existing key. RSA keys of an unusual length count as the next longer type, and the longest as `rsa-4096`. */
export function keyTypeOf(publicKey: KeyObject): KeyTypeName {
  const [algorithm] = algorithmsOf(publicKey)
  const length = publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  const type = keyTypes.find(
    ({ defaultAlgorithm, modulusLength }) =>
      defaultAlgorithm === algorithm?.name && length <= (modulusLength ?? 0),
  )
  return type?.name ?? 'rsa-4096'
}
