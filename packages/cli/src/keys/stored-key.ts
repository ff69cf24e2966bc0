import type { SigningKey } from '@sealwright/core'
import { distinguishedName } from '@sealwright/x509'
import { thumbprint } from './thumbprint.ts'

/** A key in a store, for JSON output. */
export interface StoredKeyReport {
  readonly name: string
  readonly location: string
  readonly version: string
  readonly keyId: string
  readonly subject: string | null
  /** SHA-1, as Windows and Azure show it; null without a certificate. */
  readonly thumbprint: string | null
  readonly algorithms: readonly string[]
  readonly notBefore: string | null
  readonly notAfter: string | null
  readonly enabled: boolean
}

export function storedKey(key: SigningKey): StoredKeyReport {
  const [certificate] = key.certificates
  return {
    name: key.name,
    location: key.location,
    version: key.version,
    keyId: key.keyId,
    subject: certificate === undefined ? null : distinguishedName(certificate),
    thumbprint: certificate === undefined ? null : thumbprint(certificate),
    algorithms: key.algorithms.map(({ name }) => name),
    notBefore: key.notBefore?.toISOString() ?? null,
    notAfter: key.notAfter?.toISOString() ?? null,
    enabled: key.enabled,
  }
}

/** Of one key, for people. */
export function keyLines(key: SigningKey): readonly string[] {
  const { location, subject, thumbprint: sha1, keyId, notAfter } = storedKey(key)
  return [
    `${location}: ${subject ?? 'a key without a certificate'}${notAfter === null ? '' : `, valid until ${notAfter}`}`,
    ...(sha1 === null ? [] : [`thumbprint ${sha1}`]),
    `kid        ${keyId}`,
  ]
}
