/** A built-in role for the data of vaults. */
export interface VaultRole {
  /** The id of the role definition, the same in every tenant. */
  readonly id: string
  /** The name in the portal, such as `Key Vault Crypto User`. */
  readonly name: string
  /** Without `Microsoft.KeyVault/vaults/`. A `*` stands for any text. */
  readonly dataActions: readonly string[]
}

/** The built-in roles that have data actions, as the service documents them. */
export const vaultRoles: readonly VaultRole[] = [
  { id: '00482a5a-887f-4fb3-b363-3b7fe8e74483', name: 'Key Vault Administrator', dataActions: ['*'] },
  {
    id: '21090545-7ca7-4776-b22c-e363652d74d2',
    name: 'Key Vault Reader',
    dataActions: ['*/read', 'secrets/readMetadata/action'],
  },
  {
    id: 'a4417e6f-fecd-4de8-b567-7b0420556985',
    name: 'Key Vault Certificates Officer',
    dataActions: ['certificatecas/*', 'certificates/*', 'certificatecontacts/write'],
  },
  {
    id: 'db79e9a7-68ee-4b58-9aeb-b90e7c24fcba',
    name: 'Key Vault Certificate User',
    dataActions: [
      'certificates/read',
      'secrets/getSecret/action',
      'secrets/readMetadata/action',
      'keys/read',
    ],
  },
  {
    id: '14b46e9e-c2b7-41b4-b07b-48a6ebf60603',
    name: 'Key Vault Crypto Officer',
    dataActions: ['keys/*', 'keyrotationpolicies/*'],
  },
  {
    id: '12338af0-0e69-4776-bea7-57ae8d297424',
    name: 'Key Vault Crypto User',
    dataActions: [
      'keys/read',
      'keys/update/action',
      'keys/backup/action',
      'keys/encrypt/action',
      'keys/decrypt/action',
      'keys/wrap/action',
      'keys/unwrap/action',
      'keys/sign/action',
      'keys/verify/action',
    ],
  },
  {
    id: 'e147488a-f6f5-4113-8e2d-b22465e65bf6',
    name: 'Key Vault Crypto Service Encryption User',
    dataActions: ['keys/read', 'keys/wrap/action', 'keys/unwrap/action'],
  },
  {
    id: '08bbd89e-9f13-488c-ac41-acfcb10c90ab',
    name: 'Key Vault Crypto Service Release User',
    dataActions: ['keys/release/action'],
  },
  {
    id: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
    name: 'Key Vault Secrets Officer',
    dataActions: ['secrets/*'],
  },
  {
    id: '4633458b-17de-408a-b874-0445c86b69e6',
    name: 'Key Vault Secrets User',
    dataActions: ['secrets/getSecret/action', 'secrets/readMetadata/action'],
  },
]
