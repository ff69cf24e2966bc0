import { createPublicKey, sign } from 'node:crypto'
import { createJwtIssuer, createSigner } from '@sealwright/jws'
import { subject, type Subject } from '../load/keys.ts'
import { concurrently, repeat } from '../measuring/loops.ts'
import { measure, type Contestant, type Row } from '../measuring/measure.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { assertToken, audience, claims, issuer, peers, type TokenMaker } from '../load/tokens.ts'

/** One token after the other: the cost of a token besides its signature. */
export const jws: Suite = {
  name: 'jws',
  title: 'One token after the other',
  async run({ plan, progress }: SuiteContext): Promise<Row[]> {
    const rows: Row[] = []
    for (const label of ['ES256', 'Ed25519', 'RS256', 'PS256']) {
      progress(label)
      rows.push(...(await measure('jws', label, await contestants(subject(label)), plan)))
    }
    return rows
  },
}

async function contestants(of: Subject): Promise<Contestant[]> {
  const { algorithm, privateKey } = of
  const signer = createSigner(privateKey, { algorithm })
  const sealwright = createJwtIssuer(signer, { issuer, audience })
  const makers: (Pick<Contestant, 'name' | 'mode' | 'role'> & Pick<TokenMaker, 'make'>)[] = [
    { name: 'sealwright', mode: 'sync', role: 'own', make: () => sealwright.issueSync(claims) },
    { name: 'sealwright', mode: signer.mode, role: 'own', make: () => sealwright.issue(claims) },
    ...(await peers(of, signer.keyId)).map((peer) => ({ ...peer, role: 'peer' as const })),
  ]
  const publicKey = createPublicKey(privateKey)
  for (const { make } of makers) assertToken(await make(), of, publicKey)
  const example = sealwright.issueSync(claims)
  return [
    raw(of, Buffer.from(example.slice(0, example.lastIndexOf('.')))),
    ...makers.map(({ name, mode, role, make }) => ({
      name,
      mode,
      role,
      run: (count: number) => (mode === 'sync' ? repeat(count, make) : concurrently(1, count, make)),
    })),
  ]
}

/** OpenSSL called as directly as Node can: the same bytes again and again, and nothing made of the signature. */
function raw({ algorithm, privateKey }: Subject, data: Uint8Array): Contestant {
  const digest = algorithm === 'Ed25519' ? null : 'sha256'
  const key = algorithm === 'PS256' ? { key: privateKey, padding: 6, saltLength: 32 } : privateKey
  return {
    name: 'crypto.sign',
    mode: 'sync',
    role: 'limit',
    run: (count) => repeat(count, () => sign(digest, data, key)),
  }
}
