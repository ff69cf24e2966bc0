import { z } from 'zod'
import { isPlatformManaged, platformManagedPolicy, platformManagedSchema } from './platform-managed.ts'
import { newAttributes } from '../vault/attributes.ts'
import {
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  keyUsageNames,
  subjectAlternativeName,
} from '../x509/extensions.ts'
import { badParameter } from '../protocol/errors.ts'
import { caseless, commonMembers, type GivenAttributes } from '../protocol/body.ts'
import { curves, isRsa } from '../keys/material.ts'
import type { Call } from '../vault/operation.ts'
import type { CertificatePolicy, KeyTypeName, LifetimeAction, PlatformManaged } from '../vault/records.ts'
import type { Extension } from '@peculiar/asn1-x509'
import { pemContentType } from '../x509/pem.ts'
import { parseName } from '../x509/distinguished-name.ts'

const pkcs12ContentType = 'application/x-pkcs12'

const serverAuthentication = '1.3.6.1.5.5.7.3.1'
const clientAuthentication = '1.3.6.1.5.5.7.3.2'

/** The issuers that every vault has: the vault signs, or a CA that the vault does not know. */
const builtInIssuers = ['Self', 'Unknown'] as const

/** A policy as a request gives it: every member is optional. */
export type GivenPolicy = Given<Omit<CertificatePolicy, 'attributes' | 'platformManaged'>> & {
  readonly platformManaged?: PlatformManaged | undefined
  readonly attributes?: GivenAttributes | undefined
}

type Given<T> = T extends readonly unknown[] | string | number | boolean
  ? T
  : { readonly [K in keyof T]?: Given<T[K]> | undefined }

const strings = z.array(z.string()).optional()

export const policySchema: z.ZodType<GivenPolicy> = z.object({
  key_props: z
    .object({
      exportable: z.boolean().optional(),
      kty: caseless(['RSA', 'RSA-HSM', 'EC', 'EC-HSM']).transform(keyType).optional(),
      key_size: z.int().optional(),
      crv: caseless(Object.keys(curves)).optional(),
      reuse_key: z.boolean().optional(),
    })
    .optional(),
  secret_props: z.object({ contentType: z.string().optional() }).optional(),
  x509_props: z
    .object({
      subject: z.string().optional(),
      sans: z
        .object({ emails: strings, dns_names: strings, upns: strings, uris: strings, ipAddresses: strings })
        .optional(),
      ekus: strings,
      key_usage: z.array(caseless(keyUsageNames)).optional(),
      validity_months: z.int().optional(),
      basic_constraints: z
        .object({ ca: z.boolean().optional(), path_len_constraint: z.int().optional() })
        .optional(),
    })
    .optional(),
  lifetime_actions: z
    .array(
      z.object({
        trigger: z
          .object({ lifetime_percentage: z.int().optional(), days_before_expiry: z.int().optional() })
          .optional(),
        action: z.object({ action_type: z.string().optional() }).optional(),
      }),
    )
    .optional(),
  issuer: z
    .object({
      name: z.string().optional(),
      cty: z.string().optional(),
      cert_transparency: z.boolean().optional(),
    })
    .optional(),
  attributes: commonMembers.attributes,
  platformManaged: platformManagedSchema.optional(),
})

/**
 * The policy that a request gives, completed from the previous policy, else with the service's defaults.
 *
 * @param given `policy` of a request
 * @throws ServiceError 400 for a policy that allows no certificate
 */
