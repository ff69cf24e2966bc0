import { createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto'
import { accept, refuse, type Family } from '../corpus.ts'
import {
  bytes32,
  changed,
  compact,
  ed25519,
  es256,
  fixed,
  hs256,
  orderOfEd25519,
  orderOfP256,
  rs256,
  type MakeSignature,
  type Part,
} from '../jws.ts'

/** What assertions are made of. */
export interface AssertionKit {
  readonly now: Date
  /** The issuer, which assertions are for. */
  readonly audience: string
  /** A URL that no request may reach. */
  readonly trap: string
  readonly keys: Readonly<Record<'client' | 'neighbour' | 'rsa' | 'ed25519' | 'attacker', KeyObject>>
}

/** An assertion, or all parameters of the request. */
type Input = (kit: AssertionKit) => string | Readonly<Record<string, string>>

/** The clients of the server under attack, beside `kit.keys`: `client` has the first key, and so on. */
export const assertionClients = {
  ecdsa: 'client',
  other: 'neighbour',
  rsa: 'rsa client',
  /** The same RSA key, for PS256 alone. */
  pss: 'pss client',
  eddsa: 'ed25519 client',
  /** The keys of `client` and `neighbour`, with the `kid`s `a` and `b`. */
  several: 'several keys',
  /** It has a secret. */
  without: 'without keys',
} as const

const notJwt = '401 invalid_client: the assertion is not a signed JWT'
const ambiguous =
  "401 invalid_client: the assertion's header or claims are not a JSON object with each member once"
const badAlg = "401 invalid_client: the assertion's alg is not accepted"
const unverified = "401 invalid_client: the assertion's signature does not verify"
const noKey = "401 invalid_client: none of the client's keys fits the assertion's alg and kid"
const unknown = '401 invalid_client: the client is unknown or has no "jwks"'
const badSubject = "401 invalid_client: the assertion's sub is missing or wrong"
const badJti = "401 invalid_client: the assertion's jti must be a string of 1 to 256 characters"
const wrong = (claim: string): string => `401 invalid_client: the assertion's ${claim} is missing or wrong`

const seconds = ({ now }: AssertionKit): number => Math.floor(now.getTime() / 1000)

function claims(kit: AssertionKit, changes: object = {}): Record<string, unknown> {
  const time = seconds(kit)
  return {
    iss: 'client',
    sub: 'client',
    aud: kit.audience,
    jti: randomUUID(),
    iat: time,
    exp: time + 60,
    ...changes,
  }
}

const of = (client: string): object => ({ iss: client, sub: client })

/** An assertion of the client's own, signed with its key: what is wrong are its claims or its header. */
function own(changes: object | ((kit: AssertionKit) => object), header: object = {}): Input {
  return (kit) =>
    compact(
      { alg: 'ES256', ...header },
      claims(kit, typeof changes === 'function' ? changes(kit) : changes),
      es256(kit.keys.client),
    )
}

/** The same with claims, or a header, that are written out. */
function written(payload: (kit: AssertionKit) => Part, header: Part = { alg: 'ES256' }): Input {
  return (kit) => compact(header, payload(kit), es256(kit.keys.client))
}

/** Sound claims as JSON text with that member in front. */
function withMember(member: string, changes: object = {}): (kit: AssertionKit) => string {
  return (kit) => `{${member},${JSON.stringify(claims(kit, changes)).slice(1)}`
}

/** Sound claims under that header and signature. */
function signed(header: Part, signature: (kit: AssertionKit) => MakeSignature, changes: object = {}): Input {
  return (kit) => compact(header, claims(kit, changes), signature(kit))
}

/** The same, signed with a key that no client has. */
function forged(header: object | ((kit: AssertionKit) => object), changes: object = {}): Input {
  return (kit) =>
    compact(
      typeof header === 'function' ? header(kit) : header,
      claims(kit, changes),
      es256(kit.keys.attacker),
    )
}

/** A sound assertion whose text is changed. */
function respelt(change: (jwt: string) => string): Input {
  return (kit) => change(compact({ alg: 'ES256' }, claims(kit), es256(kit.keys.client)))
}

const publicPem = (key: KeyObject): string =>
  createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()
const publicDer = (key: KeyObject): Buffer => createPublicKey(key).export({ format: 'der', type: 'spki' })
const publicJwk = (key: KeyObject): object => createPublicKey(key).export({ format: 'jwk' })

/** R‖S of the client with one half changed. */
const halves = (change: (r: bigint, s: bigint) => readonly [bigint, bigint]) => (kit: AssertionKit) =>
  changed(es256(kit.keys.client), (signature) => {
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)].map((half) =>
      BigInt(`0x${half.toString('hex')}`),
    )
    return Buffer.concat(change(r ?? 0n, s ?? 0n).map(bytes32))
  })

