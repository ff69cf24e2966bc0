import { didDocument, didJwtSigner, type DidDocument } from '@sealwright/integrations/did-jwt'
import type { KeyRing } from '@sealwright/keyring'
import { createJWT } from 'did-jwt'

export function document(ring: KeyRing, did: string): DidDocument {
  return didDocument(did, ring) // serve it at https://auth.example.com/.well-known/did.json
}

export function sign(ring: KeyRing, did: string, claims: Record<string, unknown>): Promise<string> {
  const signer = ring.signer()
  const header = { alg: signer.algorithm.name, kid: `${did}#${signer.keyId}` }
  return createJWT(claims, { issuer: did, signer: didJwtSigner(signer), expiresIn: 300 }, header)
}
