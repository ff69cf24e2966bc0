import { createPublicKey, verify } from 'node:crypto'
import type { TokenCredential } from '@azure/identity'
import { KeyClient } from '@azure/keyvault-keys'
import { openSigningKey, type OpenKeyOptions } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { exportJWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { azureKeyVault, openKeyVault } from '../src/index.ts'
import { startVault } from './support/vault.ts'

describe('signing URIs of a vault', () => {
  test('a thousand first signatures at once take one token, one challenge, one read', async () => {
    const vault = await startVault()
    await vault.keys.createKey('signing', 'EC', { curve: 'P-256' })
    const { requests } = vault.emulator
    requests.clear()
    // A busy machine makes a thousand signatures in ten seconds and more.
    const backends = [azureKeyVault({ ...vault.options, deadline: 60_000, attemptTimeout: 60_000 })]
    const valid = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const key = await openSigningKey(`${vault.url}/keys/signing`, { backends })
        const data = Buffer.from(`data ${index}`)
        const signature = await key.signer('ES256').sign(data)
        return verify('sha256', data, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, signature)
      }),
    )
    const counts = Object.fromEntries(
      ['token', 'challenge', 'keys/get', 'keys/sign'].map((name) => [name, requests.count(name)]),
    )
    expect(counts).toEqual({ token: 1, challenge: 1, 'keys/get': 1, 'keys/sign': 1_000 })
    expect(requests.list().every(({ outcome }) => outcome === 200 || outcome === 401)).toBe(true)
    expect(valid.filter(Boolean)).toHaveLength(1_000)
  })

  test('a certificate is read once as well, and its key needs no reading', async () => {
    const vault = await startVault()
    const { requests } = vault.emulator
    const backends = [azureKeyVault(vault.options)]
    const uri = `${vault.url}/certificates/my-app-auth`
    const created = await openSigningKey(uri, { backends, create: { keyType: 'ec-p256' } })
    requests.clear()
    const fresh = [azureKeyVault(vault.options)]
    const keys = await Promise.all(
      Array.from({ length: 100 }, () => openSigningKey(uri, { backends: fresh })),
    )
    await Promise.all(keys.map((key) => key.signer().sign(Buffer.from('data'))))
    expect(new Set(keys.map(({ keyId }) => keyId))).toEqual(new Set([created.keyId]))
    expect(requests.count('certificates/get')).toBe(1)
    expect(requests.count('keys/get')).toBe(0)
    expect(requests.count('keys/sign')).toBe(100)
    expect(requests.count('challenge')).toBe(1)
  })

  test.each(['certificates', 'keys'] as const)(
    'a thousand first opens with create: one of %s is made',
    async (collection) => {
      const vault = await startVault()
      const backends = [azureKeyVault(vault.options)]
      const uri = `${vault.url}/${collection}/my-app-auth`
      const keys = await Promise.all(
        Array.from({ length: 1_000 }, () =>
          openSigningKey(uri, { backends, create: { keyType: 'ec-p256' } }),
        ),
      )
      expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1)
      expect(vault.emulator.requests.count(`${collection}/create`)).toBe(1)
    },
  )

  test.each(['certificates', 'keys'] as const)(
    'a thousand opens with create of what is in %s already: one read',
    async (collection) => {
      // Made a minute ago: what is younger is looked at twice, because its maker may still withdraw it.
      let offset = -60_000
      const vault = await startVault({ now: () => Date.now() + offset })
      await openKeyVault(vault.url, { ...vault.options, collection }).create('there', { keyType: 'ec-p256' })
      offset = 0
      const backends = [azureKeyVault(vault.options)]
      const uri = `${vault.url}/${collection}/there`
      const before = vault.emulator.requests.count(`${collection}/get`)
      await Promise.all(Array.from({ length: 1_000 }, () => openSigningKey(uri, { backends, create: {} })))
      expect(vault.emulator.requests.count(`${collection}/get`) - before).toBe(1)
      expect(vault.emulator.requests.count(`${collection}/create`)).toBe(1)
    },
  )

  test('the status has each vault once, whatever was opened in it', async () => {
    const vault = await startVault()
    const backend = azureKeyVault(vault.options)
    expect(backend.status()).toEqual([])
    const options = { backends: [backend], create: { keyType: 'ec-p256' as const } }
    const certificate = await openSigningKey(`${vault.url}/certificates/a`, options)
    const other = vault.emulator.vaultUrl('fabrikam')
    const keys = await Promise.all([vault.url, other].map((url) => openSigningKey(`${url}/keys/b`, options)))
    await Promise.all([certificate, ...keys].map((key) => key.signer().sign(Buffer.from('data'))))
    const signatures = backend.status().map(({ vaultUrl, transactions, calls }) => ({
      vaultUrl,
      used: transactions.used > 0,
      calls: calls.filter(({ operation }) => operation === 'keys/sign'),
    }))
    expect(signatures).toEqual([
      { vaultUrl: vault.url, used: true, calls: [{ operation: 'keys/sign', error: null, count: 2 }] },
      { vaultUrl: other, used: true, calls: [{ operation: 'keys/sign', error: null, count: 1 }] },
    ])
    const store = openKeyVault(vault.url, vault.options)
    expect(await store.get('absent')).toBeNull()
    expect(store.status()).toMatchObject({
      vaultUrl: vault.url,
      breaker: 'closed',
      calls: [{ operation: 'certificates/get', error: 'NOT_FOUND', count: 1 }],
    })
  })

  test('callers who want different keys of one name do not get each other’s error', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    const [bad, good] = await Promise.allSettled([
      store.getOrCreate('k', { keyType: 'ed25519' }),
      store.getOrCreate('k', { keyType: 'ec-p256' }),
    ])
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'UNSUPPORTED_KEY' } })
    expect(good).toMatchObject({ status: 'fulfilled' })
  })

  test('tokens signed in the vault verify with jose and with Node', async () => {
    const vault = await startVault()
    const key = await openSigningKey(`${vault.url}/certificates/my-app-auth`, {
      backends: [azureKeyVault(vault.options)],
      create: {},
    })
    const issuer = createJwtIssuer(key, { issuer: 'https://issuer.example', audience: 'api' })
    const token = await issuer.issue({ sub: 'subject' })
    const { payload, protectedHeader } = await jwtVerify(token, key.publicKey, { audience: 'api' })
    expect(payload.sub).toBe('subject')
    expect(protectedHeader).toMatchObject({ alg: 'RS256', kid: key.keyId })
    // The public key as an administrator reads it from the vault, and no code of ours.
    const { key: jwk } = await vault.keys.getKey('my-app-auth')
    const publicKey = createPublicKey({
      format: 'jwk',
      key: {
        kty: 'RSA',
        n: Buffer.from(jwk?.n ?? []).toString('base64url'),
        e: Buffer.from(jwk?.e ?? []).toString('base64url'),
      },
    })
    const [header, body, signature] = token.split('.')
    expect(
      verify(
        'sha256',
        Buffer.from(`${header}.${body}`),
        publicKey,
        Buffer.from(signature ?? '', 'base64url'),
      ),
    ).toBe(true)
    expect(await exportJWK(publicKey)).toEqual(await exportJWK(key.publicKey))
  })

  test('a managed HSM makes keys in hardware, and its tokens are for it', async () => {
    const vault = await startVault()
    const origin = vault.url.replace('.vault.', '.managedhsm.')
    const scopes: unknown[] = []
    const credential: TokenCredential = {
      getToken: (scope, options) => {
        scopes.push(scope)
        return vault.options.credential?.getToken(scope, options) ?? Promise.resolve(null)
      },
    }
    const backends = [azureKeyVault({ ...vault.options, credential })]
    const key = await openSigningKey(`${origin}/keys/signing`, { backends, create: { keyType: 'ec-p256' } })
    expect(key.location).toBe(`${origin}/keys/signing/${key.version}`)
    await expect(key.signer().sign(Buffer.from('data'))).resolves.toHaveLength(64)
    expect(scopes).toEqual([['https://managedhsm.azure.net/.default']])
    const administrator = new KeyClient(origin, secretCredential(vault.emulator, wellKnown), {
      agent: vault.emulator.agent(),
    })
    expect((await administrator.getKey('signing')).keyType).toBe('EC-HSM')
    await expect(openSigningKey(`${origin}/certificates/signing`, { backends })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  test('what is absent is NOT_FOUND unless it shall be created', async () => {
    const vault = await startVault()
    const backends = [azureKeyVault(vault.options)]
    const version = 'f'.repeat(32)
    for (const path of ['certificates/absent', 'keys/absent', `certificates/absent/${version}`]) {
      await expect(openSigningKey(`${vault.url}/${path}`, { backends })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringContaining('absent'),
      })
    }
    const pinned = openSigningKey(`${vault.url}/keys/absent/${version}`, { backends, create: {} })
    await expect(pinned).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(vault.emulator.requests.count('keys/create')).toBe(0)
    const key = await openSigningKey(`${vault.url}/keys/absent`, { backends, create: { keyType: 'ec-p384' } })
    expect(key.algorithms.map(({ name }) => name)).toEqual(['ES384'])
  })

  test('is stopped by the signal of its options, and by that of the key that it creates', async () => {
    const vault = await startVault()
    const backends = [azureKeyVault(vault.options)]
    const uri = `${vault.url}/keys/absent`
    const reason = new Error('no longer wanted')
    const [never, signal] = [new AbortController().signal, AbortSignal.abort(reason)]
    for (const options of [
      { signal },
      { create: { signal } },
      { create: { signal: never }, signal },
      { create: { signal }, signal: never },
    ]) {
      await expect(openSigningKey(uri, { backends, ...options })).rejects.toBe(reason)
    }
    expect(vault.emulator.requests.count('keys/create')).toBe(0)
  })

  test.each([
    [undefined, /^options must be an object/],
    [{ pasword: '' }, /^options\.pasword is not an option; the options are create, password, signal$/],
    [{ create: { days: 1 } }, /^options\.create\.days is not an option/],
    [{ signal: 1 }, /^options\.signal must be an AbortSignal/],
  ])('refuses the options %o before it sends anything', async (options, message) => {
    const backend = azureKeyVault({ credential: { getToken: () => Promise.reject(new Error('asked')) } })
    const opening = backend.open('https://contoso.vault.azure.net/keys/k', options as OpenKeyOptions)
    await expect(opening).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
  })

  test('of several processes that start into an empty vault all get the one certificate', async () => {
    const vault = await startVault()
    // Three times over, each a little differently in time.
    const names = ['first', 'second', 'third']
    const kids = await Promise.all(
      names.map(async (name) => {
        const keys = await Promise.all(
          Array.from({ length: 6 }, () =>
            openSigningKey(`${vault.url}/certificates/${name}`, {
              backends: [azureKeyVault({ ...vault.options, settleTime: 1_000 })],
              create: { keyType: 'ec-p256' },
            }),
          ),
        )
        return new Set(keys.map(({ keyId }) => keyId)).size
      }),
    )
    expect(kids).toEqual([1, 1, 1])
  })

  test('a pinned version signs with that version after a rotation, and the newest with the newest', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    const first = await store.create('my-app-auth', { keyType: 'ec-p256' })
    const signer = first.signer()
    const second = await store.rotate('my-app-auth')
    const data = Buffer.from('the data')
    const signature = await signer.sign(data)
    const key = { key: first.publicKey, dsaEncoding: 'ieee-p1363' as const }
    expect(verify('sha256', data, key, signature)).toBe(true)
    const backends = [azureKeyVault(vault.options)]
    const uri = `${vault.url}/certificates/my-app-auth`
    expect((await openSigningKey(uri, { backends })).keyId).toBe(second.keyId)
    expect((await openSigningKey(`${uri}/${first.version}`, { backends })).keyId).toBe(first.keyId)
  })
})
