import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createJwtIssuer } from '@sealwright/jws'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openKeyRing, writeStaticIssuer, type StaticIssuerReport } from '../../src/index.ts'
import { MemoryStore } from '../support/memory-store.ts'

const issuer = 'https://auth.example.com'
const create = { keyType: 'ec-p256' } as const
// S = 3,600: it runs at least hourly. A = 3,600 + 600 + 60.
const policy = { tokenLifetime: 600, jwksMaxAge: 600, maxSetAge: 3_600, rotationInterval: 86_400 }

interface Job {
  readonly folder: string
  readonly store: MemoryStore
  pass(seconds: number): void
  run(): Promise<StaticIssuerReport>
  kids(): string[]
  token(): Promise<{ token: string; kid: string }>
}

/** What cron does, and a program that signs, on a clock that the test moves. */
function startJob(): Job {
  const [folder, store] = [join(scratchFolder(), 'public'), new MemoryStore()]
  let ahead = 0
  const clock = { now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead }
  return {
    folder,
    store,
    pass(seconds) {
      ahead += seconds * 1_000
    },
    run: async () => {
      const before = store.versions.length
      const report = await writeStaticIssuer([{ store, name: 'a', create }], policy, {
        issuer,
        folder,
        clock,
      })
      // The store goes by the machine's clock; its times are to be those of the job.
      for (const version of store.versions.slice(before)) version.createdAt = new Date(clock.now())
      return report
    },
    kids() {
      const { keys } = JSON.parse(readFileSync(join(folder, '.well-known/jwks.json'), 'utf8')) as {
        keys: { kid: string }[]
      }
      return keys.map(({ kid }) => kid)
    },
    async token() {
      const ring = await openKeyRing([{ store, name: 'a' }], policy, { clock })
      try {
        const token = await createJwtIssuer(ring.signingKey(), { issuer }).issue({ sub: 'alice' })
        return { token, kid: ring.signer().keyId }
      } finally {
        ring.close()
      }
    },
  }
}

