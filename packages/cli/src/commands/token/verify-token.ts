import type { KeyObject } from 'node:crypto'
import { algorithmsOf, isSealwrightError, SealwrightError } from '@sealwright/core'
import { jwtProblem } from '@sealwright/core/internal'
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyResult } from 'jose'
import { passwordSource, type PasswordOptions } from '../../files/passwords.ts'
import type { KeyAccess } from '../../keys/key-access.ts'
import { openKey } from '../../keys/open-key.ts'
import { readCertificates } from '../../keys/read-key-file.ts'
import { Refused } from '../../terminal/refused.ts'
import { report } from '../../terminal/report.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { timeText } from '../../time.ts'
import { keySetOf, type KeySource } from './key-set.ts'
import { readToken } from './read-token.ts'

/** The options of `token verify`. */
export interface VerifyOptions extends PasswordOptions {
  readonly jwks?: string
  readonly issuer?: string
  readonly certificate?: string
  readonly key?: string
  readonly audience?: string
  readonly leeway?: number
  readonly json?: boolean
}

/** Verifies a token and prints what it says. */
export async function verifyToken(
  path: string,
  options: VerifyOptions,
  terminal: Terminal,
  access: KeyAccess,
): Promise<void> {
  const token = await readToken(path, terminal, 'token verify')
  const keys = await keysOf(options, terminal, access)
  const { issuer, audience, leeway } = options
  const checks = {
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(leeway !== undefined && { clockTolerance: leeway }),
  }
  let verified: JWTVerifyResult
  try {
    verified =
      'set' in keys
        ? await jwtVerify(token, keys.set, checks)
        : await jwtVerify(token, keys.publicKey, { ...checks, algorithms: algorithmNames(keys.publicKey) })
  } catch (error) {
    throw refusal(error, token, keys, options)
  }
  if (jwtProblem(token) !== null) {
    throw new Refused(
      errors.JWTInvalid.code,
      'the token is not valid: other programs may read it differently, for example because its JSON has a repeated member or its base64url is not canonical',
    )
  }
  const { payload, protectedHeader } = verified
  const result = { ok: true, header: protectedHeader, claims: payload }
  report(terminal, options.json, result, [
    `valid token, signed with ${protectedHeader.alg} by ${protectedHeader.kid ?? 'a key without kid'}`,
    ...claimLines(payload),
    ...(audience === undefined && payload.aud !== undefined
      ? ['note: aud was not checked; --audience NAME checks it']
      : []),
  ])
}

function algorithmNames(publicKey: KeyObject): string[] {
  return algorithmsOf(publicKey).map(({ name }) => name)
}

async function keysOf(options: VerifyOptions, terminal: Terminal, access: KeyAccess): Promise<KeySource> {
  const { issuer, jwks, certificate, key } = options
  const password = passwordSource(options)
  const given = [jwks, certificate, key].filter((each) => each !== undefined)
  if (given.length > 1) {
    throw new SealwrightError('INVALID_ARGUMENT', 'use only one of --jwks, --certificate and --key')
  }
  if (certificate !== undefined) {
    const [own] = await readCertificates(certificate, { password }, terminal)
    if (own !== undefined) return { publicKey: own.publicKey }
  }
  if (key !== undefined) return { publicKey: (await openKey(key, { password }, terminal, access)).publicKey }
  if (jwks === undefined && issuer === undefined) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      'no keys to verify with; use --issuer URL, --jwks FILE or URL, --certificate FILE or --key KEY',
    )
  }
  return keySetOf({ jwks, issuer }, terminal)
}

function claimLines(payload: JWTPayload): readonly string[] {
  return Object.entries(payload).map(([name, value]) => {
    const time = (name === 'exp' || name === 'iat' || name === 'nbf') && typeof value === 'number'
    const shown = typeof value === 'string' ? value : JSON.stringify(value)
    return `  ${`${name}:`.padEnd(11)} ${time ? timeText(value) : shown}`
  })
}

/** Why a token is not valid, and what to do. It never quotes the token. */
function refusal(
  error: unknown,
  token: string,
  keys: KeySource,
  { issuer, audience }: VerifyOptions,
): unknown {
  if (!(error instanceof errors.JOSEError)) return isSealwrightError(error) ? error : unusable(error)
  const refused = (why: string): Refused => new Refused(error.code, `the token is not valid: ${why}`)
  const kid = kidOf(token)
  if (error instanceof errors.JWTExpired) {
    const { exp = 0 } = error.payload
    return refused(`it expired at ${timeText(exp)}; get a new one`)
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, payload } = error
    const wanted = claim === 'iss' ? issuer : claim === 'aud' ? audience : undefined
    const value = JSON.stringify(payload[claim] ?? null)
    if (claim === 'nbf' && typeof payload.nbf === 'number') {
      return refused(
        `it is valid from ${timeText(payload.nbf)} on; check the clocks, or allow skew with --leeway SECONDS`,
      )
    }
    return refused(
      `its claim ${claim} is ${value}${wanted === undefined ? '' : `, not ${JSON.stringify(wanted)}`}`,
    )
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    const known = 'kids' in keys ? keys.kids.join(', ') : ''
    return refused(
      `the JWK Set has no key for it (its kid is ${kid}; the set has ${known === '' ? 'no kids' : known})`,
    )
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused(`its signature is wrong: it was changed, or signed with another key (its kid is ${kid})`)
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('its alg does not match the key')
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused(
      `the JWK Set has several keys for it (its kid is ${kid}); every key needs a kid of its own, and the token the kid of its key`,
    )
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return refused('it is not a JWT in compact form')
  return refused(error.message)
}

function unusable(cause: unknown): SealwrightError {
  return new SealwrightError('UNSUPPORTED_KEY', 'the key cannot verify tokens', { cause })
}

function kidOf(token: string): string {
  try {
    return decodeProtectedHeader(token).kid ?? 'missing'
  } catch {
    return 'missing'
  }
}
