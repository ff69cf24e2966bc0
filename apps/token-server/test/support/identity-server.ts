import { createPrivateKey, createPublicKey, randomUUID, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { SignJWT } from 'jose'
import { issuer } from './server.ts'
import type { Front } from './token-load.ts'

/**
 * What APIs see of IdentityServer4: tokens of a certificate that it names by its SHA-1 thumbprint and the algorithm, and a
 * JWK Set.
 *
 * @param path of the key and the certificate, without `.key` and `.crt`
 * @param now milliseconds
 */
export function startIdentityServer(path: string, now: () => number): Front {
  const privateKey = createPrivateKey(readFileSync(`${path}.key`))
  const { fingerprint } = new X509Certificate(readFileSync(`${path}.crt`))
  const kid = `${fingerprint.replaceAll(':', '')}RS256`
  const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' }
  return {
    token() {
      const iat = Math.floor(now() / 1_000)
      return new SignJWT({ client_id: 'client', scope: 'api1', jti: randomUUID() })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt' })
        .setIssuer(issuer)
        .setAudience('api')
        .setIssuedAt(iat)
        .setExpirationTime(iat + 600)
        .sign(privateKey)
    },
    jwks: async () => ({ keys: { keys: [jwk] }, maxAge: 300 }),
  }
}