export function completePolicy(
  call: Call,
  given: GivenPolicy,
  previous: CertificatePolicy | null,
): CertificatePolicy {
  if (isPlatformManaged(call, given)) return platformManagedPolicy(call, given.platformManaged)
  const { key_props: key = {}, x509_props: x509 = {} } = given
  const constraints = x509.basic_constraints ?? {}
  const before = previous?.x509_props
  const kty = key.kty ?? previous?.key_props.kty ?? 'RSA'
  const sans = x509.sans ?? before?.sans
  const subject = x509.subject ?? before?.subject ?? ''
  // Before the issuer, as the service checks them.
  if (subject !== '') parseName(subject)
  const issuer = issuerOf(call, given.issuer ?? {}, previous)
  const policy: CertificatePolicy = {
    key_props: {
      exportable: key.exportable ?? previous?.key_props.exportable ?? true,
      kty,
      ...keyShape(kty, key, previous?.key_props),
    },
    secret_props: {
      contentType: contentType(given.secret_props?.contentType ?? previous?.secret_props.contentType),
    },
    x509_props: {
      subject,
      ...(sans === undefined ? {} : { sans: structuredClone(sans) }),
      ekus: x509.ekus ?? before?.ekus ?? [serverAuthentication, clientAuthentication],
      key_usage:
        x509.key_usage ??
        before?.key_usage ??
        (isRsa(kty) ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature']),
      validity_months: x509.validity_months ?? before?.validity_months ?? 12,
      basic_constraints: {
        ca: constraints.ca ?? before?.basic_constraints.ca ?? false,
        ...(constraints.path_len_constraint === undefined
          ? {}
          : { path_len_constraint: constraints.path_len_constraint }),
      },
    },
    lifetime_actions: given.lifetime_actions ?? previous?.lifetime_actions ?? [defaultAction(issuer.name)],
    issuer,
    attributes: newAttributes(call.settings, given.attributes),
  }
  if (previous !== null) policy.attributes.created = previous.attributes.created
  requireCertifiable(policy)
  return policy
}

/** A policy as the service writes it. */
export function policyBody(call: Call, name: string, policy: CertificatePolicy): object {
  const { enabled, created, updated } = policy.attributes
  const { subject, ...names } = policy.x509_props
  return {
    id: `${call.baseUrl}/certificates/${name}/policy`,
    ...policy,
    x509_props: policy.platformManaged === undefined ? { subject, ...names } : names,
    attributes: { enabled, created, updated },
  }
}

/** The extensions that a certificate by this policy has, except those that depend on a key. */
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

function defaultAction(issuer: string): LifetimeAction {
  const action = issuer === 'Unknown' ? 'EmailContacts' : 'AutoRenew'
  return { trigger: { lifetime_percentage: 80 }, action: { action_type: action } }
}

function requireCertifiable(policy: CertificatePolicy): void {
  const { subject, sans, validity_months } = policy.x509_props
  if (subject === '' && Object.values(sans ?? {}).every((names) => names.length === 0)) {
    throw badParameter('Either a subject or subject alternative names must be specified in the policy.')
  }
  if (validity_months < 1 || validity_months > 1200) {
    throw badParameter(`Validity of ${validity_months} months is not supported.`)
  }
  policyExtensions(policy)
}

function keyShape(
  kty: KeyTypeName,
  given: NonNullable<GivenPolicy['key_props']>,
  previous: CertificatePolicy['key_props'] | undefined,
): { key_size: number; reuse_key: boolean; crv?: string } {
  const reuse_key = given.reuse_key ?? previous?.reuse_key ?? false
  if (isRsa(kty)) {
    const previousSize = previous?.crv === undefined ? previous?.key_size : undefined
    return { key_size: given.key_size ?? previousSize ?? 2048, reuse_key }
  }
  const crv = given.crv ?? previous?.crv ?? 'P-256'
  const curve = Object.hasOwn(curves, crv) ? curves[crv] : undefined
  if (curve === undefined) throw badParameter(`Curve '${crv}' is not supported.`)
  return { key_size: curve.size, reuse_key, crv }
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
  given: NonNullable<GivenPolicy['issuer']>,
  previous: CertificatePolicy | null,
): CertificatePolicy['issuer'] {
  const asked = given.name ?? previous?.issuer.name ?? 'Unknown'
  const builtIn = builtInIssuers.find((known) => known.toLowerCase() === asked.toLowerCase())
  const name = builtIn ?? asked
  if (builtIn === undefined && call.vault.settings.issuers[name.toLowerCase()] === undefined) {
    throw badParameter(`The issuer '${name}' was not found in this key vault.`)
  }
  const cty = given.cty ?? previous?.issuer.cty
  const cert_transparency = given.cert_transparency ?? previous?.issuer.cert_transparency
  return {
    name,
    ...(cty === undefined ? {} : { cty }),
    ...(cert_transparency === undefined ? {} : { cert_transparency }),
  }
}

/** Whether a request has a policy with anything in it. */
export function isGiven(policy: GivenPolicy | undefined): policy is GivenPolicy {
  return policy !== undefined && Object.keys(policy).length > 0
}
