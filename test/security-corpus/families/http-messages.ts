import { accept, refuse, type Family } from '../corpus.ts'

/** The bytes of a connection, in latin1. `{port}` stands for the port of the server. */
type Input = string

const body = 'grant_type=client_credentials'
const authorization = 'Authorization: Basic Y2xpZW50OnRoZSUyMHNlY3JldA=='
const type = 'Content-Type: application/x-www-form-urlencoded'
const last = 'Connection: close'
const start = 'POST /connect/token HTTP/1.1'
const host = 'Host: localhost:{port}'
const length = `Content-Length: ${body.length}`
const chunked = 'Transfer-Encoding: chunked'
const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** A message of these lines. */
const message = (lines: readonly string[], content: string): Input =>
  `${lines.join('\r\n')}\r\n\r\n${content}`

/** A token request that is answered with 200, but for those header fields and that content. */
const post = (fields: readonly string[], content = body, line = start): Input =>
  message([line, host, authorization, type, last, ...fields], content)

/** A request for the page of liveness, but for its target and header fields. */
const get = (target: string, fields: readonly string[] = [host], line = `GET ${target} HTTP/1.1`): Input =>
  message([line, ...fields, last], '')

/** A request that must not be seen: the server answers twice where it is. */
const smuggled = message(['GET /health/live HTTP/1.1', host], '')

