import { fork, type ChildProcess } from 'node:child_process'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { ClientSecretCredential, type TokenCredential } from '@azure/identity'
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys'
import { openKeyVault } from '@sealwright/azure-keyvault'
import { createJwtIssuer } from '@sealwright/jws'
import { wellKnown } from '@sealwright/keyvault-emulator'
import type { Row } from '../measuring/measure.ts'
import type { SignatureCount, VaultAddress } from '../processes/vault.ts'
import { quantile, spread } from '../measuring/statistics.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { assertToken, audience, claims, issuer } from '../load/tokens.ts'

/** Signing in a vault that answers after 30 ms and signs 4,000 times in ten seconds, with more callers than that serves. */
export const remote: Suite = {
  name: 'remote',
  title: 'Signing in a vault',
  async run({ isFull, progress }: SuiteContext): Promise<Row[]> {
    const vault = await startVault()
    try {
      const windows = isFull ? 6 : 1
      const rows = [limit]
      for (const contestant of [await sealwright(vault), await cryptographyClient(vault)]) {
        progress(`${contestant.name}, ${windows * 10} s`)
        rows.push(await measure(vault, contestant, windows))
      }
      const [, , peer] = rows
      return rows.map((row) =>
        row === limit || peer === undefined
          ? row
          : { ...row, ratioToBestPeer: row.opsPerSec / peer.opsPerSec },
      )
    } finally {
      vault.close()
    }
  },
}

/** Signatures in a window that the service allows of a P-256 key in software. */
const quota = 4_000
/** Milliseconds. */
const window = 10_000
const callers = 64

const limit: Row = {
  suite: 'remote',
  name: 'quota',
  alg: 'ES256',
  mode: `${quota.toLocaleString('en')} in 10 s`,
  opsPerSec: (quota / window) * 1000,
  spread: 0,
  ratioToLimit: 1,
  ratioToBestPeer: null,
}

/** Makes signatures in a vault of its own. */
interface Contestant {
  readonly name: string
  readonly mode: string
  readonly vaultName: string
  readonly sign: () => Promise<unknown>
}

/** The real backend as in a token service. Only the access to the vault is set. */
async function sealwright(vault: Vault): Promise<Contestant> {
  const vaultName = 'sealwright'
  const store = openKeyVault(vault.url(vaultName), { ...vault.access(), collection: 'keys' })
  const key = await store.create('tokens', { keyType: 'ec-p256' })
  const tokens = createJwtIssuer(key, { issuer, audience })
  const { publicKey } = key.signer()
  assertToken(await tokens.issue(claims), { algorithm: 'ES256' }, publicKey)
  return { name: 'sealwright', mode: 'remote', vaultName, sign: () => tokens.issue(claims) }
}

/** The SDK's own client as its README shows it, with the key that was read before. */
async function cryptographyClient(vault: Vault): Promise<Contestant> {
  const vaultName = 'sdk'
  const { credential, agent } = vault.access()
  const keys = new KeyClient(vault.url(vaultName), credential, { agent })
  const key = await keys.createEcKey('tokens', { curve: 'P-256' })
  const client = new CryptographyClient(key, credential, { agent })
  const input = signingInput()
  const sign = async (): Promise<string> => {
    const { result } = await client.signData('ES256', Buffer.from(input))
    return `${input}.${toBase64url(result)}`
  }
  assertToken(await sign(), { algorithm: 'ES256' }, publicKeyOf(key))
  return { name: '@azure/keyvault-keys', mode: 'CryptographyClient', vaultName, sign }
}

/** Always the same: a peer that only makes signatures does less work. */
function signingInput(): string {
  const iat = Math.floor(Date.now() / 1000)
  const times = { iat, nbf: iat, exp: iat + 3600, jti: 'kNQ9mUuXhVbF0H3TqYwTzA' }
  return [
    { alg: 'ES256', typ: 'at+jwt' },
    { ...claims, iss: issuer, aud: audience, ...times },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
}

function publicKeyOf({ key }: KeyVaultKey): KeyObject {
  const jwk = { kty: 'EC', crv: 'P-256', x: toBase64url(key?.x), y: toBase64url(key?.y) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

function toBase64url(bytes: Uint8Array = new Uint8Array()): string {
  return Buffer.from(bytes).toString('base64url')
}

/**
 * Callers that ask for one signature after the other, for so many windows of the quota, beginning with a fresh one. A
 * caller that gets an error asks again.
 */
async function measure(
  vault: Vault,
  { name, mode, vaultName, sign }: Contestant,
  windows: number,
): Promise<Row> {
  const before = await vault.ask(vaultName)
  const answeredIn = Array.from({ length: windows }, () => 0)
  const latencies: number[] = []
  let errors = 0
  await vault.ask('window')
  const start = performance.now()
  const end = start + windows * window
  async function call(): Promise<void> {
    for (let asked = performance.now(); asked < end; asked = performance.now()) {
      try {
        await sign()
      } catch {
        if (performance.now() < end) errors++
        continue
      }
      const answered = performance.now()
      if (answered >= end) return
      latencies.push(answered - asked)
      const place = Math.floor((answered - start) / window)
      answeredIn[place] = (answeredIn[place] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  const after = await vault.ask(vaultName)
  const opsPerSec = latencies.length / ((windows * window) / 1000)
  return {
    suite: 'remote',
    name,
    alg: 'ES256',
    mode,
    opsPerSec,
    spread: spread(answeredIn),
    ratioToLimit: opsPerSec / limit.opsPerSec,
    ratioToBestPeer: null,
    latency: { median: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
    errors,
    throttled: after.refused - before.refused,
  }
}

interface Vault {
  readonly url: (name: string) => string
  /** What a client needs; each has connections of its own. */
  readonly access: () => { readonly credential: TokenCredential; readonly agent: Agent }
  /** Begins a `window`, or counts the signatures of a vault. */
  readonly ask: (what: string) => Promise<SignatureCount>
  readonly close: () => void
}

async function startVault(): Promise<Vault> {
  const child = fork(new URL('../processes/vault.js', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const { port, ca, authorityHost, tenantId } = (await messageOf(child)) as VaultAddress
  const agents: Agent[] = []
  return {
    url: (name) => `https://${name}.vault.azure.net:${port}`,
    access() {
      const agent = new Agent({
        ca,
        keepAlive: true,
        lookup: (_host, options, found) =>
          options.all === true
            ? found(null, [{ address: '127.0.0.1', family: 4 }])
            : found(null, '127.0.0.1', 4),
      })
      agents.push(agent)
      const credential = new ClientSecretCredential(tenantId, wellKnown.clientId, wellKnown.clientSecret, {
        authorityHost,
        disableInstanceDiscovery: true,
        tlsOptions: { ca },
      })
      return { credential, agent }
    },
    async ask(what) {
      child.send(what)
      return (await messageOf(child)) as SignatureCount
    },
    close() {
      for (const agent of agents) agent.destroy()
      child.kill()
    },
  }
}

/** @throws Error when it ends instead */
async function messageOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      once(child, 'message', ended).then(([message]: unknown[]) => message),
      once(child, 'exit', ended).then(([code]) => {
        throw new Error(`the vault ended with ${code}`)
      }),
    ])
  } finally {
    ended.abort()
  }
}
