import { once } from 'node:events'
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer as createHttpsServer, type Agent, type Server as HttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { createSecureContext, type SecureContext } from 'node:tls'
import { assemble, type KeyVaultEmulator } from './emulator.ts'
import { wellKnown } from './well-known.ts'
import type { KeyVaultEmulatorOptions } from './options.ts'
import { handleControls } from './service/controls.ts'
import { appServicePath } from './identity/managed-identity.ts'
import { plantSeed, type Seed } from './seed.ts'
import { createAgent } from './http/agent.ts'
import { createListener } from './http/listener.ts'
import { createServerCertificate, type PemPair } from './http/server-certificate.ts'

/** The options of an emulator that listens. */
export interface StartOptions extends KeyVaultEmulatorOptions {
  /** Port of the vaults and of the authority, HTTPS. Default 0: any free one. */
  readonly port?: number | undefined
  /** Port of the managed identity endpoints and of `/ca.pem`, plain HTTP. Default 0: any free one. */
  readonly metadataPort?: number | undefined
  /** The address to listen on. Default `127.0.0.1`. Everyone who can reach it can use the keys. */
  readonly host?: string | undefined
  /** The identities and objects to start with. */
  readonly seed?: Seed | undefined
  /** A server certificate with its chain and the private key, both PEM. Default: one of the emulator's own CA. */
  readonly tls?: { readonly certificate: string; readonly privateKey: string } | undefined
}

/** Vaults that listen. */
export interface RunningKeyVaultEmulator extends KeyVaultEmulator, AsyncDisposable {
  /** HTTPS: the vaults and the authority. */
  readonly port: number
  /** HTTP: the managed identity endpoints, and the CA at `/ca.pem`. */
  readonly metadataPort: number
  /** The certificate of the emulator's CA, PEM. */
  readonly ca: string
  /**
   * For `authorityHost` of credentials, which also need `disableInstanceDiscovery: true` and `tlsOptions: { ca }`.
   */
  readonly authorityHost: string
  /** Environment variables that make a `DefaultAzureCredential` use the first identity with a secret. */
  readonly environment: Readonly<Record<string, string>>
  /** Environment variables that make `ManagedIdentityCredential` find the App Service endpoint. */
  readonly appServiceEnvironment: Readonly<Record<string, string>>
  /** Environment variables that make `ManagedIdentityCredential` find the IMDS endpoint. */
  readonly imdsEnvironment: Readonly<Record<string, string>>
  /**
   * An agent for SDK clients (`new KeyClient(url, credential, { agent })`): it trusts the CA, reaches every host
   * name at this emulator, and keeps connections alive. The caller destroys it, or `close` does.
   */
  agent(): Agent
  /** Stops listening and drops every connection. */
  close(): Promise<void>
}

/**
 * Starts an emulator on this machine. Vaults are `https://NAME.vault.azure.net:PORT`, the host shape of the
 * service, so that clients verify the challenge as they always do.
 *
 * @throws EmulatorError for options it cannot work with, and what `listen` throws, such as EADDRINUSE
 *
 * @example
 * ```ts
 * import { CertificateClient } from '@azure/keyvault-certificates'
 * import { startKeyVaultEmulator } from '@sealwright/keyvault-emulator'
 *
 * await using emulator = await startKeyVaultEmulator()
 * const client = new CertificateClient(emulator.vaultUrl(), emulator.credential(), { agent: emulator.agent() })
 * await client.beginCreateCertificate('signing', { issuerName: 'Self', subject: 'CN=signing' })
 * ```
 */
