// Tokens that the threads of a pool make whole.
import { createPublicKey } from 'node:crypto'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  createJwtIssuer,
  createSigner,
  createSigningPool,
  type JwtClaims,
  type ManagedSigner,
  type SigningPool,
  type SigningPoolOptions,
} from '../../src/index.ts'
import { verifyWithNode } from '../support/keys.ts'

const open: (SigningPool | ManagedSigner)[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
})

function startPool(algorithm: string, options: SigningPoolOptions = {}): SigningPool {
  const pool = createSigningPool(privateKey(algorithm), { algorithm, threads: 2, ...options })
  open.push(pool)
  return pool
}

const issuer = 'https://auth.example.com'
const clock = (): Date => new Date('2026-11-26T12:00:00Z')

function partsOf(token: string): readonly unknown[] {
  const parts = token.split('.').slice(0, 2)
  return parts.map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown)
}

test.for([...privateKeys.keys()])('%s: verify, and are not signed by the method sign', async (algorithm) => {
  const pool = startPool(algorithm)
  const sign = vi.spyOn(pool, 'sign')
  const jwts = createJwtIssuer(pool, { issuer })
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, index) => jwts.issue({ sub: `${index}` })))
  const wrong = tokens.filter((token, index) => {
    const [, payload] = partsOf(token)
    const isRight = (payload as JwtClaims).sub === `${index}`
    return !isRight || !verifyWithNode(token, algorithm, createPublicKey(privateKey(algorithm)))
  })
  expect(wrong).toEqual([])
  expect(sign).not.toHaveBeenCalled()
})

describe('have the same header and claims as in the calling thread', () => {
  const jti = { jti: 'one' }
  test.for<JwtClaims>([
    { sub: 'alice', ...jti },
    { sub: 'Zoë €🔑"\\', ...jti },
    {
      ...jti,
      aud: ['https://a.example', 'https://b.example'],
      exp: 4_000_000,
      iat: 3_999_000,
      nbf: 3_999_500,
    },
    { ...jti, text: '€'.repeat(5000) },
    jti,
  ])('%#', async (claims) => {
    const signer = createSigner(privateKey('ES256'), { mode: 'pool', threads: 1 })
    open.push(signer)
    const jwts = createJwtIssuer(signer, { issuer, clock, audience: 'https://api.example.com' })
    expect(partsOf(await jwts.issue(claims))).toEqual(partsOf(jwts.issueSync(claims)))
  })

  test('with a jti of their own, and the times of each second', async () => {
    let now = clock().getTime()
    const jwts = createJwtIssuer(startPool('Ed25519'), { issuer, clock: () => new Date(now) })
    const expected = createJwtIssuer(createSigner(privateKey('Ed25519')), {
      issuer,
      clock: () => new Date(now),
    })
    const ids = new Set<unknown>()
    for (const step of [0, 0, 400, 600, 5000]) {
      now += step
      // oxlint-disable-next-line no-await-in-loop
      const [, payload] = partsOf(await jwts.issue({ sub: 'alice' })) as [unknown, JwtClaims]
      ids.add(payload.jti)
      const [, same] = partsOf(expected.issueSync({ sub: 'alice' })) as [unknown, JwtClaims]
      expect({ ...payload, jti: 'its own' }).toEqual({ ...same, jti: 'its own' })
      expect(payload.jti).toMatch(/^[\w-]{22}$/)
    }
    expect(ids.size).toBe(5)
  })
})

test('of two issuers, and signatures, are made at the same time with one key', async () => {
  const pool = startPool('ES256')
  const issuers = ['at+jwt', 'JWT'].map((typ) => createJwtIssuer(pool, { issuer, typ }))
  const made = await Promise.all(
    Array.from({ length: 90 }, async (_, index) => {
      const jwts = issuers[index % 3]
      if (jwts !== undefined) return jwts.issue({ sub: `${index}` })
      const input = `e30.${index}`
      return `${input}.${Buffer.from(await pool.sign(Buffer.from(input))).toString('base64url')}`
    }),
  )
  expect(made.filter((token) => !verifyWithNode(token, 'ES256', pool.publicKey))).toEqual([])
  const seen = made.map((token, index) => {
    if (index % 3 === 2) return token.startsWith(`e30.${index}.`)
    const [header, payload] = partsOf(token) as [{ typ: string }, JwtClaims]
    return header.typ === ['at+jwt', 'JWT'][index % 3] && payload.sub === `${index}`
  })
  expect(seen).toEqual(made.map(() => true))
})

test('have the claims of the time of the call', async () => {
  const jwts = createJwtIssuer(startPool('Ed25519'), { issuer })
  const claims = { sub: 'alice' }
  const token = jwts.issue(claims)
  claims.sub = 'mallory'
  expect(partsOf(await token)[1]).toMatchObject({ sub: 'alice' })
})

describe('are refused', () => {
  test('with wrong claims or options, before a thread is asked', async () => {
    const pool = startPool('Ed25519')
    const jwts = createJwtIssuer(pool, { issuer })
    await expect(jwts.issue({ sub: 1 as unknown as string })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    await expect(jwts.issue({}, 'x' as unknown as object)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(pool.pending).toBe(0)
  })

  test('when they are aborted, when too many wait, and when the pool is closed', async () => {
    const pool = startPool('RS256', { capacity: 1 })
    const jwts = createJwtIssuer(pool, { issuer })
    const reason = new Error('enough')
    await expect(jwts.issue({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const waiting = jwts.issue({}, { signal: controller.signal })
    await expect(jwts.issue({})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(pool.pending).toBe(0)
    await pool.close()
    await expect(jwts.issue({})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `the signing pool of the key ${pool.keyId} is closed`,
    })
  })
})

test.for(['auto', 'inline', 'libuv', 'pool'] as const)('a signer of mode %s: all verify', async (mode) => {
  const signer = createSigner(privateKey('ES256'), { mode })
  open.push(signer)
  const jwts = createJwtIssuer(signer, { issuer })
  for (let round = 0; round < 3; round++) {
    // oxlint-disable-next-line no-await-in-loop
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => jwts.issue({ sub: `${index}` })),
    )
    expect(tokens.map((token) => (partsOf(token)[1] as JwtClaims).sub)).toEqual(
      tokens.map((_, index) => `${index}`),
    )
    expect(tokens.filter((token) => !verifyWithNode(token, 'ES256', signer.publicKey))).toEqual([])
  }
  await signer.close()
  await expect(jwts.issue({})).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
