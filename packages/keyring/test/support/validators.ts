import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { JwtVerifier } from 'aws-jwt-verify'
import { SimpleJwksCache } from 'aws-jwt-verify/jwk'
import { createRemoteJWKSet, decodeProtectedHeader, importSPKI, jwtVerify } from 'jose'
import jwksClient from 'jwks-rsa'
import { onTestFinished } from 'vitest'

/** A validator in use. It throws for a token that it refuses. */
export interface Validator {
  readonly name: string
  validate(token: string): Promise<unknown>
}

/** The front of several instances: each request goes to one of them at random. It closes with the test. */
export async function startFront(origins: readonly string[]): Promise<string> {
  const server = createServer((request, response) => {
    const forward = async (attempt = 0): Promise<void> => {
      const origin = origins[Math.floor(Math.random() * origins.length)] ?? ''
      const answer = await fetch(`${origin}${request.url ?? ''}`)
      // As a load balancer does with an instance that is not ready.
      if (answer.status === 503 && attempt < 3) return forward(attempt + 1)
      const headers = { 'content-type': answer.headers.get('content-type') ?? 'text/plain' }
      response.writeHead(answer.status, headers).end(await answer.text())
    }
    forward().catch((error: unknown) => response.writeHead(502).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Three libraries, each keeping the JWK Set for as long as the policy allows. */
export function validators(jwksUrl: string, maxAge: number): Validator[] {
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    cacheMaxAge: maxAge * 1_000,
    cooldownDuration: maxAge * 1_000,
  })
  const client = jwksClient({
    jwksUri: jwksUrl,
    cache: true,
    cacheMaxAge: maxAge * 1_000,
    cacheMaxEntries: 100,
    rateLimit: false,
  })
  const aws = JwtVerifier.create(
    { issuer: 'https://issuer.example', audience: 'api', jwksUri: jwksUrl },
    {
      jwksCache: new SimpleJwksCache({
        // By default a failure is followed by ten seconds without another attempt, which would hide what is rejected then.
        penaltyBox: {
          wait: async () => undefined,
          registerFailedAttempt: () => undefined,
          registerSuccessfulAttempt: () => undefined,
        },
        fetcher: {
          async fetch(uri) {
            const answer = await fetch(uri)
            if (!answer.ok) throw new Error(`status code ${answer.status}`)
            return answer.arrayBuffer()
          },
        },
      }),
    },
  )
  return [
    { name: 'jose', validate: (token) => jwtVerify(token, remote, { audience: 'api' }) },
    {
      name: 'jwks-rsa',
      async validate(token) {
        const { kid, alg = '' } = decodeProtectedHeader(token)
        const key = await client.getSigningKey(kid)
        await jwtVerify(token, await importSPKI(key.getPublicKey(), alg), { audience: 'api' })
      },
    },
    { name: 'aws-jwt-verify', validate: (token) => aws.verify(token) },
  ]
}
