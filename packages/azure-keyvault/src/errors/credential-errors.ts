import { SealwrightError } from '@sealwright/core'
import { explainNetworkError, type ConnectionFailure } from './network-errors.ts'

/**
 * The error for a token that the credential could not get: `ACCESS_DENIED` when the authority refused the identity,
 * otherwise `UNAVAILABLE`, with `retryAfter` only where the next request may succeed.
 *
 * @param authority the authority, for the message
 */
export function tokenError(error: unknown, authority: string): SealwrightError {
  const options = { cause: error }
  if (isRefusal(error)) {
    return new SealwrightError(
      'ACCESS_DENIED',
      `${authority} refused the identity a token for Key Vault: ${reasonOf(error)}`,
      options,
    )
  }
  const explanation = networkExplanation(error, authority)
  if (explanation !== null) {
    return new SealwrightError('UNAVAILABLE', `no token for Key Vault: ${explanation}`, options)
  }
  if (isUnreachable(error)) {
    return new SealwrightError(
      'UNAVAILABLE',
      `${authority} cannot be reached for a token: ${reasonOf(error)}; check the network, any proxy, and that its TLS ` +
        'certificate is trusted (NODE_EXTRA_CA_CERTS)',
      { ...options, retryAfter: 1 },
    )
  }
  if (isUnavailable(error)) {
    return new SealwrightError(
      'UNAVAILABLE',
      `found no identity that can get a token from ${authority}: ${adviceFor(error)}`,
      options,
    )
  }
  return new SealwrightError('UNAVAILABLE', `no token for Key Vault from ${authority}: ${reasonOf(error)}`, {
    ...options,
    retryAfter: 1,
  })
}

/**
 * The error for a connection to the authority that fails in the same way every time; null for every other failure.
 *
 * @param authority the authority that the vault names, for the message
 */
export function connectionError(
  { host, code }: ConnectionFailure,
  authority: string,
): SealwrightError | null {
  const explanation = explainNetworkError(code, host, credentialCa)
  return explanation === null
    ? null
    : new SealwrightError('UNAVAILABLE', `no token for Key Vault from ${authority}: ${explanation}`)
}

const credentialCa = 'the `tlsOptions.ca` of the credential'

/** The first line says what happened. Hints, ids and times of the authority follow. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split(/[\r\n]/, 1)[0] ?? '').slice(0, 300) : String(error)
}

/**
 * Whether the authority answered with a refusal. The credentials have several error classes for it, which they use for
 * failures of the network as well. But a refusal comes with its OAuth code (RFC 6749 §5.2), at the start of the message.
 */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // A chain of credentials fails with the errors of all its links.
  const links = linksOf(error)
  if (links.length > 0) return links.some(isRefusal)
  return /^(invalid_(client|grant|request|resource|scope)|unauthorized_client|access_denied)\b/.test(
    error.message,
  )
}

/**
 * Whether MSAL reports a network failure. It drops the socket's error, which has the reason. In a chain, the failure is
 * that of the managed identity endpoint, which other machines don't have.
 */
function isUnreachable(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(network_error|endpoints_resolution_error|openid_config_error)\b/.test(error.message) &&
    linksOf(error).length === 0
  )
}

/** Whether no credential applies here, so that the authority was not even asked. */
function isUnavailable(error: unknown): boolean {
  const links = linksOf(error)
  if (links.length > 0) return links.every(isUnavailable)
  return error instanceof Error && error.name === 'CredentialUnavailableError'
}

function linksOf(error: unknown): readonly unknown[] {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? error.errors : []
}

function adviceFor(error: unknown): string {
  if (linksOf(error).length === 0) return reasonOf(error)
  return (
    'DefaultAzureCredential found no usable credential. On a developer’s machine run `az login`; in Azure assign the ' +
    'app a managed identity (for a user-assigned one also set AZURE_CLIENT_ID); elsewhere set AZURE_TENANT_ID, ' +
    'AZURE_CLIENT_ID and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH, AZURE_FEDERATED_TOKEN_FILE'
  )
}

/** MSAL wraps a socket's error once or several times. */
function networkExplanation(error: unknown, authority: string): string | null {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth++) {
    const codes = 'code' in each && typeof each.code === 'string' ? [each.code] : []
    // If the code was lost, its name is still in the message.
    codes.push(...(each.message.match(/\b(?:[A-Z]+_)+[A-Z]+\b|\bENOTFOUND\b/g) ?? []))
    for (const code of codes) {
      const explanation = explainNetworkError(code, authority, credentialCa)
      if (explanation !== null) return explanation
    }
  }
  return null
}
