/** A program that logs in with seven clients and writes a snapshot of its heap, started by heap.test.ts. It imports no private key. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { writeHeapSnapshot } from 'node:v8'
import { openKeyVault } from '@sealwright/azure-keyvault'
import type { SigningKey } from '@sealwright/core'
import { openPkcs12File } from '@sealwright/local-store'
import { logInEverywhere, type Origins } from './log-in-everywhere.ts'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { emulatorAgent } from '@sealwright/test-kit/emulator-agent'

/** Where the key is, and what to do with it. */
export interface LoginTask {
  readonly key:
    | { readonly pfx: string; readonly password: string }
    | {
        readonly vaultUrl: string
        readonly ca: string
        readonly authorityHost: string
        readonly tenantId: string
        readonly clientId: string
        readonly clientSecret: string
      }
  /** What to log in to, if anything. */
  readonly services: Origins | null
  /** The path to write the heap snapshot to. */
  readonly snapshot: string
  /** Files whose text the program keeps, as programs keep a key from the environment. */
  readonly keep: readonly string[]
}

/** Nothing in here is collected. */
const kept: unknown[] = []

if (process.send !== undefined) {
  const [task] = (await once(process, 'message')) as [LoginTask]
  const key = await openKey(task.key)
  kept.push(key, task.services === null ? null : await logInEverywhere(key, task.services))
  for (const path of task.keep) kept.push(await readFile(path, 'latin1'))
  // V8 notes the line of each function. Unless it knows where the lines of a file begin, it counts from the top, which takes ten times as
  // long. A stack trace makes it look.
  kept.push(new Error('for its stack').stack)
  writeHeapSnapshot(task.snapshot)
  process.send('ready')
  // Until its memory has been searched.
  await once(process, 'message')
  process.disconnect()
  process.exit(kept.length > 0 ? 0 : 1)
}

async function openKey(place: LoginTask['key']): Promise<SigningKey> {
  if ('pfx' in place) return openPkcs12File(place.pfx, place.password)
  const store = openKeyVault(place.vaultUrl, {
    agent: emulatorAgent(place.ca),
    deadline: 20_000,
    attemptTimeout: 10_000,
    credential: secretCredential(place, place),
  })
  const key = await store.get('reports')
  if (key === null) throw new Error('the key is not there')
  return key
}
