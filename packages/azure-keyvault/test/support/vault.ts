import { Agent } from 'node:https'
import type { LookupFunction } from 'node:net'
import { CertificateClient } from '@azure/keyvault-certificates'
import { KeyClient } from '@azure/keyvault-keys'
import {
  startKeyVaultEmulator,
  wellKnown,
  type RunningKeyVaultEmulator,
  type StartOptions,
} from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { expect, onTestFinished } from 'vitest'
import type { KeyVaultOptions } from '../../src/index.ts'

/** A vault on localhost, which only the SDK's own clients and @sealwright/azure-keyvault talk to. */
export interface TestVault {
  readonly emulator: RunningKeyVaultEmulator
  readonly url: string
  /** What reaches it: a credential of its authority, and an agent that trusts its CA. Waits are short. */
  readonly options: KeyVaultOptions
  /** The SDK's clients, unmodified, for what an administrator would do. */
  readonly keys: KeyClient
  readonly certificates: CertificateClient
}

/** Starts a vault that closes when the test has finished, and sees to it that nobody asked for a private key. */
export async function startVault(options: StartOptions = {}): Promise<TestVault> {
  const vault = await openVault(options)
  onTestFinished(() => closeVault(vault))
  return vault
}

/** As {@link startVault}, for whoever closes it. */
export async function openVault(options: StartOptions = {}): Promise<TestVault> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 }, ...options })
  const { requests } = emulator
  // A test that counts from zero must not wipe out what closeVault looks for.
  const clear = requests.clear.bind(requests)
  requests.clear = () => {
    checkSecrets(emulator)
    clear()
  }
  const url = emulator.vaultUrl('contoso')
  const sdkOptions = { agent: emulator.agent() }
  const credential = secretCredential(emulator, wellKnown)
  return {
    emulator,
    url,
    options: {
      credential: secretCredential(emulator, wellKnown),
      agent: emulator.agent(),
      pollInterval: 10,
      settleTime: 0,
      // A machine that is busy with other tests must not look like a vault that is down.
      deadline: 20_000,
      attemptTimeout: 10_000,
      quota: 1_000_000,
    },
    keys: new KeyClient(url, credential, sdkOptions),
    certificates: new CertificateClient(url, credential, sdkOptions),
  }
}

export async function closeVault({ emulator }: TestVault): Promise<void> {
  await emulator.close()
  checkSecrets(emulator)
}

/** A certificate's secret is its private key. No run of the suite may so much as try to read one. */
function checkSecrets({ requests }: RunningKeyVaultEmulator): void {
  const paths = requests.list().map(({ path }) => path)
  expect(paths.filter((path) => path.startsWith('/secrets'))).toEqual([])
}

/** An agent that reaches the emulator until the line is cut: then DNS does not answer, as without a network. */
export function cuttableAgent(emulator: RunningKeyVaultEmulator): {
  readonly agent: Agent
  /** How many connections were tried while it was cut. */
  readonly triedInVain: () => number
  cut(): void
  mend(): void
} {
  let isCut = false
  let triedInVain = 0
  const lookup: LookupFunction = (hostname, options, callback) => {
    if (isCut) {
      triedInVain++
      const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${hostname}`), { code: 'EAI_AGAIN' })
      callback(error, [])
    } else if (options.all === true) {
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    } else {
      callback(null, '127.0.0.1', 4)
    }
  }
  const agent = new Agent({ ca: emulator.ca, keepAlive: true, lookup })
  return {
    agent,
    triedInVain: () => triedInVain,
    cut() {
      isCut = true
      agent.destroy()
    },
    mend() {
      isCut = false
    },
  }
}
