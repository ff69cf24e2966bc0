import { CertificateClient } from '@azure/keyvault-certificates'
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys'
import { SecretClient } from '@azure/keyvault-secrets'
import {
  startKeyVaultEmulator,
  type RunningKeyVaultEmulator,
  type StartOptions,
} from '@sealwright/keyvault-emulator'
import { afterAll, beforeAll } from 'vitest'

/** The unmodified clients of one emulator, which the tests of a file share. */
export interface Clients {
  readonly emulator: RunningKeyVaultEmulator
  readonly keys: KeyClient
  readonly certificates: CertificateClient
  readonly secrets: SecretClient
  cryptography(key: KeyVaultKey | undefined): CryptographyClient
}

/** Pollers ask again after this time. */
export const quick = { intervalInMs: 5 } as const

/** An operation that is aborted at once. */
export function aborted(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.abort() }
}

let counter = 0

/** A name that no other test of the file uses. */
export function newName(): string {
  counter += 1
  return `name-${counter}`
}

/** Everything that an iterator of the clients gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Starts an emulator before the tests of a file and stops it after them. */
export function sharedClients(options: StartOptions = {}): Clients {
  const started: { current?: RunningKeyVaultEmulator; agent?: ReturnType<RunningKeyVaultEmulator['agent']> } =
    {}
  beforeAll(async () => {
    started.current = await startKeyVaultEmulator({
      timing: { issuance: 10, deletion: 10, recovery: 10 },
      ...options,
    })
    started.agent = started.current.agent()
  })
  afterAll(() => started.current?.close())
  const emulator = (): RunningKeyVaultEmulator => {
    if (started.current === undefined) throw new Error('the emulator has not started')
    return started.current
  }
  const clientOptions = () => ({ agent: started.agent ?? emulator().agent() })
  return {
    get emulator() {
      return emulator()
    },
    get keys() {
      return new KeyClient(emulator().vaultUrl(), emulator().credential(), clientOptions())
    },
    get certificates() {
      return new CertificateClient(emulator().vaultUrl(), emulator().credential(), clientOptions())
    },
    get secrets() {
      return new SecretClient(emulator().vaultUrl(), emulator().credential(), clientOptions())
    },
    cryptography(key) {
      if (key === undefined) throw new Error('there is no key')
      return new CryptographyClient(key, emulator().credential(), clientOptions())
    },
  }
}
