import { createHash } from 'node:crypto'
import { AuthorityKeyIdentifier, type Extension } from 'pkijs'
import { tags } from '../../asn1/ber.ts'
import { SequenceReader } from '../../asn1/sequence-reader.ts'
import { decodeOctetString } from '../../asn1/values.ts'
import { octetString } from '../../asn1/encode.ts'
import { readPublicKeyInfo } from '../../keys/public-key.ts'
import { extension, type ExtensionKind } from './extension.ts'

/** RFC 5280 §4.2.1.2. Read as lower-case hexadecimal. */
export const subjectKeyIdentifier: ExtensionKind<Uint8Array, string> = {
  oid: '2.5.29.14',
  critical: false,
  encode: octetString,
  decode: (element, name) => Buffer.from(decodeOctetString(element, tags.octetString, name)).toString('hex'),
}

/**
 * RFC 5280 §4.2.1.1. Written with only the key identifier. Read as lower-case hexadecimal; null where it names the issuer
 * only by name and serial number.
 */
export const authorityKeyIdentifier: ExtensionKind<Uint8Array, string | null> = {
  oid: '2.5.29.35',
  critical: false,
  encode: authorityKeyIdentifierOf,
  decode: (element, name) => {
    const keyIdentifier = new SequenceReader(element, name).optional(tags.context0)
    return keyIdentifier === null ? null : Buffer.from(keyIdentifier.content).toString('hex')
  },
}

/** The identifier of the key that is certified. */
export function subjectKeyIdentifierExtension(keyIdentifier: Uint8Array): Extension {
  return extension(subjectKeyIdentifier.oid, false, octetString(keyIdentifier))
}

/** The identifier of the key that signs a certificate or CRL. */
export function authorityKeyIdentifierExtension(keyIdentifier: Uint8Array): Extension {
  return extension(authorityKeyIdentifier.oid, false, authorityKeyIdentifierOf(keyIdentifier))
}

function authorityKeyIdentifierOf(keyIdentifier: Uint8Array): AuthorityKeyIdentifier {
  return new AuthorityKeyIdentifier({ keyIdentifier: octetString(keyIdentifier) })
}

/**
 * RFC 5280 §4.2.1.2, method (1): SHA-1 of the BIT STRING's value, without tag, length and number of unused bits.
 *
 * @param publicKeyInfo from `encodePublicKey`; that takes as long as a signature, so encode once
 */
export function keyIdentifierOf(publicKeyInfo: Uint8Array): Uint8Array {
  return createHash('sha1').update(readPublicKeyInfo(publicKeyInfo).subjectPublicKey).digest()
}
