import { newAttributes } from '../vault/attributes.ts'
import {
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAlternativeName,
  type SubjectAlternativeNames,
} from '../x509/extensions.ts'
import { badParameter } from '../protocol/errors.ts'
import {
  arrayMember,
  booleanMember,
  integerMember,
  isJsonObject,
  objectMember,
  stringArrayMember,
  stringMember,
  type JsonObject,
} from '../protocol/json-input.ts'
import { curves, isRsa } from '../keys/material.ts'
import type { Call } from '../vault/operation.ts'
import type { CertificatePolicy, KeyTypeName } from '../vault/records.ts'
import type { Extension } from '@peculiar/asn1-x509'
import { pemContentType } from '../x509/pem.ts'
import { parseName } from '../x509/distinguished-name.ts'

const pkcs12ContentType = 'application/x-pkcs12'

const serverAuthentication = '1.3.6.1.5.5.7.3.1'
const clientAuthentication = '1.3.6.1.5.5.7.3.2'

/** The issuers every vault has: the certificate itself, and whoever somebody outside the vault asks. */
const builtInIssuers = new Set(['Self', 'Unknown'])

/**
 * The policy that a request gives, completed with what it leaves out: from the policy there was, else with the
 * service's defaults.
 *
 * @param given `policy` of a request
 * @throws ServiceError 400 for what the service could not make a certificate by
 */
