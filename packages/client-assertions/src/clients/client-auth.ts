import { hasMethod, must, type Check } from '@sealwright/core/internal'
import type { AssertionSource } from '../assertion-source.ts'

/**
 * A method of client authentication, as `oauth4webapi` and `openid-client` take one. It returns a promise, for which both wait; the type is
 * that of `openid-client`.
 */
export type ClientAuth = (
  server: unknown,
  client: { readonly client_id: string },
  body: URLSearchParams,
  headers: Headers,
) => void

export const aSource: Check = must('an AssertionSource; createAssertionSource makes one', (value) =>
  hasMethod(value, 'issue'),
)

/**
 * Client authentication by assertion (RFC 7523 §2.2) for `openid-client` and `oauth4webapi`: where they take a `ClientAuth`, such as their
 * own `PrivateKeyJwt`. Each request gets an assertion of its own.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the function that is returned throws what {@link AssertionSource.assertion} throws
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
  return async (_server, client, body) => {
    body.set('client_id', client.client_id)
    body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
    body.set('client_assertion', await assertions.assertion())
  }
}
