import type { Agent } from 'node:https'
import { createAgent } from './http/agent.ts'
import { EmulatorError } from './protocol/errors.ts'
import { wellKnown } from './well-known.ts'

/** Where an emulator of another process listens. */
export interface ConnectOptions {
  /** Its host name or address. Default `localhost`. */
  readonly host?: string | undefined
  /** The port of the vaults, as seen from here. Default 8443. */
  readonly port?: number | undefined
  /** The port of the CA certificate and the controls, as seen from here. Default 8444. */
  readonly metadataPort?: number | undefined
}

/** What clients need to use an emulator of another process. */
export interface ConnectedKeyVaultEmulator {
  /** The certificate of its CA, in PEM. */
  readonly ca: string
  /** For `authorityHost` of credentials; see `RunningKeyVaultEmulator`. */
  readonly authorityHost: string
  /** The environment variables that make a `DefaultAzureCredential` use the default application. */
  readonly environment: Readonly<Record<string, string>>
  /** The URL of a vault. Default `emulator`. */
  vaultUrl(name?: string): string
  /** The URL of a managed HSM. Default `emulator`. */
  managedHsmUrl(name?: string): string
  /** An agent for the SDK's clients, which trusts the CA and reaches every host name at the emulator. */
  agent(): Agent
}

/**
 * Connects to an emulator that runs elsewhere, such as in a container with other ports on this side.
 *
 * @throws EmulatorError if no emulator answers on the metadata port
 *
 * @example
 * ```ts
 * import { ClientSecretCredential } from '@azure/identity'
 * import { KeyClient } from '@azure/keyvault-keys'
 * import { connectKeyVaultEmulator, wellKnown } from '@sealwright/keyvault-emulator'
 *
 * const { ca, authorityHost, vaultUrl, agent } = await connectKeyVaultEmulator({ port: 8443, metadataPort: 8444 })
 * const { tenantId, clientId, clientSecret } = wellKnown
 * const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
 *   authorityHost,
 *   disableInstanceDiscovery: true,
 *   tlsOptions: { ca },
 * })
 * const client = new KeyClient(vaultUrl(), credential, { agent: agent() })
 * await client.createKey('signing', 'EC')
 * ```
 */
export async function connectKeyVaultEmulator(
  options: ConnectOptions = {},
): Promise<ConnectedKeyVaultEmulator> {
  const { host = 'localhost', port = 8443, metadataPort = 8444 } = options
  const ca = await readCertificate(`http://${host}:${metadataPort}/ca.pem`)
  const authorityHost = `https://${host}:${port}`
  return {
    ca,
    authorityHost,
    environment: {
      AZURE_AUTHORITY_HOST: authorityHost,
      AZURE_TENANT_ID: wellKnown.tenantId,
      AZURE_CLIENT_ID: wellKnown.clientId,
      AZURE_CLIENT_SECRET: wellKnown.clientSecret,
    },
    vaultUrl: (name = wellKnown.vault) => `https://${name}.vault.azure.net:${port}`,
    managedHsmUrl: (name = wellKnown.vault) => `https://${name}.managedhsm.azure.net:${port}`,
    agent: () => createAgent([ca], host),
  }
}

async function readCertificate(url: string): Promise<string> {
  try {
    const answer = await fetch(url)
    const text = await answer.text()
    if (answer.ok && text.startsWith('-----BEGIN CERTIFICATE-----')) return text
  } catch (cause) {
    throw new EmulatorError(`no emulator answers at ${url}; is it started, and the port published?`, {
      cause,
    })
  }
  throw new EmulatorError(`${url} answers, but is not an emulator's`)
}