export async function startKeyVaultEmulator(options: StartOptions = {}): Promise<RunningKeyVaultEmulator> {
  const internals = assemble({
    ...options,
    identities: options.identities ?? options.seed?.identities,
    attestationAuthorities: options.attestationAuthorities ?? options.seed?.attestationAuthorities,
  })
  const { emulator, secrets, parts } = internals
  await plantSeed(parts, options.seed ?? {})
  const host = options.host ?? '127.0.0.1'
  const ca = secrets.certificateAuthority.certificate
  const { certificate, privateKey } =
    options.tls ??
    createServerCertificate(secrets.certificateAuthority, [...serverNames, ...(options.hosts ?? [])])
  const contextFor = localhostContexts(secrets.certificateAuthority)
  const https = createHttpsServer(
    {
      cert: options.tls === undefined ? certificate + ca : certificate,
      key: privateKey,
      SNICallback: (serverName, callback) => callback(null, contextFor(serverName)),
    },
    createListener('https', (request) => emulator.handle(request)),
  )
  const http = createHttpServer(
    createListener(
      'http',
      async (request) =>
        handleControls({ ...emulator, ca, vaults: () => parts.vaults() }, request) ??
        emulator.handleManagedIdentity(request),
    ),
  )
  for (const server of [https, http]) {
    // Node's default of 5 s closes connections under the SDK's hands, which shows as ECONNRESET and a second's
    // delay.
    server.keepAliveTimeout = 120_000
  }
  const agents: Agent[] = []
  async function close(): Promise<void> {
    for (const agent of agents) agent.destroy()
    await Promise.all([closeServer(https), closeServer(http)])
    internals.close()
  }
  const port = await listen(https, options.port ?? 0, host)
  const metadataPort = await listen(http, options.metadataPort ?? 0, host).catch(async (error: unknown) => {
    await close()
    throw error
  })
  const application = emulator.identities.find((identity) => identity.clientSecret !== null)

  return {
    ...emulator,
    port,
    metadataPort,
    ca,
    authorityHost: `https://localhost:${port}`,
    environment: {
      AZURE_AUTHORITY_HOST: `https://localhost:${port}`,
      AZURE_TENANT_ID: emulator.tenantId,
      AZURE_CLIENT_ID: application?.clientId ?? '',
      AZURE_CLIENT_SECRET: application?.clientSecret ?? '',
    },
    appServiceEnvironment: {
      IDENTITY_ENDPOINT: `http://127.0.0.1:${metadataPort}${appServicePath}`,
      IDENTITY_HEADER: secrets.identityHeader,
    },
    imdsEnvironment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${metadataPort}` },
    vaultUrl: (name = wellKnown.vault) => `https://${name}.vault.azure.net:${port}`,
    managedHsmUrl: (name = wellKnown.vault) => `https://${name}.managedhsm.azure.net:${port}`,
    agent() {
      const agent = createAgent([ca, certificate], host)
      agents.push(agent)
      return agent
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The names of vaults in every cloud, and those of the authority. */
const serverNames = [
  '*.vault.azure.net',
  '*.vault.azure.cn',
  '*.vault.usgovcloudapi.net',
  '*.managedhsm.azure.net',
  '*.managedhsm.azure.cn',
  '*.managedhsm.usgovcloudapi.net',
  '*.privatelink.vaultcore.azure.net',
  'host.docker.internal',
  'localhost',
  'login.microsoftonline.com',
  '127.0.0.1',
  '::1',
]

/**
 * Certificates for `NAME.localhost`, made on the first connection: clients accept no wildcard right below a top-level
 * name.
 */
function localhostContexts(authority: PemPair): (serverName: string) => SecureContext | undefined {
  const contexts = new Map<string, SecureContext>()
  return (serverName) => {
    if (!/^[a-z0-9-]{1,63}\.localhost$/.test(serverName)) return undefined
    let context = contexts.get(serverName)
    if (context === undefined) {
      const { certificate, privateKey } = createServerCertificate(authority, [serverName])
      context = createSecureContext({ cert: certificate, key: privateKey })
      // Made-up names must not fill the memory.
      if (contexts.size < 1000) contexts.set(serverName, context)
    }
    return context
  }
}

async function closeServer(server: HttpServer | HttpsServer): Promise<void> {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is never a string
  return (server.address() as AddressInfo).port
}