const framing: Family<Input> = {
  title: 'HTTP messages: framing and smuggling',
  refusals: [
    ...refuse<Input>(
      '400',
      ['Content-Length and chunks', 'RFC 9112 §6.3', post([length, chunked], chunks)],
      ['chunks and Content-Length', 'RFC 9112 §6.3', post([chunked, length], chunks)],
      ['Content-Length: 0 and chunks', 'CVE-2022-32213', post(['Content-Length: 0', chunked], chunks)],
      [
        'a shorter Content-Length and chunks',
        'RFC 9112 §11.2',
        post(['Content-Length: 4', chunked], chunks + smuggled),
      ],
      ['two lengths', 'RFC 9112 §6.3', post([length, 'Content-Length: 4'])],
      ['two lengths, the first shorter', 'RFC 9112 §6.3', post(['Content-Length: 0', length], smuggled)],
      ['one length twice', 'RFC 9112 §6.3', post([length, length])],
      ['a list of lengths', 'RFC 9112 §6.3', post([`${length}, ${body.length}`])],
      ['a length with a sign', 'RFC 9110 §8.6', post([`Content-Length: +${body.length}`])],
      ['a negative length', 'RFC 9110 §8.6', post(['Content-Length: -1'])],
      ['a length in hexadecimal', 'RFC 9110 §8.6', post(['Content-Length: 0x1d'])],
      ['a length with letters behind it', 'RFC 9110 §8.6', post([`${length}a`])],
      ['a length in two parts', 'RFC 9110 §8.6', post(['Content-Length: 2 9'])],
      ['an empty length', 'RFC 9110 §8.6', post(['Content-Length:'], '')],
      ['a length beyond 2^64', 'CWE-190', post(['Content-Length: 18446744073709551645'])],
      [
        'a space before the colon of Content-Length',
        'RFC 9112 §5.1',
        post([`Content-Length : ${body.length}`]),
      ],
      [
        'a space before the colon of Transfer-Encoding',
        'CVE-2019-16276',
        post(['Transfer-Encoding : chunked'], chunks),
      ],
      ['a coding that is unknown', 'RFC 9112 §6.1', post(['Transfer-Encoding: xchunked'], chunks)],
      [
        'a coding that is not the last one',
        'CVE-2022-32215',
        post(['Transfer-Encoding: chunked, identity'], chunks),
      ],
      ['the coding identity', 'RFC 9112 §6.1', post(['Transfer-Encoding: identity'])],
      ['a vertical tab before the coding', 'RFC 9112 §6.1', post(['Transfer-Encoding:\x0bchunked'], chunks)],
      ['a coding in quotes', 'RFC 9112 §6.1', post(['Transfer-Encoding: "chunked"'], chunks)],
      ['a coding on a folded line', 'CVE-2022-32215', post(['Transfer-Encoding:\r\n chunked', length])],
      [
        'chunks on a folded line behind another coding',
        'CVE-2022-32215',
        post(['Transfer-Encoding: chunked\r\n , identity'], chunks),
      ],
      [
        'a line feed alone between header fields',
        'RFC 9112 §2.2',
        `${start}\r\n${host}\n${authorization}\r\n${type}\r\n${length}\r\n\r\n${body}`,
      ],
      [
        'a line feed alone after Content-Length',
        'CVE-2022-35256',
        `${start}\r\n${host}\r\n${authorization}\r\n${type}\r\n${length}\n\r\n${body}`,
      ],
      [
        'a carriage return alone in a value',
        'CVE-2023-30589',
        post([`X: a\rTransfer-Encoding: chunked`, length]),
      ],
      ['a carriage return alone after a value', 'CVE-2023-30589', post([`X: a\r${chunked}`, 'Y: b'], chunks)],
      ['a space before Content-Length', 'CVE-2024-27982', post([` ${length}`])],
      ['a folded line', 'RFC 9112 §5.2', post(['X: a\r\n b', length])],
      ['a NUL in a value', 'RFC 9110 §5.5', post(['X: a\0b', length])],
      ['a NUL in a name', 'RFC 9110 §5.1', post(['X\0: a', length])],
      ['a name with a space', 'RFC 9112 §5.1', post(['X Y: a', length])],
      ['a line without a colon', 'RFC 9112 §5', post(['Transfer-Encoding chunked', length])],
      ['a header field without a name', 'RFC 9110 §5.1', post([': a', length])],
      [
        'white space before the first header field',
        'RFC 9112 §2.2',
        message([start, ` ${host}`, authorization, type, length, last], body),
      ],
      ['a chunk whose size has 0x', 'RFC 9112 §7.1', post([chunked], `0x1d\r\n${body}\r\n0\r\n\r\n`)],
      ['a chunk whose size is negative', 'RFC 9112 §7.1', post([chunked], `-1\r\n${body}\r\n0\r\n\r\n`)],
      [
        'a chunk whose size is beyond 2^64',
        'CWE-190',
        post([chunked], `1000000000000001d\r\n${body}\r\n0\r\n\r\n`),
      ],
      [
        'a chunk that is longer than its size',
        'RFC 9112 §7.1',
        post([chunked], `1c\r\n${body}\r\n0\r\n\r\n`),
      ],
      ['a chunk without a size', 'RFC 9112 §7.1', post([chunked], `\r\n${body}\r\n0\r\n\r\n`)],
      [
        'a line feed alone after the size of a chunk',
        'CVE-2025-22871',
        post([chunked], `1d\n${body}\r\n0\r\n\r\n`),
      ],
      [
        'a line feed alone in a chunk extension',
        'CVE-2025-55315',
        post([chunked], `1d;a\n${body}\r\n0\r\n\r\n`),
      ],
      [
        'a carriage return alone in a chunk extension',
        'RFC 9112 §7.1.1',
        post([chunked], `1d;a\rb\r\n${body}\r\n0\r\n\r\n`),
      ],
      [
        'a chunk extension of 32 KiB',
        'CVE-2024-22019',
        post([chunked], `1d;${'a'.repeat(2 ** 15)}\r\n${body}\r\n0\r\n\r\n`),
      ],
      ['text that is not HTTP', 'RFC 9112 §2', 'hunter2\r\n\r\n'],
      ['TLS', 'RFC 8446 §4.1.2', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['HTTP/1.2', 'RFC 9112 §2.3', get('', [host], 'GET /health/live HTTP/1.2')],
      ['HTTP/2 without TLS', 'RFC 9113 §3.3', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['the protocol in lower case', 'RFC 9112 §2.3', get('', [host], 'GET /health/live http/1.1')],
      ['another protocol', 'RFC 9112 §2.3', get('', [host], 'GET /health/live ICE/1.0')],
      ['a tab in the request line', 'RFC 9112 §3', get('', [host], 'GET\t/health/live HTTP/1.1')],
      ['a space in the target', 'RFC 9112 §3.2', get('', [host], 'GET /health/live /x HTTP/1.1')],
      ['a method in lower case', 'RFC 9110 §9.1', get('', [host], 'get /health/live HTTP/1.1')],
      ['an unknown method', 'RFC 9110 §9.1', get('', [host], 'MINT /health/live HTTP/1.1')],
      ['no Host', 'RFC 9112 §3.2', get('/health/live', [])],
      ['two Hosts', 'RFC 9112 §3.2', get('/health/live', [host, 'Host: evil.example'])],
      ['two Hosts that are equal', 'RFC 9112 §3.2', get('/health/live', [host, host])],
      ['a Host with a path', 'RFC 9112 §3.2', get('/health/live', ['Host: localhost/x'])],
      ['a Host with a user name', 'RFC 9110 §4.2.4', get('/health/live', ['Host: a@localhost'])],
      ['a list of Hosts', 'RFC 9112 §3.2', get('/health/live', ['Host: localhost, evil.example'])],
    ),
    ...refuse<Input>(
      '431',
      ['a header field of 17 KiB', 'CWE-770', get('/health/live', [host, `X: ${'a'.repeat(17_000)}`])],
      ['5,000 header fields', 'CWE-770', get('/health/live', [host, ...Array<string>(5000).fill('X: a')])],
      [
        'a second Host behind 2,000 header fields',
        'CWE-444',
        get('/health/live', [host, ...Array<string>(2000).fill('X: a'), 'Host: evil.example']),
      ],
      ['a target of 17 KiB', 'CWE-770', get(`/${'a'.repeat(17_000)}`)],
      ['a name of 17 KiB', 'CWE-770', get('/health/live', [host, `${'a'.repeat(17_000)}: a`])],
    ),
    ...refuse<Input>(
      '413',
      [
        'a length of 17 KiB and another request behind it',
        'CWE-444',
        post(['Content-Length: 17000'], 'a'.repeat(17_000) + smuggled),
      ],
      ['a length of 2^53', 'CWE-770', post(['Content-Length: 9007199254740991'])],
      ['chunks of 17 KiB', 'CWE-770', post([chunked], `4268\r\n${'a'.repeat(17_000)}\r\n0\r\n\r\n`)],
    ),
    ...refuse<Input>(
      '400',
      ['two Authorization headers', 'RFC 6749 §2.3', post([authorization, length])],
      [
        'two Authorization headers at the API',
        'RFC 6750 §3.1',
        get('/api/identity', [host, 'Authorization: Bearer a.b.c', 'Authorization: Bearer d.e.f']),
      ],
      [
        'Content-Length and an empty Transfer-Encoding, which Node ignores',
        'RFC 9112 §6.3',
        post(['Transfer-Encoding:', length]),
      ],
      ['an empty Transfer-Encoding', 'RFC 9112 §6.1', post(['Transfer-Encoding:'], '')],
      ['a target whose escapes are broken', 'RFC 3986 §2.1', get('/%zz')],
      ['a target whose escapes are not UTF-8', 'RFC 3629 §3', get('/%c0%ae%c0%ae/health/live')],
    ),
    ...refuse<Input>('401', [
      'credentials in a trailer',
      'RFC 9110 §6.5.1',
      message(
        [start, host, type, chunked, 'Trailer: Authorization', last],
        `1d\r\n${body}\r\n0\r\n${authorization}\r\n\r\n`,
      ),
    ]),
    ...refuse<Input>('505', ['HTTP/0.9', 'RFC 9110 §2.5', 'GET /health/live\r\n\r\n']),
    ...refuse<Input>('501', [
      'gzip and chunks',
      'RFC 9112 §6.1',
      post(['Transfer-Encoding: gzip, chunked'], chunks),
    ]),
    ...refuse<Input>('417', [
      'an expectation that is unknown',
      'RFC 9110 §10.1.1',
      post(['Expect: 200-ok', length]),
    ]),
    ...refuse<Input>('405', ['TRACE', 'RFC 9110 §9.3.8', post([], '', 'TRACE /connect/token HTTP/1.1')]),
    ...refuse<Input>('none', [
      'CONNECT',
      'RFC 9110 §9.3.6',
      get('', [host], 'CONNECT evil.example:443 HTTP/1.1'),
    ]),
  ],
  acceptances: [
    ...accept<Input>(
      '200',
      ['a length', post([length])],
      ['zeros in front of the length', post([`Content-Length: 00${body.length}`])],
      ['chunks', post([chunked], chunks)],
      ['two chunks', post([chunked], `5\r\ngrant\r\n18\r\n${body.slice(5)}\r\n0\r\n\r\n`)],
      ['the coding in capitals', post(['Transfer-Encoding: CHUNKED'], chunks)],
      ['a chunk extension', post([chunked], `1d;name=value\r\n${body}\r\n0\r\n\r\n`)],
      ['the absolute form of the target', get('http://localhost:{port}/health/live')],
      ['the absolute form with user information', get('http://client:hunter2@localhost:{port}/health/live')],
      ['Expect: 100-continue', post([length, 'Expect: 100-continue'])],
      [
        'an upgrade that is not offered',
        get('/health/live', [host, 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']),
      ],
      ['90 header fields', get('/health/live', [host, ...Array<string>(90).fill('X: a')])],
      [
        'two spaces in the request line, as RFC 9112 §3 allows',
        get('', [host], 'GET  /health/live  HTTP/1.1'),
      ],
      ['HTTP/1.0 without a Host', get('', [], 'GET /health/live HTTP/1.0')],
      ['a Host in brackets', get('/health/live', ['Host: [::1]:{port}'])],
      ['an empty Host', get('/health/live', ['Host:'])],
    ),
    ...accept<Input>('200 200', ['two requests one after the other', smuggled + get('/health/live')]),
    ...accept<Input>('200 401', [
      'a request that is refused after one that is not',
      smuggled + post([length], body).replace(authorization, 'Authorization: Basic YTpi'),
    ]),
  ],
}

const targets: Family<Input> = {
  title: 'HTTP messages: targets',
  refusals: [
    ...refuse<Input>(
      '404',
      ...[
        '/connect/../health/live',
        '/connect/%2e%2e/health/live',
        '/./health/live',
        '//health/live',
        '/health//live',
        '/health/live/',
        '/health%2flive',
        '/health%2Flive',
        '/health%5clive',
        '/health\\live',
        '/health/live%00',
        '/health/live%20',
        '/health/live;x=1',
        '/health/live%3f',
        '/HEALTH/LIVE',
        '/health/live.json',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/../../../../etc/passwd',
        '/.well-known/../../package.json',
        '/..%5c..%5cwindows%5cwin.ini',
        '/token-signing.pfx',
        '/data/token-signing.pfx',
        '/%25%32%66health/live',
      ].map((target) => [`the target ${target}`, 'CWE-22', get(target)] as const),
      ['another host in the target', 'CWE-918', get('http://evil.example/x')],
      ['a target of another scheme', 'RFC 9112 §3.2', get('file:///etc/passwd')],
      ['OPTIONS *', 'RFC 9110 §9.3.7', get('', [host], 'OPTIONS * HTTP/1.1')],
    ),
    ...refuse<Input>('400', ['a target without a slash', 'RFC 9112 §3.2', get('health/live')]),
  ],
  acceptances: accept<Input>(
    '200',
    ['the target', get('/health/live')],
    ['a query', get('/health/live?a=/../b')],
  ),
}

export const httpMessageFamilies: readonly Family<Input>[] = [framing, targets]
