import { createAppAuth } from '@octokit/auth-app'
import { Octokit } from '@octokit/core'
import type { OctokitOptions } from '@octokit/core/types'
import { createAssertionSource, createJwt, gitHubApp } from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'

export function octokit(
  key: SigningKey,
  appId: number,
  installationId: number,
  options: OctokitOptions = {},
): Octokit {
  const assertions = createAssertionSource(key, gitHubApp({ appId }))
  return new Octokit({
    authStrategy: createAppAuth,
    auth: { appId, installationId, createJwt: createJwt(assertions) },
    ...options,
  })
}