/** S + L, which RFC 8032 §5.1.7 has a verifier refuse. */
const malleable = (signature: Buffer): Buffer => {
  const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`)
  return Buffer.concat([signature.subarray(0, 32), bytes32(s + orderOfEd25519).toReversed()])
}

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

const algorithms: Family<Input> = {
  title: 'Client assertions: algorithms and signatures',
  refusals: [
    ...refuse<Input>(
      badAlg,
      ['alg none', 'CVE-2022-23540', signed({ alg: 'none' }, () => fixed([]))],
      [
        'alg none with the signature of the client',
        'RFC 8725 §2.1',
        signed({ alg: 'none' }, ({ keys }) => es256(keys.client)),
      ],
      ['alg None', 'RFC 8725 §2.1', signed({ alg: 'None' }, () => fixed([]))],
      ['alg nOnE', 'RFC 8725 §2.1', signed({ alg: 'nOnE' }, () => fixed([]))],
      [
        'HS256 under the public key in PEM',
        'CVE-2015-9235',
        signed({ alg: 'HS256' }, ({ keys }) => hs256(publicPem(keys.client))),
      ],
      [
        'HS256 under the public key in DER',
        'CVE-2016-10555',
        signed({ alg: 'HS256' }, ({ keys }) => hs256(publicDer(keys.client))),
      ],
      [
        'HS256 under the public JWK',
        'CVE-2024-54150',
        signed({ alg: 'HS256' }, ({ keys }) => hs256(JSON.stringify(publicJwk(keys.client)))),
      ],
      ['HS256 under an empty key', 'RFC 8725 §3.5', signed({ alg: 'HS256' }, () => hs256(''))],
      ['HS256 of a client with a secret', 'RFC 7518 §3.2', forgedHmac()],
      ['ES256K', 'RFC 8812 §3.2', forged({ alg: 'ES256K' })],
      ['alg in lower case', 'RFC 7515 §4.1.1', signed({ alg: 'es256' }, ({ keys }) => es256(keys.client))],
      [
        'alg with a space after it',
        'RFC 7515 §4.1.1',
        signed({ alg: 'ES256 ' }, ({ keys }) => es256(keys.client)),
      ],
      ['alg of encryption', 'RFC 7518 §4.1', signed({ alg: 'dir' }, () => fixed([]))],
      ['alg that is a member of Object', 'CWE-1321', forged({ alg: '__proto__' })],
    ),
    ...refuse<Input>(
      notJwt,
      ['no alg', 'RFC 7515 §4.1.1', signed({}, ({ keys }) => es256(keys.client))],
      ['a list for alg', 'RFC 7515 §4.1.1', signed({ alg: ['ES256'] }, ({ keys }) => es256(keys.client))],
      ['an empty alg', 'RFC 7515 §4.1.1', signed({ alg: '' }, ({ keys }) => es256(keys.client))],
      ['null for alg', 'RFC 7515 §4.1.1', signed({ alg: null }, ({ keys }) => es256(keys.client))],
    ),
    ...refuse<Input>(
      unverified,
      ['no signature', 'RFC 7515 §5.2', signed({ alg: 'ES256' }, () => fixed([]))],
      ['r = s = 0', 'CVE-2022-21449', signed({ alg: 'ES256' }, () => fixed(new Uint8Array(64)))],
      [
        'r = 0',
        'FIPS 186-5 §6.4.2',
        signed(
          { alg: 'ES256' },
          halves((_, s) => [0n, s]),
        ),
      ],
      [
        's = 0',
        'FIPS 186-5 §6.4.2',
        signed(
          { alg: 'ES256' },
          halves((r) => [r, 0n]),
        ),
      ],
      [
        'r = s = n',
        'CVE-2022-21449',
        signed(
          { alg: 'ES256' },
          halves(() => [orderOfP256, orderOfP256]),
        ),
      ],
      [
        'r = n',
        'FIPS 186-5 §6.4.2',
        signed(
          { alg: 'ES256' },
          halves((_, s) => [orderOfP256, s]),
        ),
      ],
      [
        's = n',
        'FIPS 186-5 §6.4.2',
        signed(
          { alg: 'ES256' },
          halves((r) => [r, orderOfP256]),
        ),
      ],
      [
        'r = s = 1',
        'FIPS 186-5 §6.4.2',
        signed(
          { alg: 'ES256' },
          halves(() => [1n, 1n]),
        ),
      ],
      [
        'r and s exchanged',
        'RFC 7518 §3.4',
        signed(
          { alg: 'ES256' },
          halves((r, s) => [s, r]),
        ),
      ],
      [
        'r and s that are as large as they can be',
        'FIPS 186-5 §6.4.2',
        signed({ alg: 'ES256' }, () => fixed(new Uint8Array(64).fill(0xff))),
      ],
      [
        'a signature in DER',
        'RFC 7518 §3.4',
        signed(
          { alg: 'ES256' },
          ({ keys }) =>
            (input) =>
              sign('sha256', input, keys.client),
        ),
      ],
      [
        'a signature of 63 bytes',
        'RFC 7518 §3.4',
        signed({ alg: 'ES256' }, ({ keys }) => changed(es256(keys.client), (bytes) => bytes.subarray(1))),
      ],
      [
        'a signature of 65 bytes',
        'RFC 7518 §3.4',
        signed({ alg: 'ES256' }, ({ keys }) =>
          changed(es256(keys.client), (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
        ),
      ],
      [
        'a signature of SHA-384',
        'RFC 7518 §3.4',
        signed(
          { alg: 'ES256' },
          ({ keys }) =>
            (input) =>
              sign('sha384', input, { key: keys.client, dsaEncoding: 'ieee-p1363' }),
        ),
      ],
      [
        'the signature of other claims',
        'RFC 7515 §5.2',
        signed(
          { alg: 'ES256' },
          ({ keys }) =>
            () =>
              es256(keys.client)(Buffer.from('e30.e30')),
        ),
      ],
      [
        'Ed25519 with S + L',
        'RFC 8032 §5.1.7',
        signed(
          { alg: 'Ed25519' },
          ({ keys }) => changed(ed25519(keys.ed25519), malleable),
          of(assertionClients.eddsa),
        ),
      ],
      [
        'Ed25519 with S = 0 and a point of small order',
        'RFC 8032 §5.1.7',
        signed({ alg: 'Ed25519' }, () => fixed([1, ...new Uint8Array(63)]), of(assertionClients.eddsa)),
      ],
      ...(
        [
          ['zero', [...new Uint8Array(256)]],
          ['one', [...new Uint8Array(255), 1]],
          ['larger than the modulus', [...new Uint8Array(256).fill(0xff)]],
        ] as const
      ).map(
        ([name, bytes]) =>
          [
            `an RSA signature that is ${name}`,
            'RFC 8017 §8.2.2',
            signed({ alg: 'RS256' }, () => fixed(bytes), of(assertionClients.rsa)),
          ] as const,
      ),
      [
        'an RSA signature with a zero in front',
        'RFC 8017 §8.2.2',
        signed(
          { alg: 'RS256' },
          ({ keys }) => changed(rs256(keys.rsa), (bytes) => Buffer.concat([Buffer.alloc(1), bytes])),
          of(assertionClients.rsa),
        ),
      ],
      [
        'a PKCS #1 v1.5 signature as PS256',
        'RFC 7518 §3.5',
        signed({ alg: 'PS256' }, ({ keys }) => rs256(keys.rsa), of(assertionClients.rsa)),
      ],
      [
        'a PKCS #1 v1.5 signature of SHA-1 as RS256',
        'RFC 7518 §3.3',
        signed(
          { alg: 'RS256' },
          ({ keys }) =>
            (input) =>
              sign('sha1', input, keys.rsa),
          of(assertionClients.rsa),
        ),
      ],
    ),
    ...refuse<Input>(
      noKey,
      ['RS256 of a client with an EC key', 'RFC 8725 §3.1', forged({ alg: 'RS256' })],
      ['ES384 of a client with a P-256 key', 'RFC 7518 §3.4', forged({ alg: 'ES384' })],
      ['EdDSA of a client with an EC key', 'RFC 8725 §3.1', forged({ alg: 'EdDSA' })],
      [
        'RS256 with a key that its JWK has for PS256',
        'RFC 7517 §4.4',
        signed({ alg: 'RS256' }, ({ keys }) => rs256(keys.rsa), of(assertionClients.pss)),
      ],
    ),
  ],
  acceptances: accept<Input>(
    '200',
    ['ES256', own({})],
    ['RS256', signed({ alg: 'RS256' }, ({ keys }) => rs256(keys.rsa), of(assertionClients.rsa))],
    ['Ed25519', signed({ alg: 'Ed25519' }, ({ keys }) => ed25519(keys.ed25519), of(assertionClients.eddsa))],
  ),
}

function forgedHmac(): Input {
  return signed({ alg: 'HS256' }, () => hs256('the secret'), of(assertionClients.without))
}

const headers: Family<Input> = {
  title: 'Client assertions: header',
  refusals: [
    ...refuse<Input>(
      "401 invalid_client: the assertion's crit names header parameters that this server does not support",
      ['crit with an unknown parameter', 'RFC 7515 §4.1.11', own({}, { crit: ['x'], x: 1 })],
      ['crit with a registered claim', 'RFC 7515 §4.1.11', own({}, { crit: ['exp'], exp: 1 })],
      ['crit with a registered parameter', 'RFC 7515 §4.1.11', own({}, { crit: ['alg'] })],
      ['crit with a parameter that is missing', 'RFC 7515 §4.1.11', own({}, { crit: ['x'] })],
      ['an empty crit', 'RFC 7515 §4.1.11', own({}, { crit: [] })],
      ['text for crit', 'RFC 7515 §4.1.11', own({}, { crit: 'b64', b64: true })],
      ['null for crit', 'RFC 7515 §4.1.11', own({}, { crit: null })],
      ['a payload that is not encoded', 'RFC 7797 §7', own({}, { crit: ['b64'], b64: false })],
      ['b64 in crit', 'RFC 7797 §7', own({}, { crit: ['b64'], b64: true })],
    ),
    ...refuse<Input>(
      unverified,
      [
        'jwk with the key that signed it',
        'CVE-2018-0114',
        forged(({ keys }) => ({ alg: 'ES256', jwk: publicJwk(keys.attacker) })),
      ],
      ['jku', 'RFC 8725 §3.10', forged(({ trap }) => ({ alg: 'ES256', jku: `${trap}/jwks` }))],
      ['x5u', 'RFC 8725 §3.10', forged(({ trap }) => ({ alg: 'ES256', x5u: `${trap}/certificate` }))],
      ['jku of a file', 'RFC 8725 §3.10', forged({ alg: 'ES256', jku: 'file:///etc/passwd' })],
      [
        'x5c with the key that signed it',
        'RFC 7515 §4.1.6',
        forged(({ keys }) => ({ alg: 'ES256', x5c: [publicDer(keys.attacker).toString('base64')] })),
      ],
      ['x5t of another certificate', 'RFC 7515 §4.1.7', forged({ alg: 'ES256', 'x5t#S256': 'AAAA' })],
      [
        'the kid of one key and the signature of another',
        'RFC 7515 §4.1.4',
        signed({ alg: 'ES256', kid: 'b' }, ({ keys }) => es256(keys.client), of(assertionClients.several)),
      ],
    ),
    ...refuse<Input>(
      noKey,
      ['kid with the path of a file', 'CWE-22', forged({ alg: 'ES256', kid: '../../../../../dev/null' })],
      ['kid with SQL', 'CWE-89', forged({ alg: 'ES256', kid: "x' UNION SELECT 'AAAA" })],
      ['kid with a command', 'CWE-78', forged({ alg: 'ES256', kid: '|/usr/bin/id' })],
      ['kid with a URL', 'CWE-918', forged(({ trap }) => ({ alg: 'ES256', kid: trap }))],
      ['kid with a NUL', 'CWE-158', forged({ alg: 'ES256', kid: 'a\0' })],
      ['kid of 8 KiB', 'CWE-400', forged({ alg: 'ES256', kid: 'k'.repeat(8192) })],
      ['kid that is a member of Object', 'CWE-1321', forged({ alg: 'ES256', kid: '__proto__' })],
      ['a number for kid', 'RFC 7515 §4.1.4', own({}, { kid: 7 })],
      ['a list for kid', 'RFC 7515 §4.1.4', own(of(assertionClients.several), { kid: ['a'] })],
      ['null for kid', 'RFC 7515 §4.1.4', own({}, { kid: null })],
    ),
    ...refuse<Input>(
      "401 invalid_client: several of the client's keys fit the assertion; send the kid in its header",
      ['no kid where several keys fit', 'RFC 7515 §4.1.4', own(of(assertionClients.several))],
    ),
    ...refuse<Input>(
      "401 invalid_client: the assertion's typ is that of another kind of JWT",
      ['an access token', 'RFC 9068 §2.1', own({}, { typ: 'at+jwt' })],
      ['an access token, with the whole media type', 'RFC 9068 §2.1', own({}, { typ: 'application/at+jwt' })],
      ['a request object', 'RFC 9101 §10.8', own({}, { typ: 'oauth-authz-req+jwt' })],
      ['a DPoP proof', 'RFC 9449 §4.2', own({}, { typ: 'dpop+jwt' })],
      ['a logout token', 'RFC 8725 §3.11', own({}, { typ: 'logout+jwt' })],
      ['a number for typ', 'RFC 7515 §4.1.9', own({}, { typ: 7 })],
      ['a list for typ', 'RFC 7515 §4.1.9', own({}, { typ: ['JWT'] })],
      ['a typ that begins like JWT', 'RFC 7515 §4.1.9', own({}, { typ: 'JWT2' })],
      ['a typ that ends like JWT', 'RFC 7515 §4.1.9', own({}, { typ: 'xJWT' })],
      ['a typ of another tree', 'RFC 7515 §4.1.9', own({}, { typ: 'text/jwt' })],
    ),
    ...refuse<Input>(
      ambiguous,
      ['alg twice, first none', 'RFC 7515 §4', written(claims, '{"alg":"none","alg":"ES256"}')],
      ['alg twice, last none', 'RFC 7515 §4', written(claims, '{"alg":"ES256","alg":"none"}')],
      ['kid twice', 'RFC 7515 §4', written(claims, '{"alg":"ES256","kid":"a","kid":"b"}')],
      ['alg twice, once escaped', 'RFC 7515 §4', written(claims, '{"alg":"none","\\u0061lg":"ES256"}')],
      ['a header with __proto__', 'CWE-1321', written(claims, '{"alg":"ES256","__proto__":{"kid":"a"}}')],
      ['a header that is a list', 'RFC 7515 §4', written(claims, '["ES256"]')],
      ['a header that is null', 'RFC 7515 §4', written(claims, 'null')],
      ['an empty header', 'RFC 7515 §4', written(claims, '')],
      ['a header with a byte order mark', 'RFC 8259 §8.1', written(claims, '\uFEFF{"alg":"ES256"}')],
      ['a header in UTF-16', 'RFC 7515 §4', written(claims, Buffer.from('{"alg":"ES256"}', 'utf16le'))],
      ['a header with a comment', 'RFC 8259 §2', written(claims, '{"alg":"ES256"/**/}')],
      ['a header nested 2,000 deep', 'CWE-674', written(claims, `{"alg":"ES256","x":${nested(2000)}}`)],
    ),
  ],
  acceptances: accept<Input>(
    '200',
    ['typ JWT', own({}, { typ: 'JWT' })],
    ['typ jwt', own({}, { typ: 'jwt' })],
    ['the whole media type', own({}, { typ: 'application/jwt' })],
    ['typ client-authentication+jwt', own({}, { typ: 'client-authentication+jwt' })],
    [
      'a jku, which is not followed',
      (kit) => compact({ alg: 'ES256', jku: `${kit.trap}/jwks` }, claims(kit), es256(kit.keys.client)),
    ],
    [
      'the kid of the key that signed it',
      signed({ alg: 'ES256', kid: 'a' }, ({ keys }) => es256(keys.client), of(assertionClients.several)),
    ],
  ),
}

const claimsFamily: Family<Input> = {
  title: 'Client assertions: claims',
  refusals: [
    ...refuse<Input>(
      ambiguous,
      ['sub twice', 'RFC 7519 §4', written(withMember('"sub":"neighbour"'))],
      ['sub twice, once escaped', 'RFC 7519 §4', written(withMember('"su\\u0062":"neighbour"'))],
      ['jti twice', 'RFC 7519 §4', written(withMember('"jti":"one"'))],
      ['aud twice', 'RFC 7519 §4', written(withMember('"aud":"https://other.example"'))],
      ['exp twice', 'RFC 7519 §4', written(withMember('"exp":1'))],
      ['a member twice, deep inside', 'RFC 8725 §2.4', written(withMember('"x":[{"a":1,"a":2}]'))],
      ['claims with __proto__', 'CWE-1321', written(withMember('"__proto__":{"sub":"neighbour"}'))],
      ['claims nested 2,000 deep', 'CWE-674', written(withMember(`"x":${nested(2000)}`))],
      ['claims that are a list', 'RFC 7519 §7.2', written((kit) => JSON.stringify([claims(kit)]))],
      ['claims that are text', 'RFC 7519 §7.2', written(() => '"client"')],
      ['claims that are null', 'RFC 7519 §7.2', written(() => 'null')],
      ['empty claims', 'RFC 7519 §7.2', written(() => '')],
      ['claims with text behind them', 'RFC 7519 §7.2', written((kit) => `${JSON.stringify(claims(kit))}{}`)],
      [
        'claims that are not UTF-8',
        'RFC 7519 §7.2',
        written((kit) => Buffer.from(JSON.stringify(claims(kit, { x: 'ÿ' })), 'latin1')),
      ],
      [
        'claims in UTF-16',
        'RFC 7519 §7.2',
        written((kit) => Buffer.from(JSON.stringify(claims(kit)), 'utf16le')),
      ],
      [
        'claims with a byte order mark',
        'RFC 8259 §8.1',
        written((kit) => `\uFEFF${JSON.stringify(claims(kit))}`),
      ],
    ),
    ...refuse<Input>(
      badSubject,
      ['no sub', 'RFC 7523 §3', own({ sub: undefined })],
      ['a number for sub', 'RFC 7519 §4.1.2', own({ sub: 7 })],
      ['a list for sub', 'RFC 7519 §4.1.2', own({ sub: ['client'] })],
      ['an object for sub', 'RFC 7519 §4.1.2', own({ sub: { client: 1 } })],
    ),
    ...refuse<Input>(
      unknown,
      ['an unknown client', 'RFC 6749 §5.2', own(of('nobody'))],
      ['a client without keys', 'RFC 7523 §3', own(of(assertionClients.without))],
      ['a client that is a member of Object', 'CWE-1321', own(of('__proto__'))],
      ['another member of Object', 'CWE-1321', own(of('constructor'))],
      ['a client with a NUL behind it', 'CWE-158', own(of('client\0'))],
      ['a client in other letters', 'RFC 6749 §2.2', own(of('Client'))],
      ['a client whose id looks the same', 'RFC 8725 §2.4', own(of('сlient'))],
      ['a client whose id has 4 KiB', 'CWE-400', own(of('c'.repeat(4096)))],
    ),
    ...refuse<Input>(unverified, ['another client', 'RFC 7523 §3', own(of('neighbour'))]),
    ...refuse<Input>(
      wrong('iss'),
      ['no iss', 'RFC 7523 §3', own({ iss: undefined })],
      ['another iss', 'RFC 7523 §3', own({ iss: 'neighbour' })],
      ['a list for iss', 'RFC 7519 §4.1.1', own({ iss: ['client'] })],
      ['the server for iss', 'RFC 7523 §3', own(({ audience }) => ({ iss: audience }))],
    ),
    ...refuse<Input>(
      wrong('aud'),
      ['no aud', 'RFC 7523 §3', own({ aud: undefined })],
      ['another server', 'RFC 7523 §3', own({ aud: 'https://other.example' })],
      ['the server with a slash', 'RFC 7519 §4.1.3', own(({ audience }) => ({ aud: `${audience}/` }))],
      ['the server in capitals', 'RFC 7519 §4.1.3', own(({ audience }) => ({ aud: audience.toUpperCase() }))],
      [
        'a server that begins like it',
        'RFC 7519 §4.1.3',
        own(({ audience }) => ({ aud: `${audience}.evil.example` })),
      ],
      [
        'the beginning of the server',
        'RFC 7519 §4.1.3',
        own(({ audience }) => ({ aud: audience.slice(0, -1) })),
      ],
      ['an API', 'RFC 7523 §3', own({ aud: 'api' })],
      ['an empty list', 'RFC 7519 §4.1.3', own({ aud: [] })],
      ['an object for aud', 'RFC 7519 §4.1.3', own({ aud: {} })],
    ),
    ...refuse<Input>(
      "401 invalid_client: the assertion's aud must be one string: the issuer or the token endpoint",
      ['a list with this server', 'CVE-2025-27370', own(({ audience }) => ({ aud: [audience] }))],
      [
        'this server and another',
        'CVE-2025-27370',
        own(({ audience }) => ({ aud: [audience, 'https://other.example'] })),
      ],
    ),
    ...refuse<Input>(
      wrong('exp'),
      ['no exp', 'RFC 7523 §3', own({ exp: undefined })],
      ['text for exp', 'RFC 7519 §2', own((kit) => ({ exp: String(seconds(kit) + 60) }))],
      ['null for exp', 'RFC 7519 §2', own({ exp: null })],
    ),
    ...refuse<Input>(
      '401 invalid_client: the assertion has expired',
      ['an assertion that has expired', 'RFC 7523 §3', own((kit) => ({ exp: seconds(kit) - 30 }))],
      ['an exp before 1970', 'RFC 7519 §2', own({ exp: -1 })],
    ),
    ...refuse<Input>(
      '401 invalid_client: the assertion expires more than 600 seconds from now',
      ['an exp too far ahead', 'RFC 7523 §3', own((kit) => ({ exp: seconds(kit) + 631 }))],
      ['an exp in milliseconds', 'RFC 7519 §2', own((kit) => ({ exp: (seconds(kit) + 60) * 1000 }))],
      [
        'an exp that is infinite',
        'RFC 7523 §3',
        written((kit) => JSON.stringify(claims(kit, { exp: 0 })).replace('"exp":0', '"exp":1e400')),
      ],
    ),
    ...refuse<Input>(
      wrong('nbf'),
      ['an assertion that is not valid yet', 'RFC 7523 §3', own((kit) => ({ nbf: seconds(kit) + 31 }))],
      ['text for nbf', 'RFC 7519 §2', own({ nbf: '0' })],
    ),
    ...refuse<Input>(wrong('iat'), ['text for iat', 'RFC 7519 §2', own({ iat: 'now' })]),
    ...refuse<Input>(wrong('jti'), ['no jti', 'OpenID Connect Core §9', own({ jti: undefined })]),
    ...refuse<Input>(
      badJti,
      ...[7, ['a'], { a: 1 }, true, null, '', 'x'.repeat(257)].map(
        (jti) => [`the jti ${JSON.stringify(jti).slice(0, 20)}`, 'RFC 7519 §4.1.7', own({ jti })] as const,
      ),
    ),
  ],
  acceptances: accept<Input>(
    '200',
    ['the token endpoint for aud', own(({ audience }) => ({ aud: `${audience}/connect/token` }))],
    ['unknown claims', own({ x: [{ a: 1 }, { a: 2 }] })],
    ['an exp as far ahead as is allowed', own((kit) => ({ exp: seconds(kit) + 600 }))],
    ['a jti of 256 characters', own({ jti: 'j'.repeat(256) })],
  ),
}

const parameters = (
  jwt: string,
  changes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => ({
  client_assertion: jwt,
  ...changes,
})

/** An assertion that is accepted. */
export const soundAssertion = (kit: AssertionKit): string =>
  compact({ alg: 'ES256' }, claims(kit), es256(kit.keys.client))

const spellings: Family<Input> = {
  title: 'Client assertions: serialization and request',
  refusals: [
    ...refuse<Input>(
      notJwt,
      ['two parts', 'RFC 7515 §7.1', respelt((jwt) => jwt.split('.').slice(0, 2).join('.'))],
      ['four parts', 'RFC 7515 §7.1', respelt((jwt) => `${jwt}.`)],
      ['five parts, as of a JWE', 'RFC 7516 §7.1', respelt((jwt) => `${jwt}.AAAA.AAAA`)],
      ['text', 'RFC 7515 §7.1', () => 'hunter2'],
      [
        'the JSON serialization',
        'RFC 7515 §7.2',
        respelt((jwt) => {
          const [header, payload, signature] = jwt.split('.')
          return JSON.stringify({ payload, protected: header, signature })
        }),
      ],
      ['padding', 'RFC 7515 §2', respelt((jwt) => `${jwt}==`)],
      ['padding in the header', 'RFC 7515 §2', respelt((jwt) => jwt.replace('.', '=.'))],
      ['a space in front', 'RFC 7515 §2', respelt((jwt) => ` ${jwt}`)],
      ['a line break behind', 'RFC 7515 §2', respelt((jwt) => `${jwt}\n`)],
      ['a line break inside', 'RFC 7515 §2', respelt((jwt) => `${jwt.slice(0, 10)}\r\n${jwt.slice(10)}`)],
      ['a NUL behind', 'CWE-158', respelt((jwt) => `${jwt}\0`)],
      ['unused bits that are set', 'RFC 4648 §3.5', respelt(withUnusedBits)],
      ['the alphabet of base64', 'RFC 7515 §2', respelt((jwt) => `${jwt.slice(0, -2)}+/`)],
    ),
    ...refuse<Input>(ambiguous, ['dots alone', 'RFC 7515 §7.1', () => '..']),
    ...refuse<Input>('401 invalid_client: client_id is not the client that the assertion is about', [
      'the client_id of another',
      'RFC 7521 §4.2',
      (kit) => parameters(soundAssertion(kit), { client_id: 'neighbour' }),
    ]),
    ...refuse<Input>(
      '401 invalid_client: client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      [
        'the type of SAML',
        'RFC 7522 §2.2',
        (kit) =>
          parameters(soundAssertion(kit), {
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
          }),
      ],
      [
        'the type of the grant',
        'RFC 7523 §2.1',
        (kit) =>
          parameters(soundAssertion(kit), {
            client_assertion_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          }),
      ],
    ),
    ...refuse<Input>('400 invalid_request: the request uses more than one method of client authentication', [
      'a secret beside it',
      'RFC 6749 §2.3',
      (kit) => parameters(soundAssertion(kit), { client_secret: 'x' }),
    ]),
    ...refuse<Input>('400 unsupported_grant_type: the only supported grant_type is client_credentials', [
      'the grant of RFC 7523',
      'RFC 7523 §2.1',
      (kit) => parameters(soundAssertion(kit), { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' }),
    ]),
  ],
  acceptances: accept<Input>(
    '200',
    ['its own client_id', (kit) => parameters(soundAssertion(kit), { client_id: 'client' })],
    ['the compact serialization', soundAssertion],
  ),
}

/** The same bytes, where the last character of a signature of 64 bytes has four bits that stand for nothing. */
function withUnusedBits(jwt: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return jwt.slice(0, -1) + alphabet.charAt(alphabet.indexOf(jwt.slice(-1)) ^ 1)
}

export const clientAssertionFamilies: readonly Family<Input>[] = [
  algorithms,
  headers,
  claimsFamily,
  spellings,
]