describe('an issuer without a server', () => {
  test('names all algorithms of a key that is published without alg', async () => {
    const [folder, store] = [join(scratchFolder(), 'public'), new MemoryStore()]
    await store.add('a', { keyType: 'rsa-2048' })
    const algorithms = ['RS256', 'PS256']
    await writeStaticIssuer([{ store, name: 'a' }], policy, { issuer, folder, algorithms })
    const metadata: unknown = JSON.parse(
      readFileSync(join(folder, '.well-known/openid-configuration'), 'utf8'),
    )
    expect(metadata).toMatchObject({ id_token_signing_alg_values_supported: algorithms })
  })

  test('is what a validator finds at the issuer', async () => {
    const job = startJob()
    const report = await job.run()
    const place = join(job.folder, '.well-known')
    expect(report).toMatchObject({
      files: ['jwks.json', 'openid-configuration', 'oauth-authorization-server'].map((name) =>
        join(place, name),
      ),
      rotated: false,
      rotationProblem: null,
      cacheControl: 'public, max-age=600, must-revalidate',
      keys: [{ keyId: job.store.versions[0]?.keyId, state: 'active' }],
    })
    // It runs again before what it wrote is older than a set of keys may be.
    expect(Math.abs(report.again.getTime() - Date.now() - 3_600_000)).toBeLessThan(60_000)
    expect(readdirSync(join(job.folder, '.well-known')).toSorted()).toEqual([
      'jwks.json',
      'oauth-authorization-server',
      'openid-configuration',
    ])
    for (const file of report.files) expect(statSync(file).mode & 0o777).toBe(0o644)
    const server = createServer((request, response) =>
      response.end(readFileSync(join(job.folder, request.url ?? '/'))),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const discovery = (await (
      await fetch(`http://127.0.0.1:${port}/.well-known/openid-configuration`)
    ).json()) as {
      issuer: string
      jwks_uri: string
    }
    expect(discovery).toMatchObject({ issuer, id_token_signing_alg_values_supported: ['ES256'] })
    const { pathname } = new URL(discovery.jwks_uri)
    const { token } = await job.token()
    await jwtVerify(token, createRemoteJWKSet(new URL(`http://127.0.0.1:${port}${pathname}`)), {
      issuer: discovery.issuer,
    })
  })

  test('run hourly, rotates in steps: a key is published before it signs and until its tokens have expired', async () => {
    const job = startJob()
    const tokens: { kid: string; expires: number }[] = []
    let rotations = 0
    for (let hour = 0; hour < 60; hour++) {
      const { rotated } = await job.run()
      if (rotated) rotations++
      // Signed with what the file of this hour, or of the one before, has.
      const { kid } = await job.token()
      tokens.push({ kid, expires: hour * 3_600 + policy.tokenLifetime })
      const alive = tokens.filter(({ expires }) => expires >= hour * 3_600)
      expect(job.kids()).toEqual(expect.arrayContaining(alive.map((each) => each.kid)))
      job.pass(3_600)
    }
    expect(rotations).toBe(2)
    expect(new Set(tokens.map(({ kid }) => kid)).size).toBe(3)
    expect(job.kids()).toEqual([tokens.at(-1)?.kid])
  })

  test('of a key that cannot be rotated is written all the same, and says that a rotation is due', async () => {
    const [folder, store] = [join(scratchFolder(), 'public'), new MemoryStore()]
    const key = await store.add('a')
    key.createdAt = new Date(Date.now() - 100 * 86_400_000)
    const report = await writeStaticIssuer([{ store, name: 'a' }], policy, { issuer, folder })
    expect(report).toMatchObject({ rotated: false, rotationProblem: { code: 'UNSUPPORTED_OPERATION' } })
    expect(readFileSync(join(folder, '.well-known/jwks.json'), 'utf8')).toContain(key.keyId)
  })

  test('leaves files that say the same as they are', async () => {
    const job = startJob()
    const { files } = await job.run()
    const before = files.map((file) => statSync(file).mtimeMs)
    await job.run()
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual(before)
  })

  test('of a URL with a path has no metadata at the root', async () => {
    const folder = scratchFolder()
    const sources = [{ store: new MemoryStore(), name: 'a', create }]
    await writeStaticIssuer(sources, policy, { issuer: `${issuer}/tenant`, folder })
    expect(readdirSync(join(folder, '.well-known')).toSorted()).toEqual(['jwks.json', 'openid-configuration'])
    const { jwks_uri } = JSON.parse(
      readFileSync(join(folder, '.well-known/openid-configuration'), 'utf8'),
    ) as { jwks_uri: string }
    expect(jwks_uri).toBe(`${issuer}/tenant/.well-known/jwks.json`)
  })
})

test('a kid that a key is published under besides its own is known', async () => {
  const folder = scratchFolder()
  const sources = [{ store: new MemoryStore(), name: 'a', create }]
  const options = { issuer, folder, aliases: () => ['as before'] }
  for (let run = 0; run < 2; run++) await writeStaticIssuer(sources, policy, options)
  await expect(writeStaticIssuer(sources, policy, { issuer, folder })).rejects.toThrow(
    'publishes the keys as before, which',
  )
})

describe('it writes nothing', () => {
  test('over the keys of another source', async () => {
    const job = startJob()
    await job.run()
    const kids = job.kids()
    const store = new MemoryStore()
    const other = [{ store, name: 'b', create }]
    const { folder } = job
    await expect(writeStaticIssuer(other, policy, { issuer, folder })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`publishes the keys ${kids.join()}, which no source has`),
    })
    expect(job.kids()).toEqual(kids)
    expect(store.versions).toEqual([])
    await writeStaticIssuer(other, policy, { issuer, folder, removeUnknown: true })
    expect(job.kids()).not.toEqual(kids)
  })

  test('into the folder of another issuer', async () => {
    const job = startJob()
    await job.run()
    const { folder, store } = job
    const writing = writeStaticIssuer([{ store, name: 'a' }], policy, {
      issuer: 'https://other.example.com',
      folder,
    })
    await expect(writing).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `${join(folder, '.well-known/openid-configuration')} belongs to another issuer; choose another folder, or remove the file`,
    })
  })

  test.each(['{"keys": [', 'null', '"keys"', ''])('over a JWK Set that is not one: %s', async (text) => {
    const job = startJob()
    await job.run()
    const path = join(job.folder, '.well-known/jwks.json')
    writeFileSync(path, text)
    await expect(job.run()).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: `${path} is not a JSON object; remove it`,
    })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  test('over keys that it does not understand, unless it is told to', async () => {
    const job = startJob()
    await job.run()
    writeFileSync(join(job.folder, '.well-known/jwks.json'), '{"keys": ["a", null, {"kid": "b"}]}')
    await expect(job.run()).rejects.toThrow('publishes the keys a, null, b, which no source has')
    writeFileSync(join(job.folder, '.well-known/jwks.json'), '{}')
    await job.run()
    expect(job.kids()).toHaveLength(1)
  })

  test('where something else is in its place, and leaves nothing behind', async () => {
    const job = startJob()
    const { folder, store } = job
    const path = join(folder, '.well-known/jwks.json')
    mkdirSync(join(path, 'a folder'), { recursive: true })
    await expect(job.run()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `${path} cannot be read: EISDIR`,
    })
    const sources = [{ store, name: 'a', create }]
    const writing = writeStaticIssuer(sources, policy, { issuer, folder, removeUnknown: true })
    await expect(writing).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/jwks\.json cannot be written: E[A-Z]+$/),
      cause: expect.objectContaining({ code: expect.stringMatching(/^E/) }),
    })
    expect(readdirSync(join(folder, '.well-known'))).toEqual(['jwks.json'])
  })

  test.each([
    [{ folder: 5 }, 'options.folder must be the path of a folder'],
    // It would be the folder in which the program runs.
    [{ folder: '' }, 'options.folder must be the path of a folder'],
    [{ folder: '.', removeUnknown: 'yes' }, 'options.removeUnknown must be true or false'],
    [{ folder: '.', keys: [] }, 'options.keys is not an option'],
    [null, 'options must be an object'],
  ])('with the options %o', async (options, message) => {
    const sources = [{ store: new MemoryStore(), name: 'a', create }]
    const given = (options === null ? options : { issuer, ...options }) as never
    await expect(writeStaticIssuer(sources, policy, given)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    })
  })

  test.each([
    'http://auth.example.com',
    'https://auth.example.com?',
    'https://auth.example.com#a',
    'auth',
    '',
  ])('for the issuer %o', async (name) => {
    const folder = join(scratchFolder(), 'public')
    const sources = [{ store: new MemoryStore(), name: 'a', create }]
    await expect(writeStaticIssuer(sources, policy, { issuer: name, folder })).rejects.toMatchObject({
      message: 'the issuer is not an https URL without query and fragment',
    })
    expect(() => statSync(folder)).toThrow('ENOENT')
  })

  test('where it cannot', async () => {
    const folder = join(scratchFolder(), 'public')
    writeFileSync(folder, '')
    const sources = [{ store: new MemoryStore(), name: 'a', create }]
    await expect(writeStaticIssuer(sources, policy, { issuer, folder })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(folder),
    })
  })
})
