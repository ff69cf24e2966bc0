import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  KeyUsage,
  SubjectAlternativeName,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
} from '@peculiar/asn1-x509'
import type { CertificateFile } from './import-file.ts'
import { completePolicy, type GivenPolicy } from './policy.ts'
import { curveOf, isRsa, keySize, materialOf, softwareKeyType } from '../keys/material.ts'
import type { Call } from '../vault/operation.ts'
import type { CertificatePolicy } from '../vault/records.ts'
import { keyUsageNames, type SubjectAlternativeNames } from '../x509/extensions.ts'
import { formatName } from '../x509/distinguished-name.ts'

/** Days in a month, for rounding a validity to months. */
const averageMonth = 30.436875 * 86_400_000

/** The policy of an imported certificate: the members of the request, completed from the certificate. */
export function policyOfFile(call: Call, file: CertificateFile, given: GivenPolicy): CertificatePolicy {
  const { tbsCertificate } = AsnConvert.parse(file.chain[0] ?? new Uint8Array(), Certificate)
  const { notBefore, notAfter } = tbsCertificate.validity
  const constraints = readExtension(tbsCertificate, id_ce_basicConstraints, BasicConstraints)
  const sans = alternativeNames(readExtension(tbsCertificate, id_ce_subjectAltName, SubjectAlternativeName))
  // asn1-x509 spells cRLSign in another way.
  const usage = readExtension(tbsCertificate, id_ce_keyUsage, KeyUsage)
    ?.toJSON()
    .map((spelled) => keyUsageNames.find((name) => name.toLowerCase() === spelled.toLowerCase()) ?? spelled)
  const ekus = readExtension(tbsCertificate, id_ce_extKeyUsage, ExtendedKeyUsage)
  const material = materialOf(softwareKeyType(file.privateKey), file.privateKey)
  return completePolicy(
    call,
    {
      issuer: { name: 'Unknown' },
      ...given,
      key_props: {
        ...given.key_props,
        kty: material.kty,
        ...(isRsa(material.kty) ? { key_size: keySize(material) } : { crv: curveOf(material) }),
      },
      secret_props: { contentType: given.secret_props?.contentType ?? file.contentType },
      x509_props: {
        subject: formatName(tbsCertificate.subject),
        ...(sans === undefined ? {} : { sans }),
        ...(usage === undefined ? {} : { key_usage: usage }),
        ekus: [...(ekus ?? [])],
        validity_months: Math.max(1, Math.round((time(notAfter) - time(notBefore)) / averageMonth)),
        basic_constraints: {
          ca: constraints?.cA ?? false,
          ...(constraints?.pathLenConstraint === undefined
            ? {}
            : { path_len_constraint: constraints.pathLenConstraint }),
        },
      },
    },
    null,
  )
}

type TimeChoice = Certificate['tbsCertificate']['validity']['notBefore']

function time(choice: TimeChoice): number {
  return choice.getTime().getTime()
}

function readExtension<T>(tbs: Certificate['tbsCertificate'], oid: string, type: new () => T): T | undefined {
  const extension = [...(tbs.extensions ?? [])].find((candidate) => candidate.extnID === oid)
  return extension === undefined ? undefined : AsnConvert.parse(extension.extnValue.buffer, type)
}

function alternativeNames(names: SubjectAlternativeName | undefined): SubjectAlternativeNames | undefined {
  if (names === undefined) return undefined
  const found: SubjectAlternativeNames = {}
  for (const name of names) {
    if (name.dNSName !== undefined) (found.dns_names ??= []).push(name.dNSName)
    if (name.rfc822Name !== undefined) (found.emails ??= []).push(name.rfc822Name)
    if (name.uniformResourceIdentifier !== undefined) (found.uris ??= []).push(name.uniformResourceIdentifier)
    if (name.iPAddress !== undefined) (found.ipAddresses ??= []).push(name.iPAddress)
  }
  return found
}
