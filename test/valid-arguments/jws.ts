import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { createLocalSigner } from '../../packages/core/src/index.ts'
import * as jws from '../../packages/jws/src/index.ts'
import { openFolderStore } from '../../packages/local-store/src/index.ts'
import type { Calls } from './calls.ts'

/** The functions of jws. */
export async function validCalls(folder: string): Promise<Calls> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const local = createLocalSigner(privateKey)
  const key = await (await openFolderStore(join(folder, 'jws'))).create('key', { keyType: 'ec-p256' })
  const { signal } = new AbortController()
  const signer = jws.createSigner(privateKey, { mode: 'inline' })
  const issuer = jws.createJwtIssuer(local, { issuer: 'https://id.example' })
  const claims = {
    sub: 'alice',
    client_id: 'shop',
    aud: ['a', 'b'],
    nbf: 2e9,
    iat: 2e9,
    exp: 2e9 + 1,
    auth_time: 1,
    jti: '1',
    roles: [{ name: 'reader' }],
  }
  const header = { typ: 'JWT', cty: 'text', kid: '1', x5t: '1', 'x5t#S256': '1', x5c: ['AA=='], more: [1] }
  const pool = { algorithm: 'ES256', threads: 1, capacity: 5 }
  return {
    createJwtIssuer: [
      jws.createJwtIssuer,
      key,
      {
        issuer: 'https://id.example',
        audience: ['a'],
        lifetime: 60,
        typ: 'JWT',
        algorithm: 'ES256',
        x5c: false,
        x5tS256: true,
        clock: () => new Date(),
      },
    ],
    createSigner: [jws.createSigner, privateKey, { mode: 'auto', ...pool }],
    createSigningPool: [jws.createSigningPool, privateKey, pool],
    signCompact: [jws.signCompact, local, 'text', header, { signal }],
    signCompactSync: [jws.signCompactSync, local, 'text', header],
    'JwtIssuer.issue': [issuer.issue.bind(issuer), claims, { signal }],
    'JwtIssuer.issueSync': [issuer.issueSync.bind(issuer), claims],
    'ManagedSigner.sign': [signer.sign.bind(signer), Buffer.from('x'), { signal }],
    'ManagedSigner.signSync': [signer.signSync.bind(signer), Buffer.from('x')],
  }
}
