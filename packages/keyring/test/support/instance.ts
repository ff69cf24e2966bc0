/**
 * An instance of an issuer, in a process of its own. It opens a ring when a message tells it to, and answers over HTTP:
 * `/jwks`, `/token` and `/status`.
 */
import { createServer } from 'node:http'
import { openKeyVault } from '@sealwright/azure-keyvault'
import type { CreateKeyOptions, KeyStore } from '@sealwright/core'
import { createJwtIssuer, type JwtIssuer } from '@sealwright/jws'
import { openFolderStore } from '@sealwright/local-store'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { emulatorAgent } from '@sealwright/test-kit/emulator-agent'
import { openKeyRing, type KeyRing, type KeyRingPolicyOptions } from '../../src/index.ts'

/** How to reach a store. */
export type StoreConfig =
  | { readonly folder: string }
  | {
      readonly vaultUrl: string
      readonly ca: string
      readonly authorityHost: string
      readonly tenantId: string
      readonly clientId: string
      readonly clientSecret: string
    }

/** Moves the clock of the ring ahead, and has it read its sources. */
export interface AdvanceMessage {
  readonly advance: number
}

/** Opens a ring, and closes the one before it. */
export interface OpenMessage {
  readonly sources: readonly {
    readonly store: StoreConfig
    readonly name: string
    readonly create?: CreateKeyOptions
  }[]
  readonly policy: KeyRingPolicyOptions
}

export type InstanceAnswer =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'open'; readonly keyId: string; readonly token: string; readonly jwks: string }
  | { readonly type: 'read' }
  | { readonly type: 'failed'; readonly message: string }

let ring: KeyRing | null = null
let issuer: (() => JwtIssuer) | null = null
const events: string[] = []
/** Seconds that the ring's clock is ahead. */
let ahead = 0
const clock = {
  now: () => Date.now() + ahead * 1_000,
  elapsed: () => performance.now() + ahead * 1_000,
}

async function open({ sources, policy }: OpenMessage): Promise<InstanceAnswer> {
  ring?.close()
  const opened = await Promise.all(
    sources.map(async (source) => ({ ...source, store: await openStore(source.store) })),
  )
  ring = await openKeyRing(opened, policy, { clock, onEvent: ({ type }) => events.push(type) })
  const lifetime = policy.tokenLifetime
  issuer = ring.perKey((key) =>
    createJwtIssuer(key, { issuer: 'https://issuer.example', audience: 'api', lifetime }),
  )
  const token = await issuer().issue({ sub: 'alice' })
  return { type: 'open', keyId: ring.signer().keyId, token, jwks: ring.jwks().body }
}

async function advance({ advance: seconds }: AdvanceMessage): Promise<InstanceAnswer> {
  ahead += seconds
  await ring?.refresh()
  return { type: 'read' }
}

const stores = new Map<string, KeyStore>()

async function openStore(config: StoreConfig): Promise<KeyStore> {
  if ('folder' in config) return openFolderStore(config.folder)
  const known = stores.get(config.vaultUrl)
  if (known !== undefined) return known
  const store = openKeyVault(config.vaultUrl, {
    credential: secretCredential(config, config),
    agent: emulatorAgent(config.ca),
    pollInterval: 100,
    // A machine that is busy with other tests must not look like a vault that is down.
    deadline: 20_000,
    attemptTimeout: 10_000,
    quota: 1_000_000,
  })
  stores.set(config.vaultUrl, store)
  return store
}

const server = createServer((request, response) => {
  const answer = async (): Promise<{ status: number; headers?: Record<string, string>; body: string }> => {
    if (ring === null || issuer === null) return { status: 503, body: '' }
    if (request.url === '/jwks') {
      const { status, headers, body } = ring.jwksResponse({ ifNoneMatch: request.headers['if-none-match'] })
      return { status, headers: { ...headers }, body }
    }
    if (request.url === '/token') return { status: 200, body: await issuer().issue({ sub: 'alice' }) }
    return { status: 200, body: JSON.stringify({ ...ring.status(), problem: undefined, events }) }
  }
  answer().then(
    ({ status, headers, body }) => response.writeHead(status, headers).end(body),
    (error: unknown) => response.writeHead(503).end(String(error)),
  )
})

process.on('message', (message: OpenMessage | AdvanceMessage) => {
  const done = 'advance' in message ? advance(message) : open(message)
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ type: 'failed', message: String(error) } satisfies InstanceAnswer),
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.send?.({ type: 'listening', port } satisfies InstanceAnswer)
})
process.on('disconnect', () => process.exit())
