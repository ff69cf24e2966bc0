/** Every permission by collection, spelled as access policies do. */
export const permissions = {
  keys: [
    'get',
    'list',
    'update',
    'create',
    'import',
    'delete',
    'recover',
    'backup',
    'restore',
    'decrypt',
    'encrypt',
    'unwrapKey',
    'wrapKey',
    'verify',
    'sign',
    'purge',
    'release',
    'rotate',
    'getrotationpolicy',
    'setrotationpolicy',
  ],
  secrets: ['get', 'list', 'set', 'delete', 'recover', 'backup', 'restore', 'purge'],
  certificates: [
    'get',
    'list',
    'update',
    'create',
    'import',
    'delete',
    'recover',
    'backup',
    'restore',
    'managecontacts',
    'manageissuers',
    'getissuers',
    'listissuers',
    'setissuers',
    'deleteissuers',
    'purge',
  ],
} as const

/** A permission on keys, as access policies spell it. */
export type KeyPermission = (typeof permissions.keys)[number]
/** A permission on secrets, as access policies spell it. */
export type SecretPermission = (typeof permissions.secrets)[number]
/** A permission on certificates, their issuers and contacts, as access policies spell it. */
export type CertificatePermission = (typeof permissions.certificates)[number]

/** An access policy. It allows nothing in a collection that is absent. */
export interface AccessPolicy {
  /** Permissions on keys; `all` for every one. */
  readonly keys?: readonly KeyPermission[] | 'all' | undefined
  /** Permissions on secrets; `all` for every one. */
  readonly secrets?: readonly SecretPermission[] | 'all' | undefined
  /** Permissions on certificates; `all` for every one. */
  readonly certificates?: readonly CertificatePermission[] | 'all' | undefined
}

/** A permission as access policies name it. */
export type Permission =
  | readonly ['keys', KeyPermission]
  | readonly ['secrets', SecretPermission]
  | readonly ['certificates', CertificatePermission]
