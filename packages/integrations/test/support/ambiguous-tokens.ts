import { signCompact } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'

/** Access tokens that two programs can read in different ways, although their signatures verify. */
export async function ambiguousTokens(
  ring: KeyRing,
  issuer: string,
  audience: string,
): Promise<readonly string[]> {
  const signer = ring.signer()
  const sign = (claims: string): Promise<string> =>
    signCompact(signer, claims, { typ: 'at+jwt', kid: signer.keyId })
  const exp = Math.floor(Date.now() / 1_000) + 60
  const claims = JSON.stringify({ iss: issuer, aud: audience, sub: 'alice', exp })
  return [await sign(claims.replace('{', '{"sub":"bob",')), respelled(await sign(claims))]
}

/** The last character of a signature of 64 bytes is A, Q, g or w, whose four unused bits are 0. The next character sets one of them. */
function respelled(token: string): string {
  return token.slice(0, -1) + String.fromCharCode(token.charCodeAt(token.length - 1) + 1)
}
