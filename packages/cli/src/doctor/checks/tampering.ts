import { createHmac } from 'node:crypto'
import { fetchText } from '../../net/fetch-text.ts'
import { finding, type Finding } from '../report/finding.ts'
import { skipped, step, type Step } from '../report/step.ts'
import { expected } from './expected.ts'
import type { PublishedKey } from './jwk-set.ts'
import { verifies } from './token.ts'

/**
 * Changes the token and expects it to be refused: by the published keys, and by an API where there is one.
 *
 * @param api the URL of a GET that needs the token; null for none
 */
export async function examineTampering(
  token: string,
  keys: readonly PublishedKey[],
  api: string | null,
): Promise<Step> {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    return skipped('tampering', 'the access token is not a signed JWT')
  const forgeries = forge(token, keys)
  const accepted = await Promise.all(
    forgeries.map(async ({ what, token: forged }) =>
      (await verifies(forged, keys)) === true
        ? [finding('tampered-token-accepted', 'the published keys', `${what} verifies`)]
        : [],
    ),
  )
  if (api === null) {
    return step(
      'tampering',
      'the published keys refuse changed tokens; --api URL tries an API',
      accepted.flat(),
    )
  }
  const findings = [...accepted.flat(), ...(await apiFindings(api, token, forgeries))]
  return step('tampering', `${api} was sent the token and ${forgeries.length} changed ones`, findings)
}

interface Forgery {
  readonly what: string
  readonly token: string
}

async function apiFindings(
  api: string,
  token: string,
  forgeries: readonly Forgery[],
): Promise<readonly Finding[]> {
  const send = async (value: string | null): Promise<number> => {
    const headers = value === null ? {} : { authorization: `Bearer ${value}` }
    // A redirect to a login is a refusal.
    return (await fetchText(api, 'the API', { headers, acceptRedirect: true })).status
  }
  try {
    const status = await send(token)
    if (status > 299) return [finding('api-refuses-token', api, `it answers ${status} to the valid token`)]
    const all: readonly { readonly what: string; readonly token: string | null }[] = [
      { what: 'a request without a token', token: null },
      ...forgeries,
    ]
    const found: Finding[] = []
    for (const { what, token: forged } of all) {
      // eslint-disable-next-line no-await-in-loop -- an API may slow down who sends many bad tokens at once
      const answer = await send(forged)
      if (answer < 300) found.push(finding('tampered-token-accepted', api, `it answers ${answer} to ${what}`))
    }
    return found
  } catch (error) {
    return [finding('api-refuses-token', api, expected(error).message)]
  }
}

/** The attacks that verifiers have fallen for. */
function forge(token: string, keys: readonly PublishedKey[]): readonly Forgery[] {
  const [head = '', body = '', signature = ''] = token.split('.')
  const otherClaims = encode({ ...decode(body), sub: 'sealwright-doctor' })
  const unsigned = `${encode({ ...decode(head), alg: 'none' })}.${otherClaims}`
  const confused = `${encode({ ...decode(head), alg: 'HS256' })}.${otherClaims}`
  const [key] = keys.flatMap(({ publicKey, kid }) =>
    publicKey !== null && (keys.length === 1 || kid === decode(head)['kid']) ? [publicKey] : [],
  )
  const pem = key?.export({ type: 'spki', format: 'pem' })
  return [
    { what: 'a token with other claims', token: `${head}.${otherClaims}.${signature}` },
    { what: 'a token with another signature', token: `${head}.${body}.${flipped(signature)}` },
    { what: 'a token with the alg none', token: `${unsigned}.` },
    ...(pem === undefined
      ? []
      : [
          {
            what: 'a token with the alg HS256 and the public key as its secret',
            token: `${confused}.${createHmac('sha256', pem).update(confused).digest('base64url')}`,
          },
        ]),
  ]
}

/** Another first bit, which belongs to the signature in every length of base64url. */
function flipped(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 0x80
  return bytes.toString('base64url')
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
