import { createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto'
import { accept, refuse, type Family } from '../corpus.ts'
import {
  bytes32,
  changed,
  compact,
  es256,
  fixed,
  hs256,
  orderOfP256,
  type MakeSignature,
  type Part,
} from '../jws.ts'

/** What access tokens are made of. */
export interface TokenKit {
  readonly now: Date
  readonly issuer: string
  /** A URL that no request may reach. */
  readonly trap: string
  /** The `kid` of the server's key. */
  readonly keyId: string
  /** The private key of the server, and one that is not published. */
  readonly keys: Readonly<Record<'server' | 'attacker', KeyObject>>
}

/** An Authorization header; undefined for none. */
type Input = (kit: TokenKit) => string | undefined

const invalid = '401 invalid_token: the token is not valid here'
const malformed = '400 invalid_request: the Authorization header is malformed'
const missing = '401 none: send an access token in the Authorization header'
const noScope = '403 insufficient_scope: the token lacks the scope api1'

const seconds = ({ now }: TokenKit): number => Math.floor(now.getTime() / 1000)

function claims(kit: TokenKit, changes: object = {}): Record<string, unknown> {
  const time = seconds(kit)
  return {
    iss: kit.issuer,
    aud: 'api',
    sub: 'client',
    client_id: 'client',
    scope: 'api1',
    iat: time,
    exp: time + 60,
    jti: randomUUID(),
    ...changes,
  }
}

const header = ({ keyId }: TokenKit, changes: object = {}): object => ({
  alg: 'ES256',
  typ: 'at+jwt',
  kid: keyId,
  ...changes,
})

type Changes = object | ((kit: TokenKit) => object)
const changesOf = (changes: Changes, kit: TokenKit): object =>
  typeof changes === 'function' ? changes(kit) : changes

/** A token that the server itself could have signed: what is wrong are its claims or its header. */
function own(claimChanges: Changes, headerChanges: Changes = {}): Input {
  return (kit) =>
    `Bearer ${compact(header(kit, changesOf(headerChanges, kit)), claims(kit, changesOf(claimChanges, kit)), es256(kit.keys.server))}`
}

/** The same with a header and claims that are written out. */
function written(
  payload: (kit: TokenKit) => Part,
  head: (kit: TokenKit) => Part = (kit) => header(kit),
): Input {
  return (kit) => `Bearer ${compact(head(kit), payload(kit), es256(kit.keys.server))}`
}

/** Sound claims under another header and signature. */
function signed(headerChanges: Changes, signature: (kit: TokenKit) => MakeSignature): Input {
  return (kit) => `Bearer ${compact(header(kit, changesOf(headerChanges, kit)), claims(kit), signature(kit))}`
}

/** The same, signed with a key that is not published. */
const forged = (headerChanges: Changes): Input => signed(headerChanges, ({ keys }) => es256(keys.attacker))

const sound = (kit: TokenKit): string => compact(header(kit), claims(kit), es256(kit.keys.server))
const respelt =
  (change: (token: string) => string): Input =>
  (kit) =>
    change(sound(kit))

const publicPem = (key: KeyObject): string =>
  createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()
const publicJwk = (key: KeyObject): object => createPublicKey(key).export({ format: 'jwk' })
const publicDer = (key: KeyObject): string =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')

const halves = (change: (r: bigint, s: bigint) => readonly [bigint, bigint]) => (kit: TokenKit) =>
  changed(es256(kit.keys.server), (signature) => {
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((half) =>
      BigInt(`0x${half.toString('hex')}`),
    )
    return Buffer.concat(change(r ?? 0n, s ?? 0n).map(bytes32))
  })

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const withMember = (member: string) => (kit: TokenKit) => `{${member},${JSON.stringify(claims(kit)).slice(1)}`
const headerWith = (member: string) => (kit: TokenKit) => `{${member},${JSON.stringify(header(kit)).slice(1)}`

const signatures: Family<Input> = {
  title: 'Access tokens: signatures and header',
  refusals: refuse<Input>(
    invalid,
    ['alg none', 'CVE-2022-23540', signed({ alg: 'none' }, () => fixed([]))],
    [
      'alg none with the signature of the server',
      'RFC 8725 §2.1',
      signed({ alg: 'none' }, ({ keys }) => es256(keys.server)),
    ],
    ['alg NONE', 'RFC 8725 §2.1', signed({ alg: 'NONE' }, () => fixed([]))],
    [
      'HS256 under the public key in PEM',
      'CVE-2015-9235',
      signed({ alg: 'HS256' }, ({ keys }) => hs256(publicPem(keys.server))),
    ],
    [
      'HS256 under the public JWK',
      'CVE-2024-54150',
      signed({ alg: 'HS256' }, ({ keys }) => hs256(JSON.stringify(publicJwk(keys.server)))),
    ],
    ['HS256 under the kid', 'RFC 8725 §3.5', signed({ alg: 'HS256' }, ({ keyId }) => hs256(keyId))],
    ['RS256 for an EC key', 'RFC 8725 §3.1', forged({ alg: 'RS256' })],
    ['ES384 for a P-256 key', 'RFC 7518 §3.4', forged({ alg: 'ES384' })],
    ['no alg', 'RFC 7515 §4.1.1', forged({ alg: undefined })],
    ['a list for alg', 'RFC 7515 §4.1.1', signed({ alg: ['ES256'] }, ({ keys }) => es256(keys.server))],
    ['no signature', 'RFC 7515 §5.2', signed({}, () => fixed([]))],
    ['r = s = 0', 'CVE-2022-21449', signed({}, () => fixed(new Uint8Array(64)))],
    [
      'r = s = n',
      'CVE-2022-21449',
      signed(
        {},
        halves(() => [orderOfP256, orderOfP256]),
      ),
    ],
    [
      'r = 0',
      'FIPS 186-5 §6.4.2',
      signed(
        {},
        halves((_, s) => [0n, s]),
      ),
    ],
    [
      's = 0',
      'FIPS 186-5 §6.4.2',
      signed(
        {},
        halves((r) => [r, 0n]),
      ),
    ],
    [
      'r and s exchanged',
      'RFC 7518 §3.4',
      signed(
        {},
        halves((r, s) => [s, r]),
      ),
    ],
    [
      'a signature in DER',
      'RFC 7518 §3.4',
      signed(
        {},
        ({ keys }) =>
          (input) =>
            sign('sha256', input, keys.server),
      ),
    ],
    ['another key under the same kid', 'RFC 7515 §4.1.4', forged({})],
    ['another key without a kid', 'RFC 7515 §4.1.4', forged({ kid: undefined })],
    [
      'jwk with the key that signed it',
      'CVE-2018-0114',
      forged(({ keys }) => ({ jwk: publicJwk(keys.attacker), kid: undefined })),
    ],
    ['jku', 'RFC 8725 §3.10', forged(({ trap }) => ({ jku: `${trap}/jwks` }))],
    ['x5u', 'RFC 8725 §3.10', forged(({ trap }) => ({ x5u: `${trap}/certificate` }))],
    [
      'x5c with the key that signed it',
      'RFC 7515 §4.1.6',
      forged(({ keys }) => ({ x5c: [publicDer(keys.attacker)] })),
    ],
    ['an unknown kid', 'RFC 7515 §4.1.4', own({}, { kid: 'x' })],
    ['kid with the path of a file', 'CWE-22', forged({ kid: '../../../../dev/null' })],
    ['kid with a URL', 'CWE-918', forged(({ trap }) => ({ kid: `${trap}/key` }))],
    ['a number for kid', 'RFC 7515 §4.1.4', own({}, { kid: 7 })],
    ['crit with an unknown parameter', 'RFC 7515 §4.1.11', own({}, { crit: ['x'], x: 1 })],
    ['an empty crit', 'RFC 7515 §4.1.11', own({}, { crit: [] })],
    ['a payload that is not encoded', 'RFC 7797 §7', own({}, { crit: ['b64'], b64: false })],
    ['no typ', 'RFC 9068 §4', own({}, { typ: undefined })],
    ['typ JWT', 'RFC 9068 §4', own({}, { typ: 'JWT' })],
    ['an ID token', 'RFC 9068 §4', own({ scope: undefined, aud: 'client' }, { typ: 'JWT' })],
    ['alg twice, first none', 'RFC 7515 §4', written(claims, headerWith('"alg":"none"'))],
    ['kid twice', 'RFC 7515 §4', written(claims, headerWith('"kid":"x"'))],
    ['typ twice, once escaped', 'RFC 7515 §4', written(claims, headerWith('"\\u0074yp":"JWT"'))],
    ['a header with __proto__', 'CWE-1321', written(claims, headerWith('"__proto__":{}'))],
    ['a header that is a list', 'RFC 7515 §4', written(claims, () => '["ES256"]')],
    ['a header nested 2,000 deep', 'CWE-674', written(claims, headerWith(`"x":${nested(2000)}`))],
  ),
  acceptances: accept<Input>(
    '200',
    ['a token of the server', own({})],
    ['a jku, which is not followed', own({}, ({ trap }) => ({ jku: `${trap}/jwks` }))],
    ['no kid where one key fits', own({}, { kid: undefined })],
    ['the whole media type', own({}, { typ: 'application/at+jwt' })],
  ),
}

const claimsFamily: Family<Input> = {
  title: 'Access tokens: claims',
  refusals: [
    ...refuse<Input>(
      invalid,
      ['another issuer', 'RFC 9068 §4', own({ iss: 'https://evil.example' })],
      ['the issuer with a slash', 'RFC 9068 §4', own(({ issuer }) => ({ iss: `${issuer}/` }))],
      ['a list for iss', 'RFC 7519 §4.1.1', own(({ issuer }) => ({ iss: [issuer] }))],
      ['no iss', 'RFC 9068 §2.2', own({ iss: undefined })],
      ['another audience', 'RFC 9068 §4', own({ aud: 'other' })],
      ['an audience that begins like it', 'RFC 9068 §4', own({ aud: 'api.evil.example' })],
      ['no aud', 'RFC 9068 §2.2', own({ aud: undefined })],
      ['an empty list for aud', 'RFC 9068 §2.2', own({ aud: [] })],
      ['no exp', 'RFC 9068 §2.2', own({ exp: undefined })],
      ['text for exp', 'RFC 7519 §2', own({ exp: '9999999999' })],
      ['null for exp', 'RFC 7519 §2', own({ exp: null })],
      ['a token that is not valid yet', 'RFC 7519 §4.1.5', own((kit) => ({ nbf: seconds(kit) + 31 }))],
      ['text for nbf', 'RFC 7519 §4.1.5', own({ nbf: '0' })],
      ['no sub', 'RFC 9068 §2.2', own({ sub: undefined })],
      ['no client_id', 'RFC 9068 §2.2', own({ client_id: undefined })],
      ['no jti', 'RFC 9068 §2.2', own({ jti: undefined })],
      ['no iat', 'RFC 9068 §2.2', own({ iat: undefined })],
      ['scope twice', 'RFC 7519 §4', written(withMember('"scope":"admin"'))],
      ['exp twice, once escaped', 'RFC 7519 §4', written(withMember('"\\u0065xp":1'))],
      ['claims with __proto__', 'CWE-1321', written(withMember('"__proto__":{"scope":"api1"}'))],
      ['claims that are a list', 'RFC 7519 §7.2', written((kit) => JSON.stringify([claims(kit)]))],
      ['claims that are null', 'RFC 7519 §7.2', written(() => 'null')],
      ['claims nested 2,000 deep', 'CWE-674', written(withMember(`"x":${nested(2000)}`))],
      [
        'claims that are not UTF-8',
        'RFC 7519 §7.2',
        written((kit) => Buffer.from(JSON.stringify(claims(kit, { x: 'ÿ' })), 'latin1')),
      ],
      [
        'claims with a byte order mark',
        'RFC 8259 §8.1',
        written((kit) => `\uFEFF${JSON.stringify(claims(kit))}`),
      ],
    ),
    ...refuse<Input>(
      '401 invalid_token: the token has expired',
      ['a token that has expired', 'RFC 9068 §4', own((kit) => ({ exp: seconds(kit) - 30 }))],
      ['an exp before 1970', 'RFC 7519 §2', own({ exp: -1 })],
    ),
    ...refuse<Input>(
      noScope,
      ['another scope', 'RFC 6750 §3.1', own({ scope: 'api2' })],
      ['no scope', 'RFC 6750 §3.1', own({ scope: undefined })],
      ['a list for scope', 'RFC 9068 §2.2.3', own({ scope: ['api1'] })],
      ['a scope that begins like it', 'RFC 6749 §3.3', own({ scope: 'api1.admin' })],
      ['the scope behind a tab', 'RFC 6749 §3.3', own({ scope: 'x\tapi1' })],
      ['the scope in capitals', 'RFC 6749 §3.3', own({ scope: 'API1' })],
    ),
  ],
  acceptances: accept<Input>(
    '200',
    ['an expiry within the tolerance', own((kit) => ({ exp: seconds(kit) - 29 }))],
    ['further scopes', own({ scope: 'x api1 y' })],
    ['an audience of several', own({ aud: ['other', 'api'] })],
  ),
}

const spellings: Family<Input> = {
  title: 'Access tokens: serialization and request',
  refusals: [
    ...refuse<Input>(
      invalid,
      ['a token with padding', 'RFC 7515 §2', respelt((token) => `Bearer ${token}==`)],
      [
        'unused bits that are set',
        'RFC 4648 §3.5',
        respelt((token) => `Bearer ${token.slice(0, -1)}${lastBit(token)}`),
      ],
      ['the alphabet of base64', 'RFC 7515 §2', respelt((token) => `Bearer ${token.slice(0, -2)}+/`)],
      ['two parts', 'RFC 7515 §7.1', respelt((token) => `Bearer ${token.split('.').slice(0, 2).join('.')}`)],
      ['four parts', 'RFC 7515 §7.1', respelt((token) => `Bearer ${token}.`)],
      ['five parts, as of a JWE', 'RFC 7516 §7.1', respelt((token) => `Bearer ${token}.AAAA.AAAA`)],
      ['dots alone', 'RFC 7515 §7.1', () => 'Bearer ..'],
      ['text', 'RFC 7515 §7.1', () => 'Bearer hunter2'],
      ['12 KiB of text', 'CWE-400', () => `Bearer ${'x'.repeat(12_000)}`],
      ['5,000 dots', 'CVE-2025-30204', () => `Bearer ${'.'.repeat(5000)}`],
    ),
    ...refuse<Input>(
      malformed,
      ['the scheme alone', 'RFC 6750 §2.1', () => 'Bearer'],
      ['a token in quotes', 'RFC 6750 §2.1', respelt((token) => `Bearer "${token}"`)],
      ['two tokens', 'RFC 6750 §2.1', respelt((token) => `Bearer ${token}, ${token}`)],
      ['a token as a parameter', 'RFC 6750 §2.1', respelt((token) => `Bearer token="${token}"`)],
      ['text behind the token', 'RFC 6750 §2.1', respelt((token) => `Bearer ${token} x`)],
      ['the JSON serialization', 'RFC 7515 §7.2', () => 'Bearer {"payload":"e30"}'],
      ['padding in the middle', 'RFC 6750 §2.1', respelt((token) => `Bearer ${token.replace('.', '=.')}`)],
    ),
    ...refuse<Input>(
      missing,
      ['no header', 'RFC 6750 §3.1', () => undefined],
      ['Basic', 'RFC 6750 §3.1', () => 'Basic Y2xpZW50OngK'],
      ['a token without its scheme', 'RFC 6750 §2.1', respelt((token) => token)],
      ['a scheme that begins like it', 'RFC 6750 §2.1', respelt((token) => `Bearerx ${token}`)],
      ['DPoP', 'RFC 9449 §7.1', respelt((token) => `DPoP ${token}`)],
    ),
  ],
  acceptances: accept<Input>(
    '200',
    ['the scheme in lower case', respelt((token) => `bearer ${token}`)],
    ['spaces around the token', respelt((token) => `Bearer   ${token}  `)],
  ),
}

/** The last character of a signature of 64 bytes has four bits that stand for nothing. */
function lastBit(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet.charAt(alphabet.indexOf(token.slice(-1)) ^ 1)
}

export const accessTokenFamilies: readonly Family<Input>[] = [signatures, claimsFamily, spellings]
