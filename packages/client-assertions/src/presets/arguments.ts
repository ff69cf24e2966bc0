import { aWholeNumber, must, type Check } from '@sealwright/core/internal'

/** Half of a surrogate pair has no UTF-8, so no JWT can carry it. */
const loneSurrogate = /\p{Surrogate}/u

export const aText: Check = must(
  'a string of valid Unicode that is not empty',
  (value) => typeof value === 'string' && value !== '' && !loneSurrogate.test(value),
)

/** A URL that an assertion may be sent to: plain HTTP shows it to the network. */
export const anHttpsUrl: Check = must(
  'an https URL without a user, a query or a fragment, such as https://id.example/token; http is for localhost only',
  (value) => typeof value === 'string' && isSecure(value),
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

function isSecure(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(text)
  if (username !== '' || password !== '' || search !== '' || hash !== '') return false
  // What URL would repair silently would not be what the service compares.
  if (/[\s\\?#]/.test(text)) return false
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLocal)
}
