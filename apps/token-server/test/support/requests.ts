import type { InjectOptions } from 'fastify'
import { assertionType } from './assertion.ts'
import { basic } from './server.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

export interface TokenRequest {
  readonly clientId?: string
  readonly secret?: string
  readonly scope?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request for a token with the secret of a client, to be injected. By default it is granted. */
export function tokenRequest({
  clientId = 'client',
  secret = 'the secret',
  scope = 'api1',
  headers = {},
}: TokenRequest = {}): InjectOptions {
  return {
    method: 'POST',
    url: '/connect/token',
    headers: { authorization: basic(clientId, secret), ...form, ...headers },
    payload: `grant_type=client_credentials&scope=${scope}`,
  }
}

/** A request for a token with an assertion, to be injected. */
export function assertionRequest(
  assertion: string,
  parameters: Readonly<Record<string, string>> = {},
): InjectOptions {
  const all = {
    grant_type: 'client_credentials',
    client_assertion_type: assertionType,
    client_assertion: assertion,
    ...parameters,
  }
  return {
    method: 'POST',
    url: '/connect/token',
    headers: form,
    payload: new URLSearchParams(all).toString(),
  }
}
