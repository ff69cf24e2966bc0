import { get } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { AccessToken, GetTokenOptions } from '@azure/identity'
import { wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { shareCredential } from '../../src/sdk/share-credential.ts'
import { startVault } from '../support/vault.ts'

const scope = 'https://vault.azure.net/.default'

/** A credential that counts, and answers when it is told to. */
class SlowCredential {
  readonly asked: GetTokenOptions[] = []
  readonly scopes: (string | string[])[] = []
  readonly #answers: ((token: AccessToken | Error) => void)[] = []

  getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    this.asked.push(options)
    this.scopes.push(scopes)
    return new Promise((resolve, reject) => {
      this.#answers.push((token) => (token instanceof Error ? reject(token) : resolve(token)))
    })
  }

  /** Answers what was asked since the last answer, or only the request at that place in it. */
  answer(token: AccessToken | Error, index?: number): void {
    const answered = index === undefined ? this.#answers.splice(0) : this.#answers.splice(index, 1)
    for (const settle of answered) settle(token)
  }
}

const token = (name: string, lifetime = 3_600_000): AccessToken => ({
  token: name,
  expiresOnTimestamp: Date.now() + lifetime,
})

/** A name that cannot be resolved. */
const failing =
  (code: string): LookupFunction =>
  (_host, _options, callback) =>
    callback(Object.assign(new Error(`getaddrinfo ${code}`), { code }), [])

