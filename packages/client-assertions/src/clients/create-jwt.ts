import type { AssertionSource } from '../assertion-source.ts'
import { aSource } from './client-assertion.ts'

/** What `@octokit/auth-app` takes as `createJwt`. */
export type CreateJwt = (
  appId: string | number,
  timeDifference?: number,
) => Promise<{ jwt: string; expiresAt: string }>

/**
 * The option `createJwt` of `@octokit/auth-app` (8.1 or newer), in place of `privateKey`. When GitHub refuses an assertion because its clock
 * differs from this machine's, `@octokit/auth-app` measures the difference and asks again.
 *
 * @param assertions of the preset {@link gitHubApp}
 * @throws SealwrightError `INVALID_ARGUMENT`; the returned function throws what {@link AssertionSource.issue} throws
 *
 * @example
 * ```ts
 * import { createAssertionSource, createJwt, gitHubApp } from '@sealwright/client-assertions'
 * import type { SigningKey } from '@sealwright/core'
 *
 * function auth(key: SigningKey) {
 *   const assertions = createAssertionSource(key, gitHubApp({ appId: 12345 }))
 *   return { appId: 12345, createJwt: createJwt(assertions) }
 * }
 * ```
 */
export function createJwt(assertions: AssertionSource): CreateJwt {
  aSource('assertions', assertions)
  return async (_appId, timeDifference) => {
    const { assertion, expiresAt } = await assertions.issue({ timeDifference })
    return { jwt: assertion, expiresAt: expiresAt.toISOString() }
  }
}
