import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Signer } from '@sealwright/core'

type Json = Record<string, unknown>
type Headers = Readonly<Record<string, string>>

/** What an issuer answers. A test changes what is to be wrong. */
export interface IssuerAnswers {
  /** The metadata, or a status. */
  readonly metadata: Json | number
  /** The JWK Sets in turn, the last one again and again, or a status. */
  readonly jwks: readonly unknown[] | number
  readonly jwksHeaders: Headers
  /** The access token, or a status with an OAuth error. `quotes` has it quote the request in `error` and `error_description`. */
  readonly token: string | { readonly status: number; readonly error: string; readonly quotes?: boolean }
  /** The status of the API for an Authorization header. */
  readonly api: (authorization: string | undefined) => number | 'hang up' | 'endless'
}

/** An issuer on http://127.0.0.1 that answers as it is told. */
export interface TestIssuer {
  readonly origin: string
  answers: IssuerAnswers
  /** The bodies of the token requests. */
  readonly forms: string[]
  close(): void
}

/** @param healthy the answers at first, by the origin */
export async function startTestIssuer(healthy: (origin: string) => IssuerAnswers): Promise<TestIssuer> {
  let served = 0
  const forms: string[] = []
  const server = createServer((request, response) => {
    const { metadata, jwks, jwksHeaders, token, api } = issuer.answers
    switch (request.url) {
      case '/.well-known/openid-configuration':
        served = 0
        return answer(response, metadata)
      case '/redirect':
        return void response.writeHead(302, { location: '//user:hidden@localhost/jwks?code=hidden' }).end()
      case '/jwks':
      case '//elsewhere.invalid/jwks':
        if (typeof jwks === 'number') return answer(response, jwks)
        if (jwksHeaders['date'] !== undefined) response.sendDate = false
        return answer(response, jwks[Math.min(served++, jwks.length - 1)], jwksHeaders)
      case '/token':
        return void bodyOf(request).then((form) => {
          forms.push(form)
          if (typeof token === 'string')
            return answer(response, { access_token: token, token_type: 'Bearer' })
          response.statusCode = token.status
          if (token.quotes !== true) return answer(response, { error: token.error })
          return answer(response, {
            error: `${token.error} ${request.headers.authorization ?? new URLSearchParams(form).get('client_secret') ?? ''}`,
            error_description: `you sent ${form}`,
          })
        })
      case '/api':
        return answerOfApi(response, api(request.headers.authorization))
      default:
        return answer(response, 404)
    }
  })
  const origin = await listen(server)
  const issuer: TestIssuer = { origin, answers: healthy(origin), forms, close: () => void server.close() }
  return issuer
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answer(response: ServerResponse, body: unknown, headers: Headers = {}): void {
  if (typeof body === 'number') return void response.writeHead(body).end()
  response.setHeader('content-type', 'application/json')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(JSON.stringify(body))
}

function answerOfApi(response: ServerResponse, status: ReturnType<IssuerAnswers['api']>): void {
  if (status === 'hang up') return void response.destroy()
  if (status === 'endless') return void response.writeHead(200).write(Buffer.alloc(2 ** 20 + 1))
  return answer(response, status)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

/** A JWT with any header and claims; null takes the signature away. */
export async function signJwt(signer: Signer | null, header: Json, claims: Json): Promise<string> {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature =
    signer === null ? '' : Buffer.from(await signer.sign(Buffer.from(input))).toString('base64url')
  return `${input}.${signature}`
}
