import { isRecord } from '@sealwright/core/internal'
import { parseJson } from '../json.ts'
import { daysLeft } from '../terminal/colors.ts'
import { timeText } from '../time.ts'

/** A JWT, for JSON output. Its signature is not verified, and not shown. */
export interface TokenDescription {
  readonly format: 'JWT'
  readonly ok: true
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly verified: null
  /** What verifiers may refuse. */
  readonly problems: readonly string[]
}

/** A token of this length is no token: a megabyte of claims fits into no header. */
const maximumLength = 2 ** 16
/** Some verifiers refuse longer headers. */
const longHeader = 512

/** @returns null if the text is not a JWT in compact form (RFC 7519 §3) */
export function describeToken(text: string, now: Date = new Date()): TokenDescription | null {
  const [, head, body, signature] =
    /^\s*(?:Bearer\s+)?([\w-]+)\.([\w-]+)\.([\w-]*)\s*$/i.exec(text.slice(0, maximumLength)) ?? []
  if (head === undefined || body === undefined || text.length > maximumLength) return null
  const header = parsePart(head)
  const claims = parsePart(body)
  if (header === null || claims === null || typeof header['alg'] !== 'string') return null
  return {
    format: 'JWT',
    ok: true,
    header,
    claims,
    verified: null,
    problems: problemsOf(header, claims, head, signature ?? '', now),
  }
}

function parsePart(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = parseJson(Buffer.from(part, 'base64url').toString('utf8'), 'it')
    return isRecord(value) ? value : null
  } catch {
    return null
  }
}

function problemsOf(
  header: TokenDescription['header'],
  claims: TokenDescription['claims'],
  head: string,
  signature: string,
  now: Date,
): readonly string[] {
  const { alg, kid } = header
  const { exp, nbf } = claims
  const seconds = now.getTime() / 1000
  return [
    ...(alg === 'none' || signature === '' ? ['it has no signature'] : []),
    ...(typeof alg === 'string' && alg.startsWith('HS')
      ? [`${alg} is a shared secret: every service that verifies it can sign as well`]
      : []),
    ...(kid === undefined ? ['it has no kid, so verifiers cannot choose among several keys'] : []),
    ...(head.length > longHeader
      ? [`its header has ${head.length} characters; some verifiers refuse more than ${longHeader}`]
      : []),
    ...(exp === undefined ? ['it has no exp, so it never expires'] : []),
    ...(typeof exp === 'number' && exp < seconds ? ['it has expired'] : []),
    ...(typeof nbf === 'number' && nbf > seconds ? ['it is not valid yet (nbf)'] : []),
    ...(claims['aud'] === undefined ? ['it has no aud, so any service may accept it'] : []),
  ]
}

/** For people. */
export function tokenLines(source: string, token: TokenDescription): readonly string[] {
  const { exp } = token.claims
  return [
    `${source}: JWT`,
    ...members('header', token.header),
    ...members('claim', token.claims),
    ...(typeof exp === 'number' && Number.isFinite(exp)
      ? [`expires:   ${timeText(exp)}, ${leftText(exp)}`]
      : []),
    ...token.problems.map((problem) => `problem: ${problem}`),
    'note: the signature was not verified; sealwright token verify does that',
  ]
}

function members(kind: string, object: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(object).map(([name, value]) => {
    const shown = typeof value === 'string' ? value : JSON.stringify(value)
    const time =
      ['exp', 'iat', 'nbf', 'auth_time'].includes(name) && typeof value === 'number'
        ? ` (${timeText(value)})`
        : ''
    return `${kind} ${`${name}:`.padEnd(11)} ${shown}${time}`
  })
}

function leftText(exp: number): string {
  const left = exp - Date.now() / 1000
  if (left < 0) return 'EXPIRED'
  return left < 172_800 ? `${Math.round(left / 60)} minutes left` : daysLeft(new Date(exp * 1000))
}
