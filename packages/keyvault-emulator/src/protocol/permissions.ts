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

export type KeyPermission = (typeof permissions.keys)[number]
export type SecretPermission = (typeof permissions.secrets)[number]
export type CertificatePermission = (typeof permissions.certificates)[number]

/** An access policy. A collection left out allows nothing in it. */
export interface AccessPolicy {
  readonly keys?: readonly KeyPermission[] | 'all' | undefined
  readonly secrets?: readonly SecretPermission[] | 'all' | undefined
  readonly certificates?: readonly CertificatePermission[] | 'all' | undefined
}

/** A permission as access policies name it. */
export type Permission =
  | readonly ['keys', KeyPermission]
  | readonly ['secrets', SecretPermission]
  | readonly ['certificates', CertificatePermission]
