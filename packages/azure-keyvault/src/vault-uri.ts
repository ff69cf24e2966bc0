import { SealwrightError } from '@sealwright/core'
import { aString } from '@sealwright/core/internal'

/** The parts of a Key Vault URI. */
export interface KeyVaultUri {
  /** The vault or managed HSM, such as `https://my-vault.vault.azure.net`; a port is kept, nothing follows it. */
  readonly vaultUrl: string
  /** Which of the vault's collections the object is in. A managed HSM has only keys. */
  readonly collection: 'certificates' | 'keys'
  /** The name of the certificate or key. */
  readonly name: string
  /** null for the newest one. */
  readonly version: string | null
}

/** The endings of host names that Azure's clouds give to vaults and managed HSMs. */
const hostSuffixes: readonly { readonly suffix: string; readonly managedHsm: boolean }[] = [
  { suffix: '.vault.azure.net', managedHsm: false },
  { suffix: '.vault.azure.cn', managedHsm: false },
  { suffix: '.vault.usgovcloudapi.net', managedHsm: false },
  { suffix: '.managedhsm.azure.net', managedHsm: true },
  { suffix: '.managedhsm.azure.cn', managedHsm: true },
  { suffix: '.managedhsm.usgovcloudapi.net', managedHsm: true },
]

/** The service's own rule for the names of keys and certificates. */
const objectName = /^[0-9A-Za-z-]{1,127}$/
const objectVersion = /^[0-9a-f]{32}$/

/** The forms, for messages. */
export const uriForms: readonly string[] = [
  'https://NAME.vault.azure.net/certificates/CERTIFICATE[/VERSION]',
  'https://NAME.vault.azure.net/keys/KEY[/VERSION]',
]

/**
 * Whether the text is meant as the URI of an object in a vault, well-formed or not: an `http` or `https` URL whose host is
 * in one of Azure's Key Vault or Managed HSM domains. {@link parseKeyVaultUri} says what else is wrong with it.
 *
 * @example
 * ```ts
 * import { isKeyVaultUri } from '@sealwright/azure-keyvault'
 *
 * isKeyVaultUri('https://contoso.vault.azure.net/keys/my-app-auth') // true
 * ```
 */
export function isKeyVaultUri(uri: string): boolean {
  const url = typeof uri === 'string' && URL.canParse(uri) ? new URL(uri) : null
  return url !== null && /^https?:$/.test(url.protocol) && suffixOf(url) !== undefined
}

/**
 * Parses `https://HOST[:PORT]/certificates/NAME[/VERSION]` and `https://HOST[:PORT]/keys/NAME[/VERSION]`.
 *
 * @param uri a port is for emulators; the host keeps its Azure name, because the client checks the challenge against it
 * @throws SealwrightError `INVALID_ARGUMENT` for anything else: http, a user or password, a query, a fragment, another
 *   host, another collection (`secrets` among them: a certificate's secret is its private key), a malformed name or
 *   version, certificates in a managed HSM
 *
 * @example
 * ```ts
 * import { parseKeyVaultUri } from '@sealwright/azure-keyvault'
 *
 * const { vaultUrl, name } = parseKeyVaultUri('https://contoso.vault.azure.net/keys/my-app-auth')
 * ```
 */
export function parseKeyVaultUri(uri: string): KeyVaultUri {
  aString('uri', uri)
  const url = parseUrl(uri)
  const { managedHsm } = checkOrigin(url)
  const [collection, name, version, ...rest] = url.pathname.slice(1).replace(/\/$/, '').split('/')
  if (collection === 'secrets') {
    throw refused(url, 'is a secret, which would expose the private key; use /certificates/NAME')
  }
  if ((collection !== 'certificates' && collection !== 'keys') || name === undefined || rest.length > 0) {
    throw refused(url, `does not have one of the forms ${uriForms.join(', ')}`)
  }
  if (managedHsm && collection === 'certificates') {
    throw refused(url, 'is a certificate, but a managed HSM has only keys; use /keys/KEY')
  }
  checkName(name)
  if (version !== undefined && !isVersion(version)) {
    throw refused(
      url,
      `ends in ${quote(version)}, which is not a version; a version has 32 lower-case hexadecimal digits`,
    )
  }
  return { vaultUrl: url.origin, collection, name, version: version ?? null }
}

/**
 * Checks the URL of a vault or managed HSM.
 *
 * @returns its origin, without a slash at the end
 * @throws SealwrightError `INVALID_ARGUMENT` as {@link parseKeyVaultUri}, and when a path follows the host
 */
export function parseVaultUrl(vaultUrl: string): { readonly vaultUrl: string; readonly managedHsm: boolean } {
  aString('vaultUrl', vaultUrl)
  const url = parseUrl(vaultUrl)
  const { managedHsm } = checkOrigin(url)
  if (url.pathname !== '/') throw refused(url, 'has a path; the URL of a vault has none')
  return { vaultUrl: url.origin, managedHsm }
}

/** @throws SealwrightError `INVALID_ARGUMENT` for another type than string, or a name that the service would refuse */
export function checkName(name: string): void {
  aString('name', name)
  if (!objectName.test(name)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the name is not valid in Key Vault; a name has 1 to 127 ASCII letters, digits and hyphens',
    )
  }
}

/** Whether the service could have given the id to a version. */
export function isVersion(version: string): boolean {
  return typeof version === 'string' && objectVersion.test(version)
}

/** @throws SealwrightError `INVALID_ARGUMENT` when the service could not have given the id to a version */
export function checkVersion(version: string): void {
  aString('version', version)
  if (!isVersion(version)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'the version is not valid; a version has 32 lower-case hexadecimal digits',
    )
  }
}

/**
 * Whether the identifier in the service's answer names this object: same vault, collection, name, version. The port is
 * not compared: the service behind a forwarded port does not know it.
 */
export function namesVersion(
  id: string,
  expected: { readonly vaultUrl: string; readonly name: string; readonly version: string },
): boolean {
  if (!URL.canParse(id)) return false
  const url = new URL(id)
  return (
    url.hostname === new URL(expected.vaultUrl).hostname &&
    url.pathname.toLowerCase() === `/keys/${expected.name}/${expected.version}`.toLowerCase()
  )
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `the Key Vault URI is not a URL; expected ${uriForms[0] ?? ''}`,
    )
  }
  return new URL(text)
}

function checkOrigin(url: URL): { readonly managedHsm: boolean } {
  if (url.username !== '' || url.password !== '') {
    throw refused(url, 'has a user name or password; pass a credential instead')
  }
  if (url.protocol !== 'https:') throw refused(url, 'is not https')
  if (url.search !== '' || url.hash !== '') throw refused(url, 'has a query or a fragment')
  const suffix = suffixOf(url)
  if (suffix === undefined) {
    const known = hostSuffixes.map((each) => `*${each.suffix}`).join(', ')
    throw refused(url, `has no host of Key Vault (${known})`)
  }
  return suffix
}

function suffixOf(url: URL): (typeof hostSuffixes)[number] | undefined {
  return hostSuffixes.find(
    ({ suffix }) =>
      url.hostname.endsWith(suffix) && /^[0-9a-z-]+$/.test(url.hostname.slice(0, -suffix.length)),
  )
}

/** Quotes only the place, and no part that could contain a secret. */
function refused(url: URL, problem: string): SealwrightError {
  return new SealwrightError(
    'INVALID_ARGUMENT',
    `the Key Vault URI ${quote(url.host + url.pathname)} ${problem}`,
  )
}

function quote(text: string): string {
  return JSON.stringify(text.length > 150 ? `${text.slice(0, 150)}…` : text)
}
