import { randomBytes } from 'node:crypto'
import { optionsOf } from '@sealwright/core/internal'
import { readFailure } from '../errors/failure.ts'
import { lacksPermission, toSealwrightError, type Permission } from '../errors/service-errors.ts'
import { keyVaultMembers, type KeyVaultOptions } from '../options.ts'
import { SdkClients } from '../sdk/sdk-clients.ts'
import { parseKeyVaultUri, parseVaultUrl } from '../vault-uri.ts'

/** What an identity may do with a key in a vault, in the words of access policies, such as `keys/sign`. */
export interface KeyVaultPermissions {
  /** The permissions that it has, of `keys/sign` and get, list, import, delete and purge of `certificates/` or `keys/`. */
  readonly granted: readonly Permission[]
  /** The permissions of the same list that it lacks. */
  readonly denied: readonly Permission[]
  /**
   * Whether the private key can be exported from the vault, with `secrets/get` or `keys/release`. null if the identity may not
   * read the key.
   */
  readonly exportable: boolean | null
}

/**
 * Finds out which permissions the identity has on a key, with one request for each. The requests change nothing: they name a
 * version that cannot exist or an object that no vault has, or they send an invalid key. `delete`, `purge` and `import` are detected
 * only if they are granted for the whole vault. No secret is requested.
 *
 * The vault logs the requests, and those that are denied count as failures in its metrics.
 *
 * @param uri of a certificate or key, as `parseKeyVaultUri` reads it
 * @throws SealwrightError `INVALID_ARGUMENT` for another URI; `ACCESS_DENIED` when the vault accepts no token of the identity, or
 *   refuses for another reason than a permission; `UNAVAILABLE`
 *
 * @example
 * ```ts
 * import { probeKeyVaultPermissions } from '@sealwright/azure-keyvault'
 *
 * const { granted, denied } = await probeKeyVaultPermissions('https://contoso.vault.azure.net/certificates/my-app-auth')
 * console.log(denied.includes('keys/sign'), granted.includes('certificates/delete'))
 * ```
 */
export async function probeKeyVaultPermissions(
  uri: string,
  options: KeyVaultOptions = {},
): Promise<KeyVaultPermissions> {
  const { vaultUrl, collection, name } = parseKeyVaultUri(uri)
  probeOptions('options', options)
  const probes = probesOf(new SdkClients(vaultUrl, options), name, parseVaultUrl(vaultUrl).managedHsm)
  const granted: Permission[] = []
  const denied: Permission[] = []
  let exportable: boolean | null = null
  for (const [permission, send] of probes) {
    // A bare key has no certificate.
    if (collection === 'keys' && permission.startsWith('certificates/')) continue
    // eslint-disable-next-line no-await-in-loop -- the SDK loses the body of a first request that is not alone
    const answer = await attempt(send, permission, { name, vaultUrl })
    const list = answer === null ? denied : granted
    list.push(permission)
    if (permission === `${collection}/get`) exportable = answer?.exportable ?? null
  }
  return { granted, denied, exportable }
}

const probeOptions = optionsOf(keyVaultMembers)

/** No vault gives this id to a version. */
const noVersion = '0'.repeat(32)
/** For one answer, in milliseconds. */
const timeout = 10_000

type Send = () => Promise<unknown>

function limit(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(timeout) }
}

function probesOf(
  sdk: SdkClients,
  name: string,
  isManagedHsm: boolean,
): readonly (readonly [Permission, Send])[] {
  const { keys, certificates } = sdk
  const noName = `sealwright-probe-${randomBytes(12).toString('hex')}`
  const ofCertificates: readonly (readonly [Permission, Send])[] = [
    ['certificates/get', async () => (await certificates.getCertificate(name, limit())).policy],
    ['certificates/list', () => certificates.listPropertiesOfCertificateVersions(name, limit()).next()],
    ['certificates/import', () => certificates.importCertificate(noName, new Uint8Array(1), limit())],
    ['certificates/delete', () => certificates.beginDeleteCertificate(noName, limit())],
    ['certificates/purge', () => certificates.purgeDeletedCertificate(noName, limit())],
  ]
  return [
    ...(isManagedHsm ? [] : ofCertificates),
    ['keys/get', async () => (await keys.getKey(name, limit())).properties],
    ['keys/list', () => keys.listPropertiesOfKeyVersions(name, limit()).next()],
    ['keys/sign', () => sdk.cryptography(name, noVersion).sign('RS256', new Uint8Array(32), limit())],
    ['keys/import', () => keys.importKey(noName, { kty: 'RSA' }, limit())],
    ['keys/delete', () => keys.beginDeleteKey(noName, limit())],
    ['keys/purge', () => keys.purgeDeletedKey(noName, limit())],
  ]
}

/** @returns null where the permission is missing */
async function attempt(
  send: Send,
  permission: Permission,
  { name, vaultUrl }: { readonly name: string; readonly vaultUrl: string },
): Promise<{ readonly exportable: boolean | null } | null> {
  try {
    return { exportable: exportableOf(await send()) }
  } catch (error) {
    const failure = readFailure(error)
    if (lacksPermission(failure)) return null
    // The vault checks permissions first. These errors are about the name or the request.
    if ([400, 404, 409].includes(failure.status ?? 0)) return { exportable: null }
    throw toSealwrightError(failure, { permission, object: `the key ${name}`, vaultUrl })
  }
}

/** Reads a certificate's policy or a key's properties. */
function exportableOf(answer: unknown): boolean | null {
  const value: unknown =
    typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'exportable') : null
  return typeof value === 'boolean' ? value : null
}