export function completePolicy(
  call: Call,
  given: JsonObject,
  previous: CertificatePolicy | null,
): CertificatePolicy {
  const key = objectMember(given, 'key_props')
  const secret = objectMember(given, 'secret_props')
  const x509 = objectMember(given, 'x509_props')
  const constraints = objectMember(x509, 'basic_constraints')
  const kty = keyType(stringMember(key, 'kty') ?? previous?.key_props.kty ?? 'RSA')
  const sans =
    x509['sans'] === undefined ? previous?.x509_props.sans : alternativeNames(objectMember(x509, 'sans'))
  const pathLength = integerMember(constraints, 'path_len_constraint')
  const issuer = issuerOf(call, objectMember(given, 'issuer'), previous)
  const policy: CertificatePolicy = {
    key_props: {
      exportable: booleanMember(key, 'exportable') ?? previous?.key_props.exportable ?? true,
      kty,
      ...keyShape(kty, key, previous?.key_props),
      reuse_key: booleanMember(key, 'reuse_key') ?? previous?.key_props.reuse_key ?? false,
    },
    secret_props: {
      contentType: contentType(stringMember(secret, 'contentType') ?? previous?.secret_props.contentType),
    },
    x509_props: {
      subject: stringMember(x509, 'subject') ?? previous?.x509_props.subject ?? '',
      ...(sans === undefined ? {} : { sans }),
      ekus: [
        ...(stringArrayMember(x509, 'ekus') ??
          previous?.x509_props.ekus ?? [serverAuthentication, clientAuthentication]),
      ],
      key_usage: [
        ...(stringArrayMember(x509, 'key_usage') ??
          previous?.x509_props.key_usage ??
          (isRsa(kty) ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature'])),
      ],
      validity_months: integerMember(x509, 'validity_months') ?? previous?.x509_props.validity_months ?? 12,
      basic_constraints: {
        ca: booleanMember(constraints, 'ca') ?? previous?.x509_props.basic_constraints.ca ?? false,
        ...(pathLength === undefined ? {} : { path_len_constraint: pathLength }),
      },
    },
    lifetime_actions: [
      ...(arrayMember(given, 'lifetime_actions') ??
        previous?.lifetime_actions ?? [defaultAction(issuer.name)]),
    ],
    issuer,
    attributes: newAttributes({ ...call, body: given }),
  }
  if (previous !== null) policy.attributes.created = previous.attributes.created
  requireCertifiable(policy)
  return policy
}

/** A policy as the service writes it. */
export function policyBody(call: Call, name: string, policy: CertificatePolicy): object {
  const { enabled, created, updated } = policy.attributes
  return {
    id: `${call.baseUrl}/certificates/${name}/policy`,
    ...policy,
    attributes: { enabled, created, updated },
  }
}

/** The extensions that a certificate by this policy has, as far as they depend on no key. */
export function policyExtensions(policy: CertificatePolicy): Extension[] {
  const { key_usage, basic_constraints, ekus, sans } = policy.x509_props
  const names = subjectAlternativeName(sans ?? {})
  return [
    keyUsage(key_usage),
    basicConstraints(basic_constraints.ca, basic_constraints.path_len_constraint),
    ...(ekus.length === 0 ? [] : [extendedKeyUsage(ekus)]),
    ...(names === null ? [] : [names]),
  ]
}

/** What the key of such a certificate may be used for, by the certificate's key usage. */
export function keyOperationsFor(policy: CertificatePolicy): string[] {
  const usage = policy.x509_props.key_usage
  const has = (...names: string[]): boolean => names.some((name) => usage.includes(name))
  const signs = has('digitalSignature', 'nonRepudiation', 'keyCertSign')
  if (!isRsa(policy.key_props.kty)) return signs ? ['sign', 'verify'] : []
  return [
    ...(has('dataEncipherment', 'encipherOnly') ? ['encrypt'] : []),
    ...(has('dataEncipherment', 'decipherOnly') ? ['decrypt'] : []),
    ...(signs ? ['sign', 'verify'] : []),
    ...(has('keyEncipherment') ? ['wrapKey', 'unwrapKey'] : []),
  ]
}

function defaultAction(issuer: string): object {
  const action = issuer === 'Unknown' ? 'EmailContacts' : 'AutoRenew'
  return { trigger: { lifetime_percentage: 80 }, action: { action_type: action } }
}

function requireCertifiable(policy: CertificatePolicy): void {
  const { subject, sans, validity_months } = policy.x509_props
  if (subject === '' && Object.values(sans ?? {}).every((names) => names.length === 0)) {
    throw badParameter('Either a subject or subject alternative names must be specified in the policy.')
  }
  if (subject !== '') parseName(subject)
  if (validity_months < 1 || validity_months > 1200) {
    throw badParameter(`Validity of ${validity_months} months is not supported.`)
  }
  policyExtensions(policy)
}

function keyShape(
  kty: KeyTypeName,
  given: JsonObject,
  previous: CertificatePolicy['key_props'] | undefined,
): { key_size: number; crv?: string } {
  if (isRsa(kty)) {
    const size = integerMember(given, 'key_size')
    return { key_size: size ?? (previous?.crv === undefined ? previous?.key_size : undefined) ?? 2048 }
  }
  const crv = stringMember(given, 'crv') ?? previous?.crv ?? 'P-256'
  const curve = Object.hasOwn(curves, crv) ? curves[crv] : undefined
  if (curve === undefined) throw badParameter(`Curve '${crv}' is not supported.`)
  return { key_size: curve.size, crv }
}

function keyType(name: string): KeyTypeName {
  switch (name) {
    case 'RSA':
    case 'RSA-HSM':
    case 'EC':
    case 'EC-HSM':
      return name
    default:
      throw badParameter(`Key type '${name}' is not supported for certificates.`)
  }
}

function contentType(name = pkcs12ContentType): string {
  if (name !== pkcs12ContentType && name !== pemContentType) {
    throw badParameter(`Content type '${name}' is not supported for certificates.`)
  }
  return name
}

function issuerOf(
  call: Call,
  given: JsonObject,
  previous: CertificatePolicy | null,
): CertificatePolicy['issuer'] {
  const name = stringMember(given, 'name') ?? previous?.issuer.name ?? 'Unknown'
  if (!builtInIssuers.has(name) && call.vault.settings.issuers[name.toLowerCase()] === undefined) {
    throw badParameter(`The issuer '${name}' was not found in this key vault.`)
  }
  const cty = stringMember(given, 'cty')
  const transparency = booleanMember(given, 'cert_transparency')
  return {
    name,
    ...(cty === undefined ? {} : { cty }),
    ...(transparency === undefined ? {} : { cert_transparency: transparency }),
  }
}

function alternativeNames(given: JsonObject): SubjectAlternativeNames {
  const names: SubjectAlternativeNames = {}
  for (const kind of ['emails', 'dns_names', 'upns', 'uris', 'ipAddresses'] as const) {
    const values = stringArrayMember(given, kind)
    if (values !== undefined) names[kind] = [...values]
  }
  return names
}

/** Whether this is a JSON object with members, which is to say: a policy was given. */
export function isGiven(value: unknown): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).length > 0
}
