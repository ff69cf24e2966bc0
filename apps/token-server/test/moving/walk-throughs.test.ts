import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKeyVault } from '@sealwright/azure-keyvault'
import type { KeyRing } from '@sealwright/keyring'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startIdentityServer } from '../support/identity-server.ts'
import { opensslPfx } from '../support/pfx.ts'
import { startVaults, type TestVaults } from '../support/vaults.ts'
import { client, listeningServer, settingsFile, type TestServer } from '../support/server.ts'
import { requestJwks, requestToken, TokenLoad, type Front } from '../support/token-load.ts'
import { readPage, type Step } from '../support/walk-through.ts'

const { definitions, walkThroughs } = readPage(new URL('../../../../docs/moving.md', import.meta.url))

/** Shorter than the defaults, so that an hour is enough. An API keeps the JWK Set for as long as it may all the same. */
const keyRing = { maxSetAge: 1_200, jwksMaxAge: 300 }
/** Seconds by which the clock is moved at a time: twice while an API keeps a JWK Set. */
const stride = 150

/** Two servers behind what routes requests to them, on two vaults and a file. */
class World implements Front {
  readonly folder: string = scratchFolder()
  readonly vaults: TestVaults
  /** What answers for the issuer until everything is routed to the token servers; null for nothing. */
  readonly #before: Front | null
  #routed: 'nothing' | 'jwks' | 'everything'
  #env: Readonly<Record<string, string>> = {}
  #settings: Readonly<Record<string, unknown>> = {}
  readonly #servers: (TestServer & { readonly origin: string })[] = []
  #ahead = 0

  constructor(vaults: TestVaults, isBesideIdentityServer: boolean) {
    this.vaults = vaults
    opensslPfx(this.folder, 'old', '/CN=old', 'hunter2')
    writeFileSync(join(this.folder, 'old.password'), 'hunter2\n')
    this.#before = isBesideIdentityServer
      ? startIdentityServer(join(this.folder, 'old'), () => this.now())
      : null
    this.#routed = isBesideIdentityServer ? 'nothing' : 'everything'
  }

  readonly now = (): number => Date.now() + this.#ahead