describe('a shared credential', () => {
  test('asks once for all who ask at once, and not again while the token is good', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = Promise.all(Array.from({ length: 100 }, () => shared.getToken(scope)))
    slow.answer(token('one'))
    expect(new Set((await asking).map((each) => each?.token))).toEqual(new Set(['one']))
    await shared.getToken(scope)
    expect(slow.asked).toHaveLength(1)
  })

  test.each<[string, number, Partial<AccessToken>]>([
    ['shortly before it expires', 60_000, {}],
    ['when the credential says so', 3_600_000, { refreshAfterTimestamp: 1 }],
  ])('is renewed %s, and nobody waits for that', async (_, lifetime, members) => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = shared.getToken(scope)
    slow.answer({ ...token('first', lifetime), ...members })
    await asking
    for (let index = 0; index < 3; index++) expect((await shared.getToken(scope)).token).toBe('first')
    expect(slow.asked).toHaveLength(2)
    expect(shared.waitingFor()).toBeNull()
    slow.answer(token('second'))
    await new Promise(setImmediate)
    expect(await shared.current('first')).toBe('second')
    expect(slow.asked).toHaveLength(2)
  })

  test('is used while it cannot be renewed, which is tried every few seconds, until it expires', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = shared.getToken(scope)
    slow.answer(token('first', 30_000))
    await asking
    for (let second = 0; second < 19; second++) {
      expect((await shared.getToken(scope)).token).toBe('first')
      slow.answer(new Error('network_error: no'))
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(slow.asked).toHaveLength(1 + 7)
    await vi.advanceTimersByTimeAsync(2_000)
    const expired = shared.getToken(scope)
    expect(shared.waitingFor()).toBe('the authority')
    slow.answer(new Error('network_error: no'))
    await expect(expired).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('ends a request at once whose connection will fail every time, and says why', async () => {
    // As MSAL, it keeps the failure to itself and tries again.
    const credential = {
      getToken: () =>
        new Promise<never>(() => {
          get('https://login.example/token', { lookup: failing('ENOTFOUND') }).on('error', () => undefined)
        }),
    }
    await expect(shareCredential(credential, { timeout: 60_000 }).getToken(scope)).rejects.toMatchObject({
      message: expect.stringContaining('(ENOTFOUND)'),
    })
  })

  test('waits for one whose connection failed and may work the next time', async () => {
    const credential = {
      getToken: () =>
        new Promise<AccessToken>((resolve) => {
          get('https://login.example/token', { lookup: failing('EAI_AGAIN') }).on('error', () =>
            resolve(token('second attempt')),
          )
        }),
    }
    expect((await shareCredential(credential).getToken(scope)).token).toBe('second attempt')
  })

  test('never serves the token of one tenant, or for one scope, to another', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = [
      shared.getToken(scope, { tenantId: 'one' }),
      shared.getToken(scope, { tenantId: 'two' }),
      shared.getToken('https://managedhsm.azure.net/.default', { tenantId: 'one' }),
      shared.getToken(scope),
    ]
    for (const name of ['first', 'second', 'third', 'fourth']) slow.answer(token(name), 0)
    expect((await Promise.all(asking)).map((each) => each.token)).toEqual([
      'first',
      'second',
      'third',
      'fourth',
    ])
    // And so from the cache.
    expect((await shared.getToken(scope, { tenantId: 'two' })).token).toBe('second')
    expect((await shared.getToken('https://managedhsm.azure.net/.default', { tenantId: 'one' })).token).toBe(
      'third',
    )
    expect((await shared.getToken(scope)).token).toBe('fourth')
    expect(slow.scopes).toEqual([scope, scope, 'https://managedhsm.azure.net/.default', scope])
  })

  test('tells the credential the tenant, the claims and that the vault knows CAE, and nothing else', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const given = { tenantId: 'one', enableCae: true, claims: '{"nbf":1}' }
    const asking = [shared.getToken(scope, given), shared.getToken(scope, { requestOptions: { timeout: 1 } })]
    slow.answer(token('any'))
    await Promise.all(asking)
    expect(
      slow.asked.map(({ abortSignal, ...options }) => [options, abortSignal instanceof AbortSignal]),
    ).toEqual([
      [given, true],
      [{}, true],
    ])
    expect(Object.keys(slow.asked[1] ?? {})).toEqual(['abortSignal'])
  })

  test('asks anew for a token that was refused, in the way in which it had been asked for', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const first = shared.getToken(scope, { tenantId: 'one', enableCae: true })
    slow.answer(token('refused'))
    await first
    expect(await shared.current('refused')).toBe('refused')
    expect(slow.asked).toHaveLength(1)
    shared.refuse('refused')
    const replacing = Promise.all([shared.current('refused'), shared.current('refused')])
    slow.answer(token('new'))
    expect(await replacing).toEqual(['new', 'new'])
    expect(slow.asked).toHaveLength(2)
    expect(slow.asked[1]).toMatchObject({ tenantId: 'one', enableCae: true })
    expect(slow.asked[1]).not.toHaveProperty('claims')
    // A client that still has the old one gets the new one, and one that it did not get here is left alone.
    expect(await shared.current('refused')).toBe('new')
    expect(await shared.current('unknown')).toBe('unknown')
  })

  test('goes past the credential’s own cache when it has the refused token, but not over and over', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const first = shared.getToken(scope)
    slow.answer(token('refused'))
    await first
    shared.refuse('refused')
    const second = shared.getToken(scope)
    slow.answer(token('refused'))
    while (slow.asked.length < 3) await new Promise(setImmediate)
    expect(slow.asked[2]?.claims).toContain('cp1')
    slow.answer(token('refused'))
    expect((await second).token).toBe('refused')
    shared.refuse('refused')
    const third = shared.getToken(scope)
    slow.answer(token('refused'))
    expect((await third).token).toBe('refused')
    expect(slow.asked).toHaveLength(4)
  })

  test('is content with the cached token where the credential cannot go past its cache', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const first = shared.getToken(scope)
    slow.answer(token('refused'))
    await first
    shared.refuse('refused')
    const second = shared.getToken(scope)
    slow.answer(token('refused'))
    while (slow.asked.length < 3) await new Promise(setImmediate)
    slow.answer(new Error('claims challenges are not supported'))
    expect((await second).token).toBe('refused')
  })

  test('without a token, or an answer, says so', async () => {
    const none = shareCredential({ getToken: () => Promise.resolve(null) })
    await expect(none.getToken(scope)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('returned no token'),
    })
    const silent = shareCredential(new SlowCredential(), { timeout: 20 })
    await expect(silent.getToken(scope)).rejects.toMatchObject({
      message: expect.stringMatching(/^the authority returned no token/),
      retryAfter: 1,
      cause: expect.anything(),
    })
  })

  test('drops the refused token and no other', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = [shared.getToken(scope, { tenantId: 'one' }), shared.getToken(scope, { tenantId: 'two' })]
    for (const name of ['first', 'second']) slow.answer(token(name), 0)
    await Promise.all(asking)
    shared.refuse('first')
    expect((await shared.getToken(scope, { tenantId: 'two' })).token).toBe('second')
    expect(slow.asked).toHaveLength(2)
    expect(Object.keys(slow.asked[0] ?? {}).toSorted()).toEqual(['abortSignal', 'tenantId'])
  })

  test('forgets tokens of long ago', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    for (let index = 0; index < 20; index++) {
      const asking = shared.getToken(scope)
      slow.answer(token(`token ${index}`, 1_000))
      await asking
    }
    const asked = slow.asked.length
    expect(await shared.current('token 0')).toBe('token 0')
    expect(slow.asked).toHaveLength(asked)
    const current = shared.current('token 15')
    slow.answer(token('newest'))
    expect(await current).toBe('newest')
  })

  test('names the authority while it waits for it', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow, { authority: () => 'https://login.example/tenant' })
    expect(shared.waitingFor()).toBeNull()
    const asking = shared.getToken(scope)
    expect(shared.waitingFor()).toBe('https://login.example/tenant')
    slow.answer(token('one'))
    await asking
    expect(shared.waitingFor()).toBeNull()
  })

  test('hands nobody’s abort on: the others wait for the same answer', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = shared.getToken(scope, { abortSignal: AbortSignal.abort() })
    expect(slow.asked[0]?.abortSignal?.aborted).toBe(false)
    slow.answer(token('one'))
    await expect(asking).resolves.toMatchObject({ token: 'one' })
  })

  test('answers a claims challenge with a new token, which everybody gets from then on', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const first = shared.getToken(scope)
    slow.answer(token('revoked'))
    await first
    const second = shared.getToken(scope, { claims: '{"nbf":1}' })
    slow.answer(token('new'))
    expect((await second)?.token).toBe('new')
    expect((await shared.getToken(scope))?.token).toBe('new')
    expect(slow.asked.map(({ claims }) => claims)).toEqual([undefined, '{"nbf":1}'])
  })

  test('a slow request that a claims challenge overtook does not bring the revoked token back', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const first = shared.getToken(scope)
    const second = shared.getToken(scope, { claims: '{"nbf":1}' })
    slow.answer(token('new'), 1)
    expect((await second)?.token).toBe('new')
    slow.answer(token('revoked'))
    await first
    expect((await shared.getToken(scope))?.token).toBe('new')
  })

  test('callers join the request of a claims challenge even after an older one has ended', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const first = shared.getToken(scope)
    const second = shared.getToken(scope, { claims: '{"nbf":1}' })
    slow.answer(token('revoked'), 0)
    await first
    const third = shared.getToken(scope)
    slow.answer(token('new'))
    expect((await second)?.token).toBe('new')
    expect((await third)?.token).toBe('new')
    expect(slow.asked).toHaveLength(2)
  })

  test('a credential that never answers is not waited for, and the next caller asks anew', async () => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow, { timeout: 50 })
    await expect(shared.getToken(scope)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('50 ms'),
    })
    expect(slow.asked[0]?.abortSignal?.aborted).toBe(true)
    const again = shared.getToken(scope)
    slow.answer(token('one'))
    await expect(again).resolves.toMatchObject({ token: 'one' })
  })

  test('a token request that hangs does not hold up the vault for longer', async () => {
    const vault = await startVault()
    vault.emulator.faults.add({ operation: 'token', fault: { type: 'hang' } })
    const shared = shareCredential(secretCredential(vault.emulator, wellKnown), { timeout: 500 })
    const asking = await Promise.allSettled(Array.from({ length: 10 }, () => shared.getToken(scope)))
    expect(asking.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'rejected'))
    await expect(shared.getToken(scope)).resolves.toHaveProperty('token')
  })

  test.each([
    ['invalid_client: AADSTS7000215: Invalid client secret provided.', 'ACCESS_DENIED'],
    ['unauthorized_client: AADSTS700016: Application not found.', 'ACCESS_DENIED'],
    ['network_error: Network request failed', 'UNAVAILABLE'],
    ['CredentialUnavailableError: ManagedIdentityCredential is unavailable', 'UNAVAILABLE'],
  ])('“%s” is %s, and the next one asks anew', async (message, code) => {
    const slow = new SlowCredential()
    const shared = shareCredential(slow)
    const asking = shared.getToken(scope)
    slow.answer(new Error(`${message}\nTrace ID: 1`))
    await expect(asking).rejects.toMatchObject({ code, message: expect.not.stringContaining('Trace ID') })
    const again = shared.getToken(scope)
    slow.answer(token('one'))
    await expect(again).resolves.toMatchObject({ token: 'one' })
  })

  test('a chain of credentials is refused when one of its links is', async () => {
    const slow = new SlowCredential()
    const asking = shareCredential(slow).getToken(scope)
    const links = [new Error('EnvironmentCredential is unavailable'), new Error('invalid_client: no')]
    slow.answer(Object.assign(new Error('ChainedTokenCredential authentication failed.'), { errors: links }))
    await expect(asking).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })
})
