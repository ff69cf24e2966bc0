import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import { startKeyVaultEmulator, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { onTestFinished } from 'vitest'

/** Emulated vaults that documentation calls by the names of Azure. */
export interface TestVaults {
  readonly emulator: RunningKeyVaultEmulator
  /** How servers reach them. */
  readonly options: KeyVaultOptions
  /** With the port that the emulator has. */
  urlOf(name: string): string
  /** The text with the URL of each vault where it has that of Azure. */
  inText(text: string): string
  /** How many signatures the vault has made. */
  signatures(name: string): number
  /** Lets so many seconds pass in the vaults. */
  pass(seconds: number): void
  /** Cuts the network between the servers and the vaults, and mends it. */
  cut(isCut: boolean): void
  /**
   * Runs commands of a page in a folder, against the vault `contoso`. Rejects when one of them fails.
   *
   * @returns what they print
   */
  run(
    folder: string,
    definitions: string,
    script: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<string>
}

const host = /https:\/\/(contoso|fabrikam)\.vault\.azure\.net/g

/** The network between the servers of a test and its vaults. */
export interface Network {
  readonly agent: Agent
  /** Cuts it, and mends it. */
  readonly cut: (isCut: boolean) => void
}

/** A network that ends with the test, and the emulator with it. */
export function networkTo(emulator: RunningKeyVaultEmulator): Network {
  let isCut = false
  const lookup: LookupFunction = (name, options, callback) => {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' })
    if (isCut) callback(error, [])
    else if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
    else callback(null, '127.0.0.1', 4)
  }
  const agent = new Agent({ ca: emulator.ca, keepAlive: true, lookup })
  onTestFinished(async () => {
    agent.destroy()
    await emulator.close()
  })
  return {
    agent,
    cut(shallBeCut) {
      isCut = shallBeCut
      if (isCut) agent.destroy()
    },
  }
}

export async function startVaults(changes: KeyVaultOptions = {}): Promise<TestVaults> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 } })
  const { agent, cut } = networkTo(emulator)
  const credential = emulator.credential()
  const urlOf = (name: string): string => emulator.vaultUrl(name)
  return {
    emulator,
    options: {
      credential,
      agent,
      pollInterval: 20,
      settleTime: 0,
      deadline: 20_000,
      attemptTimeout: 10_000,
      ...changes,
    },
    urlOf,
    inText: (text) => text.replaceAll(host, (_, name: string) => urlOf(name)),
    signatures: (name) =>
      emulator.requests.list('keys/sign').filter((request) => JSON.stringify(request).includes(name)).length,
    pass: (seconds) => emulator.clock.advance(seconds * 1_000),
    cut,
    async run(folder, definitions, script, env = {}) {
      writeFileSync(join(folder, 'ca.pem'), emulator.ca)
      const token = await credential.getToken('https://vault.azure.net/.default')
      // As the page has it, but that curl has to be told where the emulator is.
      const curl = `curl() { command curl --cacert ca.pem --connect-to contoso.vault.azure.net:${emulator.port}:127.0.0.1:${emulator.port} "$@"; }`
      const all = ['set -euo pipefail', definitions, `VAULT=${urlOf('contoso')}`, curl, script].join('\n')
      const { stdout } = await promisify(execFile)('bash', ['-c', all], {
        cwd: folder,
        env: { PATH: process.env['PATH'], TOKEN: token?.token ?? '', ...env },
      })
      return stdout
    },
  }
}
