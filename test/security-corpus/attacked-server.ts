import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import {
  client,
  issuer,
  listeningServer,
  settingsFile,
  testServer,
  type InjectOptions,
  type LightMyRequestResponse,
  type TestServer,
} from '../../apps/token-server/test/support/server.ts'
import { algorithmsOf, createLocalSigner, type SigningKey } from '../../packages/core/src/index.ts'
import { rsaKey } from '../../packages/test-kit/src/rsa-keys.ts'
import type { TokenKit } from './families/access-tokens.ts'
import { assertionClients, type AssertionKit } from './families/client-assertions.ts'

export type { InjectOptions, LightMyRequestResponse }

export const now: Date = new Date('2030-01-01T00:00:00Z')

const ec = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** Private keys: of the server, of its clients, and of someone else. */
export const keys: AssertionKit['keys'] & TokenKit['keys'] = {
  server: ec(),
  client: ec(),
  neighbour: ec(),
  rsa: rsaKey(2048),
  ed25519: generateKeyPairSync('ed25519').privateKey,
  attacker: ec(),
}

type Member = readonly [key: KeyObject, more?: object]

function jwks(...members: readonly Member[]): object {
  return {
    keys: members.map(([key, more]) => ({ ...createPublicKey(key).export({ format: 'jwk' }), ...more })),
  }
}

const withKeys = (clientId: string, ...members: readonly Member[]): object =>
  client({ clientId, secrets: [], jwks: jwks(...members) })

const file = settingsFile({
  clients: [
    // It has a secret as well.
    client({ jwks: jwks([keys.client]) }),
    withKeys(assertionClients.other, [keys.neighbour]),
    withKeys(assertionClients.rsa, [keys.rsa]),
    withKeys(assertionClients.pss, [keys.rsa, { alg: 'PS256' }]),
    withKeys(assertionClients.eddsa, [keys.ed25519]),
    withKeys(assertionClients.several, [keys.client, { kid: 'a' }], [keys.neighbour, { kid: 'b' }]),
    client({ clientId: assertionClients.without }),
  ],
})

/** `keys.server` as a key without a certificate. */
function signingKey(): SigningKey {
  const signer = createLocalSigner(keys.server)
  return {
    name: 'server',
    version: '1',
    location: 'memory',
    keyId: signer.keyId,
    publicKey: signer.publicKey,
    algorithms: algorithmsOf(keys.server),
    certificates: [],
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    createdAt: null,
    enabled: true,
    signer: () => signer,
  }
}

/** A token server for one test, and its log at the level `trace`. */
export interface AttackedServer extends TestServer {
  readonly log: string[]
  /** The answers that the test has received. */
  readonly answers: string[]
  readonly issuer: string
}

/** Requests are injected, and its clock stands still. */
export async function attackedServer(): Promise<AttackedServer> {
  const log: string[] = []
  const server = await testServer({ file, log, clock: () => now, sources: [{ key: signingKey() }] })
  return { ...server, log, answers: [], issuer }
}

/** It listens; its clock is this machine's. */
export async function listeningAttackedServer(): Promise<AttackedServer & { readonly port: number }> {
  const log: string[] = []
  const server = await listeningServer({ file, log, sources: [{ key: signingKey() }] })
  return { ...server, log, answers: [], issuer: server.origin, port: Number(new URL(server.origin).port) }
}

/** Private keys of the server and its clients, and passwords that the inputs have. */
export const plantedSecrets: readonly string[] = [
  'the secret',
  'hunter2',
  ...Object.values(keys).flatMap((key) => {
    const { d = '' } = key.export({ format: 'jwk' })
    return [d, key.export({ format: 'pem', type: 'pkcs8' }).toString()]
  }),
]

/** Why the server refused the last request, by its log; null if it did not. */
export function lastReason(log: readonly string[]): string | null {
  for (const line of log.toReversed()) {
    const { msg, reason } = JSON.parse(line) as { readonly msg: string; readonly reason?: string }
    if (msg.endsWith(' refused')) return reason ?? null
  }
  return null
}

/** A server that no request may reach. */
export async function startTrap(): Promise<{ readonly url: string; readonly requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}
