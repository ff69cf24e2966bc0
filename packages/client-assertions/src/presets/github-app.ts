import { invalidArgument, must, optionsOf } from '@sealwright/core/internal'
import { aClientId } from '../arguments.ts'
import type { AssertionPreset } from './preset.ts'

/** Options of {@link gitHubApp}: exactly one of the two members. */
export interface GitHubAppOptions {
  /** The client ID of the app, such as `Iv23liabcdefghijklmn`. GitHub recommends it over the app ID. */
  readonly clientId?: string | undefined
  /** The app ID, a number. */
  readonly appId?: number | string | undefined
}

const gitHubAppOptions = optionsOf({
  clientId: aClientId,
  appId: must(
    'a positive whole number',
    (value) => (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) || isDigits(value),
  ),
})

/**
 * Authenticates a GitHub App with a key in a store. GitHub creates the keys of apps: import the PEM file into the store
 * once, then delete the file.
 *
 * RS256; `iat` is 60 seconds in the past, because GitHub refuses an `iat` in its future, and `exp` 9 minutes from now,
 * of the 10 that GitHub allows. GitHub does not check `jti` and limits an assertion only by `exp`, so an assertion is
 * reused until a minute before that. See
 * {@link https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app | GitHub's documentation of the token}.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for malformed options, and unless exactly one of the two members is given
 *
 * @example
 * ```ts
 * import { gitHubApp } from '@sealwright/client-assertions'
 *
 * const preset = gitHubApp({ clientId: 'Iv23liabcdefghijklmn' })
 * ```
 */
export function gitHubApp(options: GitHubAppOptions): AssertionPreset {
  gitHubAppOptions('options', options)
  const { clientId, appId } = options
  if ((clientId === undefined) === (appId === undefined)) {
    throw invalidArgument('options must have either clientId or appId')
  }
  return {
    service: 'GitHub',
    algorithms: ['RS256'],
    issuer: clientId ?? String(appId),
    lifetime: 540,
    issuedAt: 60,
    notBefore: false,
    jti: false,
    reusable: true,
    keyId: false,
    certificateThumbprint: false,
  }
}

function isDigits(value: unknown): boolean {
  return typeof value === 'string' && /^[1-9]\d{0,15}$/.test(value)
}
