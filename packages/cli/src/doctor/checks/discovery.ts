import { memberOf } from '../../json.ts'
import { fetchMetadataDocument } from '../../net/issuer-metadata.ts'
import type { JsonAnswer } from '../../net/fetch-json.ts'
import { isLoopback } from '../../net/fetch-text.ts'
import { finding, type Finding } from '../report/finding.ts'
import { step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'

/** What an issuer says of itself. */
export interface Metadata {
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
    const id = isUnprotected(issuer) ? 'issuer-not-https' : 'discovery-unavailable'
    return { metadata: null, report: step('discovery', issuer, [finding(id, issuer, message)]) }
  }
  const { body, url } = answer
  const jwksUri = textOf(body, 'jwks_uri')
  const tokenEndpoint = textOf(body, 'token_endpoint')
  const methods = memberOf(body, 'token_endpoint_auth_methods_supported')
  return {
    metadata: {
      jwksUri,
      tokenEndpoint,
      authMethods: Array.isArray(methods) ? methods.map(String) : null,
    },
    report: step('discovery', url.href, [
      ...issuerFindings(issuer, body, url),
      ...endpointFindings(body, url),
      ...jwksUriFindings(jwksUri, issuer, url),
    ]),
  }
}

function issuerFindings(issuer: string, body: unknown, url: URL): readonly Finding[] {
  const named = memberOf(body, 'issuer')
  if (named === issuer) return []
  const slash = typeof named === 'string' && named.replace(/\/$/, '') === issuer.replace(/\/$/, '')
  const shown = named === undefined ? 'missing' : JSON.stringify(named).slice(0, 200)
  return [
    finding(
      'issuer-mismatch',
      url.href,
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

function endpointFindings(body: unknown, url: URL): readonly Finding[] {
  return endpoints.flatMap((name) => {
    const value = textOf(body, name)
    if (value === null || (URL.canParse(value) && !isUnprotected(value))) return []
    return [finding('endpoint-not-https', url.href, `${name} is ${JSON.stringify(value.slice(0, 200))}`)]
  })
}

function jwksUriFindings(jwksUri: string | null, issuer: string, url: URL): readonly Finding[] {
  if (jwksUri === null) return [finding('jwks-uri-missing', url.href, 'the metadata has no jwks_uri')]
  if (!URL.canParse(jwksUri) || new URL(jwksUri).origin === new URL(issuer).origin) return []
  return [
    finding(
      'jwks-uri-elsewhere',
      url.href,
      `jwks_uri is at ${new URL(jwksUri).origin}, and the issuer is at ${new URL(issuer).origin}`,
    ),
  ]
}

function textOf(body: unknown, name: string): string | null {
  const value = memberOf(body, name)
  return typeof value === 'string' ? value : null
}

/** Whether anyone on the way can read and change what is sent there. */
function isUnprotected(text: string): boolean {
  const url = new URL(text)
  return url.protocol !== 'https:' && !isLoopback(url)
}
