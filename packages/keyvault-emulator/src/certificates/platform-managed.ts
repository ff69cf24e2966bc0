import { z } from 'zod'
import { newAttributes } from '../vault/attributes.ts'
import type { Call } from '../vault/operation.ts'
import type { CertificatePolicy, PlatformManaged } from '../vault/records.ts'

/** The first api-version of the service with certificates that the platform manages. */
const since = '2026-03-01'
const strings = z.array(z.string()).optional()

export const platformManagedSchema: z.ZodType<PlatformManaged> = z.object({
  certificateUsage: z.string(),
  metadata: z.object({ sans: z.object({ dns_names: strings }) }),
})

/** Whether the api-version is named after a date and not older than this one. */
export function isSince(apiVersion: string, date: string): boolean {
  return /^\d{4}-/.test(apiVersion) && apiVersion.slice(0, date.length) >= date
}

/** Whether the request has a policy that the platform completes. */
export function isPlatformManaged(
  { apiVersion }: Call,
  given: { readonly platformManaged?: PlatformManaged | undefined },
): given is { readonly platformManaged: PlatformManaged } {
  return given.platformManaged !== undefined && isSince(apiVersion, since)
}

/** The policy of a certificate that the platform manages, as recorded. */
export function platformManagedPolicy(call: Call, platformManaged: PlatformManaged): CertificatePolicy {
  return {
    key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
    secret_props: { contentType: 'application/x-pkcs12' },
    x509_props: {
      subject: '',
      sans: structuredClone(platformManaged.metadata.sans),
      ekus: ['1.3.6.1.5.5.7.3.1'],
      key_usage: ['digitalSignature', 'keyEncipherment'],
      validity_months: 6,
      basic_constraints: { ca: false },
    },
    lifetime_actions: [{ trigger: { lifetime_percentage: 50 }, action: { action_type: 'AutoRenew' } }],
    issuer: { name: 'PlatformManaged' },
    attributes: newAttributes(call.settings, undefined),
    platformManaged,
  }
}

/**
 * Why the platform refuses a certificate; null when it does not. Here every domain counts as registered except those below
 * `.invalid` (RFC 6761).
 */
export function platformRefusal({
  platformManaged,
}: CertificatePolicy): { code: string; message: string } | null {
  const names = platformManaged?.metadata.sans.dns_names ?? []
  const unregistered = names.find((name) => name.endsWith('.invalid'))
  if (unregistered === undefined) return null
  return {
    code: 'Request rejected',
    message:
      'OneCertV2-PublicCA rejected the request to create a certificate. Please check your configuration and try again. ' +
      `The domain has not been registered with OneCert: ${unregistered}.`,
  }
}
