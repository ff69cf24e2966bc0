import { fetchJson } from '../../../packages/cli/src/net/fetch-json.ts'
import { fetchMetadata } from '../../../packages/cli/src/net/issuer-metadata.ts'
import { accept, refuse, type Family } from '../corpus.ts'

/** An answer of a hostile issuer. */
export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Reads something from a server that answers every request with `answer`. */
export interface Reading {
  readonly answer: (origin: string) => Answer
  readonly read: (origin: string) => Promise<unknown>
}

const jwks = (answer: Answer, address = (origin: string) => `${origin}/jwks`): Reading => ({
  answer: () => answer,
  read: (origin) => fetchJson(address(origin), 'the JWK Set'),
})

/** The metadata of the issuer with other members. */
const metadata = (change: (origin: string) => object, issuer = (origin: string) => origin): Reading => ({
  answer: (origin) => ({
    body: JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks`, ...change(origin) }),
  }),
  read: (origin) => fetchMetadata(issuer(origin)),
})

/** A `jwks_uri` that is not where the issuer is. */
const jwksUri = (uri: unknown): Reading => metadata(() => ({ jwks_uri: uri }))

const keySets: Family<Reading> = {
  title: 'Metadata and JWK Sets of an issuer',
  refusals: [
    ...refuse<Reading>(
      'INVALID_ENCODING',
      ['a page in place of JSON', 'RFC 7517 §5', jwks({ body: '<html></html>' })],
      ['an empty answer', 'RFC 7517 §5', jwks({ body: '' })],
      ['JSON that is cut off', 'RFC 8259 §2', jwks({ body: '{"keys":[' })],
      [
        'the metadata of another issuer',
        'RFC 8414 §3.3',
        metadata(() => ({ issuer: 'https://evil.example' })),
      ],
      ['an issuer with a slash more', 'RFC 8414 §3.3', metadata((origin) => ({ issuer: `${origin}/` }))],
      ['a list for issuer', 'RFC 8414 §2', metadata((origin) => ({ issuer: [origin] }))],
      ['no jwks_uri', 'RFC 8414 §2', jwksUri(undefined)],
      ['a list for jwks_uri', 'RFC 8414 §2', jwksUri([])],
      ['jwks_uri with the path of a file', 'CWE-73', jwksUri('/etc/passwd')],
      ['jwks_uri with a relative path', 'CWE-73', jwksUri('jwks.json')],
      ['jwks_uri with standard input', 'CWE-73', jwksUri('-')],
      ['jwks_uri with the URL of a file', 'CWE-918', jwksUri('file:///etc/passwd')],
      ['jwks_uri on another host without TLS', 'RFC 8414 §2', jwksUri('http://evil.example/jwks')],
      ['jwks_uri with the metadata service', 'CWE-918', jwksUri('http://169.254.169.254/latest')],
      ['jwks_uri with data', 'CWE-918', jwksUri('data:application/json,{"keys":[]}')],
    ),
    ...refuse<Reading>(
      'UNAVAILABLE',
      [
        'a redirect to another host',
        'CWE-601',
        jwks({ status: 302, headers: { location: 'https://evil.example/jwks' } }),
      ],
      ['a redirect to a file', 'CWE-601', jwks({ status: 307, headers: { location: 'file:///etc/passwd' } })],
      ['an error', 'RFC 9110 §15.6', jwks({ status: 500, body: '{"keys":[]}' })],
    ),
    ...refuse<Reading>('NOT_FOUND', [
      'a status of 404',
      'RFC 9110 §15.5.5',
      jwks({ status: 404, body: '{"keys":[]}' }),
    ]),
    ...refuse<Reading>('LIMIT_EXCEEDED', [
      'more than 1 MiB',
      'CWE-770',
      jwks({ body: `{"keys":[],"x":"${'x'.repeat(2 ** 20)}"}` }),
    ]),
    ...refuse<Reading>(
      'INVALID_ARGUMENT',
      [
        'an address with a password',
        'RFC 3986 §7.5',
        jwks({}, (origin) => origin.replace('://', '://a:hunter2@')),
      ],
      ['an address without TLS', 'RFC 8414 §3', jwks({}, () => 'http://evil.example/jwks')],
      ['the address of a file', 'CWE-918', jwks({}, () => 'file:///etc/passwd')],
      [
        'an issuer without TLS',
        'RFC 8414 §2',
        metadata(
          () => ({}),
          () => 'http://evil.example',
        ),
      ],
    ),
  ],
  acceptances: accept<Reading>(
    'accepted',
    ['a JWK Set', jwks({ body: '{"keys":[]}' })],
    ['a JWK Set of almost 1 MiB', jwks({ body: `{"keys":[],"x":"${'x'.repeat(2 ** 20 - 100)}"}` })],
    ['the metadata of the issuer', metadata(() => ({}))],
    ['a jwks_uri elsewhere, with TLS', jwksUri('https://keys.example/jwks')],
  ),
}

export const keySetFamilies: readonly Family<Reading>[] = [keySets]
