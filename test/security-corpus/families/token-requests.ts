import { accept, refuse, type Family } from '../corpus.ts'

/** A request to the token endpoint. */
export interface TokenRequest {
  readonly method?: 'POST' | 'GET' | 'PUT' | 'TRACE'
  readonly url?: string
  /** Default: those of `client`. null for none. */
  readonly authorization?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

const granted = 'grant_type=client_credentials'
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')
const credentials = `Basic ${base64('client:the%20secret')}`
const inBody = `${granted}&client_id=client&client_secret=the+secret`
const form = 'application/x-www-form-urlencoded'

const wrongSecret = '401 invalid_client: the client secret is wrong'
const unknownClient = '401 invalid_client: the client is unknown'
const notBasic = '401 invalid_client: the Authorization header must use the Basic scheme'
const notEncoded =
  '401 invalid_client: the Authorization header does not contain a form-urlencoded client id and secret'
const twice = '400 invalid_request: a parameter is included more than once'
const methods = '400 invalid_request: the request uses more than one method of client authentication'
const otherClient = '400 invalid_request: client_id and the Authorization header name different clients'
const mediaType = '400 invalid_request: the Content-Type must be application/x-www-form-urlencoded'
const malformedScope = '400 invalid_scope: the scope is malformed'
const inUrl = (name: string): string => `400 invalid_request: ${name} must be in the body, not in the URL`
const otherScope = '400 invalid_scope: the client may have no other scopes than api1 api2'

const basic: Family<TokenRequest> = {
  title: 'Token requests: client secrets',
  refusals: [
    ...refuse<TokenRequest>(
      wrongSecret,
      ['another secret', 'RFC 6749 §5.2', { authorization: `Basic ${base64('client:hunter2')}` }],
      ['an empty secret', 'RFC 6749 §2.3.1', { authorization: `Basic ${base64('client:')}` }],
      [
        'the secret in other letters',
        'RFC 6749 §2.3.1',
        { authorization: `Basic ${base64('client:The%20secret')}` },
      ],
      ['the beginning of the secret', 'CWE-697', { authorization: `Basic ${base64('client:the%20secre')}` }],
      [
        'the secret with a NUL behind it',
        'CWE-158',
        { authorization: `Basic ${base64('client:the%20secret%00')}` },
      ],
      [
        'the secret with a space behind it',
        'RFC 6749 §2.3.1',
        { authorization: `Basic ${base64('client:the%20secret%20')}` },
      ],
      [
        'the secret encoded twice',
        'RFC 6749 §2.3.1',
        { authorization: `Basic ${base64('client:the%2520secret')}` },
      ],
      [
        'the secret with bytes that are not UTF-8',
        'RFC 7617 §2.1',
        { authorization: `Basic ${base64(Buffer.from('client:the secret\xff', 'latin1'))}` },
      ],
      [
        'the hash of the secret',
        'CWE-836',
        {
          authorization: `Basic ${base64('client:368a693d784c7d1957ec748148a5de1e1f2e97f1f6360c69b0cfcf6471bbbf07')}`,
        },
      ],
      ['a secret of 11 KiB', 'CWE-400', { authorization: `Basic ${base64(`client:${'x'.repeat(11_000)}`)}` }],
      [
        'a wrong secret in the body',
        'RFC 6749 §2.3.1',
        { authorization: null, body: `${granted}&client_id=client&client_secret=hunter2` },
      ],
    ),
    ...refuse<TokenRequest>(
      unknownClient,
      ['an unknown client', 'RFC 6749 §5.2', { authorization: `Basic ${base64('nobody:the%20secret')}` }],
      ['no client id', 'RFC 6749 §2.3.1', { authorization: `Basic ${base64(':the%20secret')}` }],
      [
        'a client id that is a member of Object',
        'CWE-1321',
        { authorization: `Basic ${base64('__proto__:x')}` },
      ],
      ['another member of Object', 'CWE-1321', { authorization: `Basic ${base64('constructor:x')}` }],
      [
        'the client id in capitals',
        'RFC 6749 §2.2',
        { authorization: `Basic ${base64('CLIENT:the%20secret')}` },
      ],
      ['a client id with a NUL', 'CWE-158', { authorization: `Basic ${base64('client%00:the%20secret')}` }],
      ['an id with SQL', 'CWE-89', { authorization: `Basic ${base64("' OR '1'='1:x")}` }],
      [
        'an id with a line break, for the log',
        'CWE-117',
        { authorization: `Basic ${base64('client%0a{"level":30}:x')}` },
      ],
    ),
    ...refuse<TokenRequest>(
      notBasic,
      ['another scheme', 'RFC 7617 §2', { authorization: 'Bearer abc' }],
      ['the scheme alone', 'RFC 7617 §2', { authorization: 'Basic' }],
      ['an empty header', 'RFC 7617 §2', { authorization: '' }],
      ['text before the scheme', 'RFC 7617 §2', { authorization: `x ${credentials}` }],
      ['the scheme in a longer word', 'RFC 7617 §2', { authorization: `x${credentials}` }],
      ['text behind the credentials', 'RFC 7617 §2', { authorization: `${credentials} x` }],
      [
        'two credentials in one header',
        'RFC 9110 §11.6.2',
        { authorization: `${credentials}, ${credentials}` },
      ],
      ['parameters in place of the credentials', 'RFC 9110 §11.4', { authorization: 'Basic realm="x"' }],
      ['a tab after the scheme', 'RFC 9110 §11.4', { authorization: credentials.replace(' ', '\t') }],
      ['three equals signs', 'RFC 4648 §3.2', { authorization: `${credentials}===` }],
      ['a Digest response', 'RFC 7616 §3.4', { authorization: 'Digest username="client", response="x"' }],
      ['characters that base64 does not have', 'RFC 4648 §3.3', { authorization: 'Basic Y2xp%ZW50' }],
    ),
    ...refuse<TokenRequest>(
      notEncoded,
      ['no colon', 'RFC 7617 §2', { authorization: `Basic ${base64('client')}` }],
      [
        'a broken escape in the secret',
        'RFC 6749 §2.3.1',
        { authorization: `Basic ${base64('client:%zz')}` },
      ],
      ['an escape that is not UTF-8', 'RFC 6749 §2.3.1', { authorization: `Basic ${base64('client:%ff')}` }],
      ['an escape that is overlong', 'RFC 3629 §3', { authorization: `Basic ${base64('%c1%a3lient:x')}` }],
    ),
    ...refuse<TokenRequest>(
      '401 invalid_client: the request has no client authentication',
      ['no authentication', 'RFC 6749 §4.4.2', { authorization: null }],
      ['client_id alone', 'RFC 6749 §4.4', { authorization: null, body: `${granted}&client_id=client` }],
    ),
    ...refuse<TokenRequest>('400 invalid_request: client_secret requires client_id', [
      'a secret alone',
      'RFC 6749 §2.3.1',
      { authorization: null, body: `${granted}&client_secret=the+secret` },
    ]),
  ],
  acceptances: accept<TokenRequest>(
    '200',
    ['Basic', {}],
    ['the scheme in capitals', { authorization: credentials.replace('Basic', 'BASIC') }],
    ['a plus for the space', { authorization: `Basic ${base64('client:the+secret')}` }],
    ['the secret in the body', { authorization: null, body: inBody }],
  ),
}

const pollution: Family<TokenRequest> = {
  title: 'Token requests: parameter pollution',
  refusals: [
    ...refuse<TokenRequest>(
      twice,
      ['grant_type twice', 'RFC 6749 §3.2', { body: `${granted}&${granted}` }],
      ['grant_type twice, first another', 'RFC 6749 §3.2', { body: `grant_type=password&${granted}` }],
      ['scope twice', 'RFC 6749 §3.2', { body: `${granted}&scope=api1&scope=api2` }],
      ['scope twice, once without a value', 'RFC 6749 §3.2', { body: `${granted}&scope=&scope=api1` }],
      ['scope twice, once without an equals sign', 'RFC 6749 §3.2', { body: `${granted}&scope&scope=api1` }],
      ['scope twice, once escaped', 'RFC 6749 §3.2', { body: `${granted}&scope=api1&%73cope=api2` }],
      ['client_id twice', 'RFC 6749 §3.2', { authorization: null, body: `${inBody}&client_id=neighbour` }],
      ['client_secret twice', 'RFC 6749 §3.2', { authorization: null, body: `${inBody}&client_secret=x` }],
      [
        'client_assertion twice',
        'RFC 6749 §3.2',
        { authorization: null, body: `${granted}&client_assertion=a&client_assertion=b` },
      ],
      ['an unknown parameter twice', 'RFC 6749 §3.1', { body: `${granted}&x=1&x=2` }],
      ['__proto__ twice', 'CWE-1321', { body: `${granted}&__proto__=1&__proto__=2` }],
    ),
    ...refuse<TokenRequest>(
      methods,
      ['Basic and a secret in the body', 'RFC 6749 §2.3', { body: inBody }],
      ['Basic and an assertion', 'RFC 6749 §2.3', { body: `${granted}&client_assertion=a.b.c` }],
      ['Basic and the type of an assertion', 'RFC 6749 §2.3', { body: `${granted}&client_assertion_type=x` }],
      [
        'a secret and an assertion',
        'RFC 6749 §2.3',
        { authorization: null, body: `${inBody}&client_assertion=a.b.c` },
      ],
    ),
    ...refuse<TokenRequest>(
      otherClient,
      [
        'Basic of one client and the client_id of another',
        'RFC 6749 §2.3',
        { body: `${granted}&client_id=neighbour` },
      ],
      ['the client_id in capitals', 'RFC 6749 §2.3', { body: `${granted}&client_id=CLIENT` }],
    ),
    ...[
      'grant_type',
      'scope',
      'client_id',
      'client_secret',
      'client_assertion',
      'client_assertion_type',
    ].flatMap((name) =>
      refuse<TokenRequest>(inUrl(name), [
        `${name} in the URL`,
        'RFC 6749 §2.3.1',
        { url: `/connect/token?${name}=x` },
      ]),
    ),
    ...refuse<TokenRequest>(
      inUrl('client_secret'),
      ['client_secret in the URL, escaped', 'RFC 6749 §2.3.1', { url: '/connect/token?client%5Fsecret=x' }],
      [
        'client_secret in the URL without a value',
        'RFC 6749 §2.3.1',
        { url: '/connect/token?client_secret' },
      ],
      [
        'client_secret in the URL behind another',
        'RFC 6749 §2.3.1',
        { url: '/connect/token?x=1&client_secret=x' },
      ],
    ),
    ...refuse<TokenRequest>(
      '400 invalid_request: grant_type is missing',
      ['another spelling of the parameter', 'RFC 6749 §4.4.2', { body: 'Grant_Type=client_credentials' }],
      ['a space before the parameter', 'RFC 6749 §4.4.2', { body: `+${granted}` }],
      ['brackets, as PHP has them', 'RFC 6749 §4.4.2', { body: 'grant_type[]=client_credentials' }],
      ['a semicolon between parameters', 'RFC 6749 App. B', { body: `x=1;${granted}` }],
      ['no value', 'RFC 6749 §3.2', { body: 'grant_type=' }],
      ['an empty body', 'RFC 6749 §4.4.2', { body: '' }],
    ),
    ...[
      'client_credentials ',
      'CLIENT_CREDENTIALS',
      'password',
      'authorization_code',
      'refresh_token',
      'client_credentials\0',
    ].flatMap((type) =>
      refuse<TokenRequest>(
        '400 unsupported_grant_type: the only supported grant_type is client_credentials',
        [
          `the grant ${JSON.stringify(type)}`,
          'RFC 6749 §5.2',
          { body: `grant_type=${encodeURIComponent(type)}` },
        ],
      ),
    ),
    ...refuse<TokenRequest>(
      malformedScope,
      ['two spaces in the scope', 'RFC 6749 §3.3', { body: `${granted}&scope=api1++api2` }],
      ['a line break in the scope', 'RFC 6749 §3.3', { body: `${granted}&scope=api1%0aapi2` }],
      ['a quote in the scope', 'RFC 6749 §3.3', { body: `${granted}&scope=%22api1` }],
      ['a backslash in the scope', 'RFC 6749 §3.3', { body: `${granted}&scope=api1%5c` }],
      ['a NUL in the scope', 'CWE-158', { body: `${granted}&scope=api1%00` }],
      ['markup in the scope, not in ASCII', 'CWE-79', { body: `${granted}&scope=%EF%BC%9Cscript%EF%BC%9E` }],
    ),
    ...refuse<TokenRequest>(otherScope, ['a wildcard', 'RFC 6749 §3.3', { body: `${granted}&scope=*` }]),
    ...refuse<TokenRequest>(otherScope, [
      'one scope too many',
      'RFC 6749 §3.3',
      { body: `${granted}&scope=api1+admin` },
    ]),
    ...refuse<TokenRequest>(otherScope, [
      'a scope in capitals',
      'RFC 6749 §3.3',
      { body: `${granted}&scope=API1` },
    ]),
    ...refuse<TokenRequest>(otherScope, [
      'a scope that is a member of Object',
      'CWE-1321',
      { body: `${granted}&scope=__proto__` },
    ]),
  ],
  acceptances: accept<TokenRequest>(
    '200',
    ['unknown parameters', { body: `${granted}&x=1&__proto__=2&constructor=3` }],
    [
      'resource twice, which may be repeated',
      { body: `${granted}&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example` },
    ],
    ['another query', { url: '/connect/token?trace=1' }],
    ['each scope', { body: `${granted}&scope=api1+api2` }],
  ),
}

const manyParameters = Array.from({ length: 2000 }, (_, index) => `p${index}=`).join('&')

const bodies: Family<TokenRequest> = {
  title: 'Token requests: bodies',
  refusals: [
    ...refuse<TokenRequest>(
      '413 invalid_request: the body is too large',
      ['a body over 16 KiB', 'CWE-770', { body: `${granted}&x=${'x'.repeat(16 * 1024)}` }],
      ['a body of 4 MiB', 'CWE-770', { body: Buffer.alloc(2 ** 22, 'a') }],
      [
        'an assertion over 16 KiB',
        'CWE-770',
        { authorization: null, body: `${granted}&client_assertion=${'x'.repeat(17_000)}` },
      ],
    ),
    ...['gzip', 'br', 'deflate', 'zstd', 'identity, gzip', 'GZIP'].flatMap((encoding) =>
      refuse<TokenRequest>('415 invalid_request: the body must not have a Content-Encoding', [
        `Content-Encoding: ${encoding}`,
        'RFC 9110 §8.4',
        { headers: { 'content-encoding': encoding } },
      ]),
    ),
    ...[
      'application/json',
      'multipart/form-data; boundary=x',
      'text/plain',
      'application/x-www-form-urlencoded-x',
      'application/xml',
      `text/plain; x=${form}`,
    ].flatMap((type) =>
      refuse<TokenRequest>(mediaType, [
        `the media type ${type}`,
        'RFC 6749 §4.4.2',
        { headers: { 'content-type': type } },
      ]),
    ),
    ...refuse<TokenRequest>(
      '400 invalid_request: the body has a broken percent escape',
      ['a broken escape', 'RFC 6749 App. B', { body: `${granted}&x=%` }],
      ['an escape of one digit', 'RFC 6749 App. B', { body: `${granted}&x=%a` }],
      ['an escape that is not UTF-8', 'RFC 6749 App. B', { body: `${granted}&x=%ff` }],
      ['an escape that is overlong', 'RFC 3629 §3', { body: `${granted}&x=%c0%ae` }],
      ['an escape of half a surrogate', 'RFC 3629 §3', { body: `${granted}&x=%ed%a0%80` }],
      ['the escapes of JavaScript', 'RFC 6749 App. B', { body: `${granted}&x=%u0041` }],
    ),
    ...refuse<TokenRequest>(
      '400 invalid_request: the body is not UTF-8',
      ['bytes that are not UTF-8', 'RFC 6749 App. B', { body: Buffer.from(`${granted}&x=\xff`, 'latin1') }],
      ['bytes that are overlong', 'RFC 3629 §3', { body: Buffer.from(`${granted}&x=\xc0\xae`, 'latin1') }],
      [
        'UTF-16 with its byte order mark',
        'RFC 6749 App. B',
        { body: Buffer.from(`\uFEFF${granted}`, 'utf16le') },
      ],
    ),
    ...refuse<TokenRequest>(
      '405 invalid_request: the token endpoint accepts POST only',
      ['GET', 'RFC 6749 §3.2', { method: 'GET', body: '' }],
      ['PUT', 'RFC 6749 §3.2', { method: 'PUT' }],
      [
        'POST that says it is GET',
        'CWE-650',
        { method: 'GET', headers: { 'x-http-method-override': 'POST' }, body: '' },
      ],
    ),
  ],
  acceptances: accept<TokenRequest>(
    '200',
    ['a body of almost 16 KiB', { body: `${granted}&x=${'x'.repeat(16_000)}` }],
    ['2,000 parameters', { body: `${granted}&${manyParameters}` }],
    ['Content-Encoding: identity', { headers: { 'content-encoding': 'identity' } }],
    ['a charset', { headers: { 'content-type': `${form}; charset=utf-8` } }],
    ['UTF-8', { body: `${granted}&x=é€😀` }],
  ),
}

export const tokenRequestFamilies: readonly Family<TokenRequest>[] = [basic, pollution, bodies]
