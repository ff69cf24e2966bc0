/** A request over HTTPS that got no answer. */
export interface ConnectionFailure {
  /** The host that was asked. */
  readonly host: string
  /** Node's code of the error, such as `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly code: string
}

/** Socket errors that occur before anything is sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** The certificate is for other names than the host (RFC 9525 §6). */
const wrongName = new Set(['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'])

/** Permanent reasons for OpenSSL to refuse a certificate, as Node names them. */
const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
])

/** Whether the connection failed before the request was sent, so that nothing was carried out. */
export function wasNeverSent(code: string | undefined): boolean {
  return code !== undefined && (neverSent.has(code) || explainNetworkError(code, '') !== null)
}

/**
 * Advice for a connection that fails in the same way every time: the certificate is not trusted or is for another host,
 * or DNS does not know the host.
 *
 * @param ca where a CA can be configured besides the environment
 * @returns null for every other failure, which may pass by itself
 */
export function explainNetworkError(
  code: string | undefined,
  host: string,
  ca: string = 'the `ca` of the agent',
): string | null {
  if (code === undefined) return null
  if (code === 'ENOTFOUND') {
    return `DNS has no host ${host} (ENOTFOUND); check the name, and for a private endpoint its DNS zone`
  }
  if (wrongName.has(code)) {
    return `the TLS certificate of ${host} is for another name (${code}); check DNS and any proxy`
  }
  if (untrusted.has(code)) {
    return (
      `the TLS certificate of ${host} is not trusted (${code}); if a proxy or an emulator uses its own CA, ` +
      `set NODE_EXTRA_CA_CERTS or ${ca} to its certificate`
    )
  }
  return code.startsWith('ERR_SSL_') || code === 'EPROTO'
    ? `${host} does not speak TLS as expected (${code}); check the port and any proxy`
    : null
}
