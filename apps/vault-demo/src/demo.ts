import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKeyVaultEmulator, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { createAzureNetwork } from './azure-network.ts'
import { createLoadBalancer } from './load-balancer.ts'
import { startInstance, type Instance } from './instance.ts'
import { listen } from './listen.ts'

export interface DemoOptions {
  /** The main module of the token server. */
  readonly program: string
  /** The port of the one address; 0 for any free port. */
  readonly port: number
  /** Additional environment variables of the servers. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Ends a start that is not finished; nothing is left running. */
  readonly signal?: AbortSignal | undefined
}

export interface Demo {
  readonly emulator: RunningKeyVaultEmulator
  /** The signing URI, as it would be in production. */
  readonly signingKey: string
  readonly instances: readonly Instance[]
  /** The one address. */
  readonly origin: string
  close(): Promise<void>
}

/** The certificate that both servers sign with. One of them has the vault make it. */
const signingKey = 'https://contoso.vault.azure.net/certificates/token-signing'

/**
 * Starts an emulated vault, two token servers with their key in it, and one address in front of them. The servers get what
 * they would get in production: a signing URI and an identity.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const closing: (() => Promise<unknown>)[] = []
  async function close(): Promise<void> {
    // eslint-disable-next-line no-await-in-loop -- in the opposite order of starting
    for (const stop of closing.toReversed()) await stop()
  }
  try {
    const emulator = await startKeyVaultEmulator()
    closing.push(() => emulator.close())
    const network = createAzureNetwork(emulator.port)
    const proxyPort = await listen(network, 0)
    closing.push(() => stopServer(network))
    // The servers trust the emulator's CA as they would trust a company's own. Nothing else is written to disk.
    const folder = await mkdtemp(join(tmpdir(), 'sealwright-vault-demo-'))
    closing.push(() => rm(folder, { recursive: true, force: true }))
    const caFile = join(folder, 'ca.pem')
    await writeFile(caFile, emulator.ca)

    // The issuer is the one address, so its port must be known before the servers start.
    const origins: string[] = []
    const front = createLoadBalancer(origins)
    const port = await listen(front, options.port)
    closing.push(() => stopServer(front))
    const origin = `http://localhost:${port}`

    const { AZURE_TENANT_ID = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_SECRET = '' } = emulator.environment
    const env = {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      LOG_LEVEL: 'error',
      ISSUER: origin,
      SIGNING_KEY: signingKey,
      AZURE_TENANT_ID,
      AZURE_CLIENT_ID,
      AZURE_CLIENT_SECRET,
      HTTPS_PROXY: `http://localhost:${proxyPort}`,
      NODE_EXTRA_CA_CERTS: caFile,
      ...options.env,
    }
    // At the same moment, as a deployment starts them: one has the vault create the certificate, and the other waits for it.
    const starts = await Promise.allSettled(
      [0, 1].map(() => startInstance(options.program, env, options.signal)),
    )
    const instances = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
    closing.push(...instances.map((instance) => () => instance.stop()))
    const failed = starts.find((start) => start.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    options.signal?.throwIfAborted()
    origins.push(...instances.map((instance) => instance.origin))
    return { emulator, signingKey, instances, origin, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function stopServer(server: ReturnType<typeof createLoadBalancer>): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