  token(): Promise<string> {
    if (this.#before !== null && this.#routed !== 'everything') return this.#before.token()
    return requestToken(this.#anyOrigin())
  }

  jwks(): ReturnType<Front['jwks']> {
    if (this.#before !== null && this.#routed === 'nothing') return this.#before.jwks()
    return requestJwks(this.#anyOrigin())
  }

  /** Where the keys are that the servers publish, and what they do. */
  states(): readonly string[] {
    return this.#servers.flatMap(({ ring }) => ring.status().keys.map(({ state }) => state))
  }

  async perform(step: Step, load: TokenLoad | null): Promise<void> {
    if (step.kind === 'run') await this.vaults.run(this.folder, definitions, step.script)
    else if (step.kind === 'env') this.#env = step.env
    else if (step.kind === 'settings') this.#settings = step.settings
    else if (step.what === 'Restart every server') await this.restart(load)
    else if (step.what === 'Wait for the announcement') await this.wait(this.#policy().announcement, load)
    else if (step.what === 'Wait for the retention') await this.wait(this.#policy().retention, load)
    else if (step.what === 'Route the JWK Set to the token servers') this.#routed = 'jwks'
    else if (step.what === 'Route everything to the token servers') this.#routed = 'everything'
    else throw new Error(`the page says "${step.what}", which this test does not know`)
    await load?.some()
  }

  /** One after the other: the new one is there before the old one goes. */
  async restart(load: TokenLoad | null): Promise<void> {
    for (const index of [0, 1]) {
      const started = await this.#start()
      const [old] = this.#servers.splice(index, 1, started)
      await load?.some()
      await old?.app.close()
    }
  }

  #anyOrigin(): string {
    const { origin = '' } = this.#servers[Math.floor(Math.random() * this.#servers.length)] ?? {}
    return origin
  }

  #start(): Promise<TestServer & { readonly origin: string }> {
    const place = (text: string): string => this.vaults.inText(text.replaceAll('./', `${this.folder}/`))
    const settings = JSON.parse(place(JSON.stringify(this.#settings))) as Record<string, unknown>
    return listeningServer({
      isIssuerKept: true,
      env: Object.fromEntries(Object.entries(this.#env).map(([name, value]) => [name, place(value)])),
      file: settingsFile({ clients: [client()], keyRing, ...settings }),
      vault: this.vaults.options,
      clock: () => new Date(this.now()),
      ringClock: { now: this.now, elapsed: () => performance.now() + this.#ahead },
    })
  }

  #policy(): KeyRing['policy'] {
    const [server] = this.#servers
    if (server === undefined) throw new Error('the page waits before a server has started')
    return server.ring.policy
  }

  /** A little longer. The servers read their keys every five minutes, not at the same time. */
  async wait(seconds: number, load: TokenLoad | null): Promise<void> {
    for (let passed = 0; passed < seconds + 2 * stride; passed += stride) {
      this.#ahead += stride * 1_000
      this.vaults.pass(stride)
      const due = this.#servers.filter((_, index) => (passed / stride) % 2 === index)
      for (const { ring } of due) await ring.refresh()
      await load?.some()
    }
    for (const { ring } of this.#servers) await ring.refresh()
  }
}

/** Performs a walk-through under load. */
async function walk(title: string): Promise<{ readonly world: World; readonly load: TokenLoad }> {
  const steps = walkThroughs.get(title)
  if (steps === undefined) throw new Error(`the page has no walk-through "${title}"`)
  const vaults = await startVaults()
  const isFromIdentityServer = title.includes('IdentityServer')
  const world = new World(vaults, isFromIdentityServer)
  // Before the first step the page says what the servers have.
  const [before, ...rest] = steps
  if (before?.kind !== 'env') throw new Error('the page does not begin with the settings of before')
  await world.perform(before, null)
  if (!isFromIdentityServer) await world.restart(null)
  // Keys of the same minute would all be the issuer's first.
  if (!isFromIdentityServer) await world.wait(stride, null)
  const load = new TokenLoad(world, world.now)
  onTestFinished(() => load.stop())
  await load.some()
  for (const step of rest) await world.perform(step, load)
  await load.stop()
  expect(load.problems).toEqual(new Map())
  expect(load.validated).toBeGreaterThan(100)
  // Of both servers, the new key alone.
  expect(world.states()).toEqual(['active', 'active'])
  return { world, load }
}

describe.skipIf(lacks('openssl', 'curl', 'bash'))(
  'docs/moving.md, performed under load, rejects no token [needs openssl, curl, bash]',
  () => {
    test('every walk-through of the page is performed here', () => {
      expect([...walkThroughs.keys()]).toEqual([
        'From a PFX file to a vault, with the same key',
        'From a PFX file to a key that the vault creates',
        'From one vault to another',
        'From RS256 to ES256',
        'From IdentityServer, with its certificate',
      ])
    })

    test('From a PFX file to a vault, with the same key', async () => {
      const { world, load } = await walk('From a PFX file to a vault, with the same key')
      expect(load.kids.size).toBe(1)
      expect(world.vaults.signatures('contoso')).toBeGreaterThan(0)
      expect(existsSync(join(world.folder, 'old.pfx'))).toBe(false)
    })

    test('From a PFX file to a key that the vault creates', async () => {
      const { world, load } = await walk('From a PFX file to a key that the vault creates')
      expect(load.kids.size).toBe(2)
      expect(world.vaults.signatures('contoso')).toBeGreaterThan(0)
    })

    test('From one vault to another', async () => {
      const { world, load } = await walk('From one vault to another')
      expect(load.kids.size).toBe(2)
      expect(world.vaults.signatures('fabrikam')).toBeGreaterThan(0)
      const old = openKeyVault(world.vaults.urlOf('contoso'), world.vaults.options)
      expect(await old.get('token-signing')).toBeNull()
    })

    test('From RS256 to ES256', async () => {
      const { load } = await walk('From RS256 to ES256')
      expect([...load.algorithms]).toEqual(['RS256', 'ES256'])
    })

    test('From IdentityServer, with its certificate', async () => {
      const { load } = await walk('From IdentityServer, with its certificate')
      expect([...load.kids]).toEqual([
        expect.stringMatching(/^[0-9A-F]{40}RS256$/),
        expect.stringMatching(/^[\w-]{43}$/),
      ])
    })
  },
)
