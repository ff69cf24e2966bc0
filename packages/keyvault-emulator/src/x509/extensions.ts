import { createHash, type KeyObject } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  OtherName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
} from '@peculiar/asn1-x509'
import { publicKeyInfo } from './builder.ts'
import { badParameter } from '../protocol/errors.ts'

/** Names by kind, spelled as in a certificate policy. */
export interface SubjectAlternativeNames {
  dns_names?: string[] | undefined
  emails?: string[] | undefined
  upns?: string[] | undefined
  uris?: string[] | undefined
  ipAddresses?: string[] | undefined
}

/** `key_usage` of a policy by its bit (RFC 5280 §4.2.1.3). */
const usageFlags: Readonly<Record<string, KeyUsageFlags>> = {
  digitalSignature: KeyUsageFlags.digitalSignature,
  nonRepudiation: KeyUsageFlags.nonRepudiation,
  keyEncipherment: KeyUsageFlags.keyEncipherment,
  dataEncipherment: KeyUsageFlags.dataEncipherment,
  keyAgreement: KeyUsageFlags.keyAgreement,
  keyCertSign: KeyUsageFlags.keyCertSign,
  cRLSign: KeyUsageFlags.cRLSign,
  encipherOnly: KeyUsageFlags.encipherOnly,
  decipherOnly: KeyUsageFlags.decipherOnly,
}
/** The names of {@link keyUsage}. */
export const keyUsageNames: readonly string[] = Object.keys(usageFlags)
const userPrincipalName = '1.3.6.1.4.1.311.20.2.3'

export function keyUsage(names: readonly string[]): Extension {
  let flags = 0
  for (const name of names) {
    const flag = Object.hasOwn(usageFlags, name) ? usageFlags[name] : undefined
    if (flag === undefined) throw badParameter(`Key usage '${name}' is not supported.`)
    flags |= flag
  }
  return extension(id_ce_keyUsage, true, new KeyUsage(flags))
}

export function extendedKeyUsage(oids: readonly string[]): Extension {
  const invalid = oids.find((oid) => !/^\d+(\.\d+)+$/.test(oid))
  if (invalid !== undefined)
    throw badParameter(`Extended key usage '${invalid}' is not an object identifier.`)
  return extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([...oids]))
}

export function basicConstraints(ca: boolean, pathLength: number | undefined): Extension {
  const value = new BasicConstraints(
    pathLength === undefined ? { cA: ca } : { cA: ca, pathLenConstraint: pathLength },
  )
  return extension(id_ce_basicConstraints, ca, value)
}

/** Null when there are no names: an empty sequence is not allowed (RFC 5280 §4.2.1.6). */
export function subjectAlternativeName(names: SubjectAlternativeNames): Extension | null {
  const general = [
    ...(names.emails ?? []).map((name) => new GeneralName({ rfc822Name: name })),
    ...(names.dns_names ?? []).map((name) => new GeneralName({ dNSName: name })),
    ...(names.uris ?? []).map((name) => new GeneralName({ uniformResourceIdentifier: name })),
    ...(names.ipAddresses ?? []).map((name) => new GeneralName({ iPAddress: name })),
    ...(names.upns ?? []).map(
      (name) =>
        new GeneralName({ otherName: new OtherName({ typeId: userPrincipalName, value: utf8(name) }) }),
    ),
  ]
  return general.length === 0
    ? null
    : extension(id_ce_subjectAltName, false, new SubjectAlternativeName(general))
}

/** Subject and authority key identifier of a certificate (RFC 5280 §4.2.1.2, method 1). */
export function keyIdentifiers(subjectKey: KeyObject, issuerKey: KeyObject): Extension[] {
  return [
    extension(
      id_ce_authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(identifier(issuerKey)) }),
    ),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(identifier(subjectKey))),
  ]
}

function identifier(key: KeyObject): ArrayBuffer {
  const bits = Buffer.from(publicKeyInfo(key).subjectPublicKey)
  return Uint8Array.from(createHash('sha1').update(bits).digest()).buffer
}

function extension(extnID: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

/** DER of a UTF8String under the explicit tag of OtherName. */
function utf8(text: string): ArrayBuffer {
  const bytes = Buffer.from(text)
  if (bytes.length > 127) throw badParameter('A user principal name has at most 127 bytes.')
  return Uint8Array.of(0x0c, bytes.length, ...bytes).buffer
}
