import type { KeyVaultPermission } from '@sealwright/azure-keyvault'
import type { KeyAccess } from '../../keys/key-access.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'

/** Tries what the identity of this process may do with the keys in vaults. */
export async function examinePermissions(sources: readonly string[], { vault }: KeyAccess): Promise<Step> {
  const uris = sources.filter((source) => /^https:/i.test(source))
  if (uris.length === 0) return skipped('permissions', 'no --key is in a vault')
  const findings = await Promise.all(uris.map((uri) => findingsOf(uri, vault)))
  return step(
    'permissions',
    'tried with the identity of this environment, which should be that of the servers',
    findings.flat(),
  )
}

async function findingsOf(uri: string, vault: KeyAccess['vault']): Promise<readonly Finding[]> {
  const { parseKeyVaultUri, probeKeyVaultPermissions } = await import('@sealwright/azure-keyvault')
  let place: ReturnType<typeof parseKeyVaultUri>
  let permissions: Awaited<ReturnType<typeof probeKeyVaultPermissions>>
  try {
    place = parseKeyVaultUri(uri)
    permissions = await probeKeyVaultPermissions(uri, vault)
  } catch (error) {
    return [finding('key-unavailable', uri, expected(error).message)]
  }
  const { collection, version } = place
  const { granted, denied, exportable } = permissions
  const needed = new Set<KeyVaultPermission>([
    `${collection}/get`,
    'keys/sign',
    // Other versions count only where the URI names none.
    ...(version === null ? ([`${collection}/list`] as const) : []),
  ])
  const missing = denied.filter((each) => needed.has(each))
  const excess = granted.filter((each) => /\/(?:import|delete|purge)$/.test(each))
  return [
    ...missing.map((permission) =>
      finding('permission-missing', uri, `the identity lacks ${permission}`, fixes[permission]),
    ),
    ...(excess.length === 0
      ? []
      : [finding('permission-excess', uri, `the identity also has ${excess.join(', ')}`)]),
    ...(exportable === true
      ? [finding('private-key-exportable', uri, 'the private key can be exported from the vault')]
      : []),
  ]
}

const fixes: Partial<Record<KeyVaultPermission, string>> = {
  'certificates/get':
    'Grant the role "Key Vault Certificate User", or get on certificates in an access policy.',
  'certificates/list':
    'Grant the role "Key Vault Certificate User", or list on certificates in an access policy: without it a rotation is not seen.',
  'keys/get': 'Grant the role "Key Vault Crypto User", or get on keys in an access policy.',
  'keys/list':
    'Grant the role "Key Vault Crypto User", or list on keys in an access policy: without it a rotation is not seen.',
  'keys/sign': 'Grant the role "Key Vault Crypto User", or sign on keys in an access policy.',
}
