import { verify, X509Certificate, type KeyObject } from 'node:crypto'
import { algorithmsOf, createLocalSigner, type Signer, type SigningKey } from '@sealwright/core'

/** Verifies a compact JWS with Node alone; parameters are spelled out here and not taken from the algorithm table. */
export function verifyWithNode(token: string, algorithm: string, publicKey: KeyObject): boolean {
  const [header = '', payload = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0) return false
  const digest = algorithm.startsWith('Ed') ? null : `sha${algorithm.slice(2, 5)}`
  return verify(
    digest,
    Buffer.from(`${header}.${payload}`),
    algorithm.startsWith('PS')
      ? { key: publicKey, padding: 6, saltLength: Number(algorithm.slice(2)) / 8 }
      : { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  )
}

/** The same key as it would be in a vault: it signs, but not synchronously. */
export function remote(signer: Signer): Signer {
  const { algorithm, keyId, publicKey } = signer
  return { algorithm, keyId, publicKey, sign: (data, options) => signer.sign(data, options) }
}

/** A key as a store would hold it. */
export function signingKey(key: KeyObject, certificates: readonly X509Certificate[] = []): SigningKey {
  const { keyId, publicKey } = createLocalSigner(key)
  return {
    name: 'test',
    version: '1',
    location: 'memory',
    keyId,
    publicKey,
    algorithms: algorithmsOf(key),
    certificates,
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    createdAt: null,
    enabled: true,
    signer: (algorithm) => createLocalSigner(key, { algorithm }),
  }
}

/** Some certificate; what is tested here only carries it. */
export const certificate: X509Certificate = new X509Certificate(`-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUbsekaz1Cp10sDvpOD4FG+yGiVTAwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIandzIHRlc3QwIBcNMjYxMTIxMjE0NjU5WhgPMjEyNjEwMjgy
MTQ2NTlaMBMxETAPBgNVBAMMCGp3cyB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEQzftAujAjaPX3a5jjZL2Z0ZnBmvXZZElrT4tfpu1XGTIGJE95i5rfU9E
GG8kZBHpoRJvptmpuEP1A8ho1QBHlaNTMFEwHQYDVR0OBBYEFKEsLam04dnijIB2
mgDfSlsIrSJeMB8GA1UdIwQYMBaAFKEsLam04dnijIB2mgDfSlsIrSJeMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgaxiJExaGAJU/KnT9THGYV0w9
R803QkOw2fz+gG8CHUMCIQCwrPVku2Xi+MMDyLMbFDSBxwo+3UM7VixzwV9UJJ+j
hA==
-----END CERTIFICATE-----`)

/** A compact JWS taken apart without any check. */
export function decode(token: string): {
  readonly header: Record<string, unknown>
  readonly payload: string
} {
  const [header = '', payload = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url'))
  return { header: JSON.parse(header.toString()) as Record<string, unknown>, payload: payload.toString() }
}
