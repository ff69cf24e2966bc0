import { createHmac } from 'node:crypto'
import { parseJson } from '../../json.ts'
import { fetchStatus, shownUrl } from '../../net/fetch-text.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'
import type { PublishedKey } from './jwk-set.ts'

/**
 * Sends the token to an API, which must accept it, and changed ones, which it must refuse.
 *
 * @param keys those of the JWK Set, for the changed tokens
 * @param api the URL of a GET that needs the token; null for none
 */
export async function examineTampering(
  token: string,
  keys: readonly PublishedKey[],
  api: string | null,
): Promise<Step> {
  if (api === null) return skipped('tampering', 'pass --api URL to test an API')
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    return skipped('tampering', 'the access token is not a signed JWT')
  const forgeries = forge(token, keys)
  const findings = await apiFindings(api, token, forgeries)
  return step(
    'tampering',
    `${shownUrl(api)} was sent the token and ${forgeries.length} changed ones`,
    findings,
  )
}

interface Forgery {
  readonly what: string
  readonly token: string
}

async function apiFindings(
  api: string,
  token: string,
  forgeries: readonly Forgery[],
): Promise<readonly Finding[]> {
  const where = shownUrl(api)
  const valid = await answerOf(api, token)
  if (typeof valid !== 'number') return [finding('api-unavailable', where, valid.problem)]
  if (valid > 299) return [finding('api-refuses-token', where, `it answers ${valid} to the valid token`)]
  const found: Finding[] = []
  for (const { what, token: forged } of [{ what: 'a request without a token', token: null }, ...forgeries]) {
    // eslint-disable-next-line no-await-in-loop -- an API may slow down clients that send many bad tokens at once
    const answer = await answerOf(api, forged)
    if (typeof answer !== 'number')
      found.push(finding('api-unavailable', where, `${answer.problem}; it was sent ${what}`))
    else if (answer < 300)
      found.push(finding('tampered-token-accepted', where, `it answers ${answer} to ${what}`))
  }
  return found
}

/** The status, or why no answer came. */
async function answerOf(api: string, token: string | null): Promise<number | { readonly problem: string }> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  try {
    // A redirect to a login is a refusal.
    return await fetchStatus(api, 'the API', { headers, acceptRedirect: true })
  } catch (error) {
    return { problem: expected(error).message }
  }
}

/** Known attacks on verifiers. */
function forge(token: string, keys: readonly PublishedKey[]): readonly Forgery[] {
  const [head = '', body = '', signature = ''] = token.split('.')
  const otherClaims = encode({ ...decode(body), sub: 'sealwright-doctor' })
  const unsigned = `${encode({ ...decode(head), alg: 'none' })}.${otherClaims}`
  const confused = `${encode({ ...decode(head), alg: 'HS256' })}.${otherClaims}`
  const [key] = keys.flatMap(({ publicKey, kid }) =>
    publicKey !== null && (keys.length === 1 || kid === decode(head)['kid']) ? [publicKey] : [],
  )
  const pem = key?.export({ type: 'spki', format: 'pem' })
  return [
    { what: 'a token with other claims', token: `${head}.${otherClaims}.${signature}` },
    { what: 'a token with another signature', token: `${head}.${body}.${flipped(signature)}` },
    { what: 'a token with the alg none', token: `${unsigned}.` },
    ...(pem === undefined
      ? []
      : [
          {
            what: 'a token with the alg HS256 and the public key as its secret',
            token: `${confused}.${createHmac('sha256', pem).update(confused).digest('base64url')}`,
          },
        ]),
  ]
}

/** Changes the first bit, which belongs to the signature in every length of base64url. */
function flipped(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 0x80
  return bytes.toString('base64url')
}

function decode(part: string): Record<string, unknown> {
  try {
    const value = parseJson(Buffer.from(part, 'base64url').toString('utf8'), 'it')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
