import { memberOf } from '../../json.ts'
import { fetchMetadataDocument } from '../../net/issuer-metadata.ts'
import type { JsonAnswer } from '../../net/fetch-json.ts'
import { isProtected, shownUrl } from '../../net/fetch-text.ts'
import { finding, type Finding } from '../report/finding.ts'
import { step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'

/** An issuer's metadata about itself. */
export interface Metadata {
  /** Whether it names the issuer that it was read from. Otherwise it must not be used (RFC 8414 §3.3). */
  readonly isOfIssuer: boolean
  readonly jwksUri: string | null
  readonly tokenEndpoint: string | null
  /** How clients authenticate at the token endpoint; null where the metadata does not say. */
  readonly authMethods: readonly string[] | null
}

/** Reads the metadata of the issuer, and compares it with the URL that it was read from. */
export async function examineDiscovery(
  issuer: string,
): Promise<{ readonly metadata: Metadata | null; readonly report: Step }> {
  let answer: JsonAnswer
  try {
    answer = await fetchMetadataDocument(issuer)
  } catch (error) {
    const { message } = expected(error)
    const id = !isProtected(issuer, issuer) ? 'issuer-not-https' : 'discovery-unavailable'
    return { metadata: null, report: step('discovery', issuer, [finding(id, issuer, message)]) }
  }
  const { body, url } = answer
  const jwksUri = textOf(body, 'jwks_uri')
  const tokenEndpoint = textOf(body, 'token_endpoint')
  const methods = memberOf(body, 'token_endpoint_auth_methods_supported')
  return {
    metadata: {
      isOfIssuer: memberOf(body, 'issuer') === issuer,
      jwksUri,
      tokenEndpoint,
      authMethods: Array.isArray(methods) ? methods.map(String) : null,
    },
    report: step('discovery', shownUrl(url), [
      ...issuerFindings(issuer, body, shownUrl(url)),
      ...endpointFindings(issuer, body, shownUrl(url)),
      ...(jwksUri === null
        ? [finding('jwks-uri-missing', shownUrl(url), 'the metadata has no jwks_uri')]
        : []),
      ...elsewhereFindings('jwks-uri-elsewhere', { jwks_uri: jwksUri }, issuer, shownUrl(url)),
      ...elsewhereFindings(
        'token-endpoint-elsewhere',
        { token_endpoint: tokenEndpoint },
        issuer,
        shownUrl(url),
      ),
    ]),
  }
}

function issuerFindings(issuer: string, body: unknown, where: string): readonly Finding[] {
  const named = memberOf(body, 'issuer')
  if (named === issuer) return []
  const slash = typeof named === 'string' && named.replace(/\/$/, '') === issuer.replace(/\/$/, '')
  const shown = named === undefined ? 'missing' : JSON.stringify(named).slice(0, 200)
  return [
    finding(
      'issuer-mismatch',
      where,
      `issuer is ${shown}, not ${JSON.stringify(issuer)}${slash ? '; they differ in the slash at the end' : ''}`,
    ),
  ]
}

/** The endpoints that clients send secrets or tokens to, or read keys from. */
const endpoints = [
  'jwks_uri',
  'token_endpoint',
  'authorization_endpoint',
  'userinfo_endpoint',
  'introspection_endpoint',
]

function endpointFindings(issuer: string, body: unknown, where: string): readonly Finding[] {
  return endpoints.flatMap((name) => {
    const value = textOf(body, name)
    if (value === null || isProtected(value, issuer)) return []
    return [finding('endpoint-not-https', where, `${name} is ${shownUrl(value)}`)]
  })
}

/** @param endpoint its name and its URL */
function elsewhereFindings(
  id: 'jwks-uri-elsewhere' | 'token-endpoint-elsewhere',
  endpoint: Readonly<Record<string, string | null>>,
  issuer: string,
  where: string,
): readonly Finding[] {
  const { origin } = new URL(issuer)
  return Object.entries(endpoint).flatMap(([name, value]) =>
    value === null || !URL.canParse(value) || new URL(value).origin === origin
      ? []
      : [finding(id, where, `${name} is at ${new URL(value).origin}, and the issuer is at ${origin}`)],
  )
}

function textOf(body: unknown, name: string): string | null {
  const value = memberOf(body, name)
  return typeof value === 'string' ? value : null
}
