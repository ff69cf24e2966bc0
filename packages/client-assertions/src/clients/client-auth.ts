import type { AssertionSource } from '../assertion-source.ts'
import { aSource, setClientAssertion } from './client-assertion.ts'

/**
 * A client authentication method of `oauth4webapi` and `openid-client`. It returns a promise, and both await it,
 * although the type `ClientAuth` of `openid-client` does not say so.
 */
export type ClientAuth = (
  server: unknown,
  client: { readonly client_id: string },
  body: URLSearchParams,
  headers: Headers,
) => void

/**
 * Client authentication by assertion (RFC 7523 §2.2) for `openid-client` and `oauth4webapi`, in place of their own
 * `PrivateKeyJwt`. Each request gets a new assertion.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the returned function throws what {@link AssertionSource.assertion}
 *   throws
 *
 * @example
 * ```ts
 * import { clientAuth, createAssertionSource, privateKeyJwt } from '@sealwright/client-assertions'
 * import type { SigningKey } from '@sealwright/core'
 *
 * function authentication(key: SigningKey) {
 *   return clientAuth(createAssertionSource(key, privateKeyJwt({ clientId: 'reports', audience: 'https://id.example.com' })))
 * }
 * ```
 */
export function clientAuth(assertions: AssertionSource): ClientAuth {
  aSource('assertions', assertions)
  // oxlint-disable-next-line typescript/no-misused-promises -- both clients await it
  return (_server, { client_id: clientId }, body) => setClientAssertion(body, clientId, assertions)
}
