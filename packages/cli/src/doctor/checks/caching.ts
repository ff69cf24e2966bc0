import type { JsonAnswer } from '../../net/fetch-json.ts'
import { shownUrl } from '../../net/fetch-text.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'

/** What the rotation expects of the server. Seconds. */
export interface ExpectedHeaders {
  /** Undefined if the user does not say. */
  readonly jwksMaxAge: number | undefined
  readonly clockSkew: number
}

/** Compares the headers of the JWK Set with the rotation policy, and the server's clock with this machine's. */
export function examineCaching(answer: JsonAnswer | null, policy: ExpectedHeaders): Step {
  if (answer === null) return skipped('caching', 'there is no JWK Set')
  const cacheControl = answer.headers.get('cache-control')
  return step('caching', `Cache-Control: ${cacheControl ?? 'none'}`, [
    ...maxAgeFindings(answer, policy),
    ...typeFindings(answer),
    ...(answer.headers.get('access-control-allow-origin') === null
      ? [finding('jwks-no-cors', shownUrl(answer.url), 'the answer has no Access-Control-Allow-Origin')]
      : []),
    ...clockFindings(answer, policy),
  ])
}

/** `max-age` (RFC 9111 §5.2.2.1) in seconds; 0 for `no-store` and `no-cache`; null for an answer that does not say. */
export function maxAgeOf(answer: JsonAnswer): number | null {
  const directives = (answer.headers.get('cache-control') ?? '')
    .split(',')
    .map((each) => each.trim().toLowerCase())
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const [, seconds] =
    directives.map((each) => /^max-age="?(\d{1,10})"?$/.exec(each)).find((each) => each !== null) ?? []
  return seconds === undefined ? null : Number(seconds)
}

function maxAgeFindings(answer: JsonAnswer, { jwksMaxAge }: ExpectedHeaders): readonly Finding[] {
  const where = shownUrl(answer.url)
  const maxAge = maxAgeOf(answer)
  if (maxAge === null)
    return [finding('jwks-no-max-age', where, 'the answer has no Cache-Control with max-age')]
  if (maxAge === 0) {
    return [
      finding('jwks-not-cacheable', where, `Cache-Control is ${answer.headers.get('cache-control') ?? ''}`),
    ]
  }
  if (jwksMaxAge === undefined || maxAge <= jwksMaxAge) return []
  return [
    finding(
      'jwks-max-age-mismatch',
      where,
      `max-age is ${maxAge} s, and the rotation policy has ${jwksMaxAge} s`,
    ),
  ]
}

function typeFindings({ headers, url }: JsonAnswer): readonly Finding[] {
  const type = headers.get('content-type')
  if (/^application\/(?:jwk-set\+)?json\s*(?:;|$)/i.test(type ?? '')) return []
  return [finding('jwks-content-type', shownUrl(url), `Content-Type is ${type ?? 'missing'}`)]
}

/** `Date` is in whole seconds. It was written between the request and the answer, or `Age` seconds before (RFC 9111 §4.2.3). */
function clockFindings(
  { headers, url, sentAt, receivedAt }: JsonAnswer,
  policy: ExpectedHeaders,
): readonly Finding[] {
  const age = /^\d{1,10}$/.exec(headers.get('age') ?? '')
  const date = Date.parse(headers.get('date') ?? '') + Number(age?.[0] ?? 0) * 1_000
  if (Number.isNaN(date)) return []
  const ahead = date - receivedAt.getTime()
  const behind = sentAt.getTime() - (date + 1_000)
  const off = Math.max(ahead, behind, 0) / 1_000
  if (off <= policy.clockSkew) return []
  return [
    finding(
      'clock-off',
      shownUrl(url),
      `its clock is ${Math.round(off)} s ${ahead > behind ? 'ahead of' : 'behind'} this machine’s; clockSkew is ${policy.clockSkew} s`,
    ),
  ]
}
