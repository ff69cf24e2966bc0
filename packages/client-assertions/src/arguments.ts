import { aWholeNumber, isSecureUrl, must, type Check } from '@sealwright/core/internal'

/** A JWT is UTF-8, which cannot encode half of a surrogate pair. Text with line breaks may be a PEM file, passed by mistake. */
export const aText: Check = must(
  'a non-empty string of valid Unicode without control characters',
  (value) => typeof value === 'string' && /^[^\p{Cc}\p{Surrogate}]+$/u.test(value),
)

/** RFC 6749 Appendix A.1. */
export const aClientId: Check = must(
  'a string of printable ASCII characters',
  (value) => typeof value === 'string' && /^[ -~]+$/.test(value),
)

/** Longer ones would not fit into a header that every verifier accepts. */
export const aKeyId: Check = must(
  'a string of 1 to 256 printable ASCII characters without quotation marks or backslashes',
  (value) => typeof value === 'string' && /^[ !#-[\]-~]{1,256}$/.test(value),
)

/** A URL that an assertion may be sent to: plain HTTP shows it to the network. */
export const anHttpsUrl: Check = must(
  'an https URL without user name, query or fragment, such as https://id.example/token; http is allowed for localhost only',
  isExactUrl,
)

export const anHttpsOrigin: Check = must(
  'an https URL without a path, such as https://id.example; http is allowed for localhost only',
  (value) => isExactUrl(value) && new URL(value).pathname === '/',
)

/** @param maximum the longest one that the service accepts, in seconds */
export function aLifetime(maximum: number): Check {
  return aWholeNumber(1, maximum, 'seconds')
}

/** The host of a URL, and nothing else of it. */
export const aHostName: Check = must(
  'a host name without a scheme or a path, such as tenant.eu.auth0.com',
  (value) =>
    typeof value === 'string' &&
    /^[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)+$/i.test(value),
)

/** A scope-token (RFC 6749 §3.3). */
export const aScopeToken: Check = must(
  'a scope: printable ASCII without spaces, quotation marks or backslashes',
  (value) => typeof value === 'string' && /^[!#-[\]-~]+$/.test(value),
)

/** A list of scope-tokens (RFC 6749 §3.3). */
export const aScope: Check = must(
  'scopes with one space between them',
  (value) => typeof value === 'string' && /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/.test(value),
)

function isExactUrl(value: unknown): value is string {
  // `new URL` repairs these characters silently. The service compares the text as it is.
  if (typeof value !== 'string' || /[\s\\?#]/.test(value) || !URL.canParse(value)) return false
  const url = new URL(value)
  return url.username === '' && url.password === '' && isSecureUrl(url)
}
