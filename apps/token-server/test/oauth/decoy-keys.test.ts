import type { CryptoKey, JWK } from 'jose'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createDecoyKeys } from '../../src/oauth/decoy-keys.ts'
import type { Client } from '../../src/settings/settings.ts'
import { rsaJwk } from '../support/assertion.ts'

/** A client with that key. */
function clientWith(...keys: readonly JWK[]): Client {
  return {
    clientId: 'client',
    secretHashes: [],
    jwks: { keys: [...keys] },
    grantTypes: ['client_credentials'],
    scopes: ['api1'],
    accessTokenLifetime: 60,
    signingAlgorithm: null,
  }
}

const kindOf = ({ algorithm }: CryptoKey): readonly unknown[] => [
  Reflect.get(algorithm, 'modulusLength'),
  Buffer.from(Reflect.get(algorithm, 'publicExponent') as Uint8Array).toString('hex'),
]

test.each([
  [2048, 'AQAB', '010001'],
  [2050, 'AQAB', '010001'],
  [3071, 'AQAB', '010001'],
  [2048, 'Aw', '03'],
])('the RSA decoy is of the size and the exponent of the client’s key: %i bits, %s', async (bits, e, hex) => {
  const decoys = await createDecoyKeys([clientWith(rsaJwk(bits, e))])
  for (const alg of ['RS256', 'PS512']) expect(kindOf(decoys.find(alg))).toEqual([bits, hex])
})

test('without any RSA key it is that of most keys', async () => {
  const decoys = await createDecoyKeys([])
  expect(kindOf(decoys.find('RS256'))).toEqual([2048, '010001'])
})

test('an assertion is verified with each other kind of RSA key, once', async () => {
  const keys = [rsaJwk(2048), rsaJwk(2048), rsaJwk(2050), rsaJwk(2048, 'Aw')]
  const decoys = await createDecoyKeys([clientWith(...keys.slice(0, 2)), clientWith(...keys.slice(2))])
  const verifications = vi.spyOn(crypto.subtle, 'verify')
  onTestFinished(() => verifications.mockRestore())
  const used = async (alg: string, signatureBytes: number): Promise<readonly unknown[]> => {
    verifications.mockClear()
    const header = Buffer.from(JSON.stringify({ alg })).toString('base64url')
    const jwt = `${header}.e30.${Buffer.alloc(signatureBytes, 1).toString('base64url')}`
    await decoys.verifyWithOthers(jwt, alg, decoys.find(alg))
    return verifications.mock.calls.map(([, key]) => kindOf(key).join(' '))
  }
  expect(await used('RS256', 256)).toEqual(['2050 010001', '2048 03'])
  // There is one kind of EC key for each algorithm.
  expect(await used('ES256', 64)).toEqual([])
})

test('an algorithm without a key is a fault of this program', async () => {
  const decoys = await createDecoyKeys([])
  expect(() => decoys.find('HS256')).toThrow(/^unreachable: /)
})
