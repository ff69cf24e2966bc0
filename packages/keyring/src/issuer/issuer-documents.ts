import { anObject, aString, invalidArgument, isRecord, optionsOf } from '@sealwright/core/internal'
import { respondWith, type JwksResponse } from '../ring/jwks-response.ts'
import type { KeyRing } from '../ring/key-ring.ts'
import { checkIssuer, issuerMetadata, pathOf, wellKnown } from './metadata.ts'

/** The options of {@link issuerDocuments}. */
export interface IssuerDocumentsOptions {
  /** The issuer identifier: an https URL without query and fragment (RFC 8414 §2), or http on this machine. */
  readonly issuer: string
  /**
   * Further members of the metadata, such as `token_endpoint`. They replace members of the same name, except `issuer`
   * and `jwks_uri`.
   */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/** A document that clients of an issuer read. */
export interface IssuerDocument {
  /** The path of its URL, such as `/.well-known/jwks.json`. */
  readonly path: string
  /**
   * The response to a GET or HEAD request. It never throws.
   *
   * @param request.ifNoneMatch the request's `If-None-Match`
   */
  readonly respond: (request?: { readonly ifNoneMatch?: string | undefined }) => JwksResponse
}

/**
 * The documents by which clients find the keys of an issuer, for any web server: the JWK Set, the metadata of OpenID Connect
 * Discovery and that of RFC 8414. All are sent with the `max-age` of the policy, an `ETag` and CORS.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for an invalid issuer, and for metadata that is not JSON or names another
 *   issuer or JWK Set
 *
 * @example
 * ```ts
 * import { issuerDocuments, type KeyRing } from '@sealwright/keyring'
 * import { createServer } from 'node:http'
 *
 * export function serve(ring: KeyRing) {
 *   const documents = issuerDocuments(ring, { issuer: 'https://auth.example.com' })
 *   return createServer((request, response) => {
 *     const ifNoneMatch = request.headers['if-none-match']
 *     const document = request.method === 'GET' ? documents.find(({ path }) => path === request.url) : undefined
 *     const { status, headers, body } = document?.respond({ ifNoneMatch }) ?? { status: 404, headers: {}, body: '' }
 *     response.writeHead(status, headers).end(body)
 *   })
 * }
 * ```
 */
export function issuerDocuments(ring: KeyRing, options: IssuerDocumentsOptions): readonly IssuerDocument[] {
  anObject('ring', ring)
  issuerDocumentsOptions('options', options)
  const { issuer } = options
  checkIssuer('options.issuer', issuer, true)
  const path = pathOf(issuer)
  const more = furtherMembers(options.metadata ?? {}, issuerMetadata(issuer, []))
  const describe: IssuerDocument['respond'] = ({ ifNoneMatch } = {}) =>
    respondWith(
      JSON.stringify({ ...issuerMetadata(issuer, ring.status().algorithms), ...more }),
      { type: 'application/json', maxAge: ring.policy.jwksMaxAge },
      ifNoneMatch,
    )
  return [
    { path: `${path}/${wellKnown.jwks}`, respond: (request) => ring.jwksResponse(request) },
    { path: `${path}/${wellKnown.openIdConfiguration}`, respond: describe },
    { path: `/${wellKnown.authorizationServer}${path}`, respond: describe },
  ]
}

/** A copy of the members as JSON: later steps never throw, and the caller cannot change it. */
function furtherMembers(
  metadata: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  let members: unknown
  try {
    members = JSON.parse(JSON.stringify(metadata))
  } catch {
    // Not as the cause: it may quote a value.
  }
  if (!isRecord(members)) throw invalidArgument('options.metadata cannot be serialized as a JSON object')
  for (const name of ['issuer', 'jwks_uri']) {
    if (Object.hasOwn(members, name) && members[name] !== own[name])
      throw invalidArgument(`options.metadata.${name} differs from that of the issuer; omit it`)
  }
  return members
}

const issuerDocumentsOptions = optionsOf({ issuer: aString, metadata: anObject }, ['issuer'])
