import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  importIntoVault,
  makePfx,
  makeServerCertificate,
  openPfx,
  pfxPassword,
  privateKey,
  startVault,
} from '../support/keys.ts'
import type { Origins } from '../support/log-in-everywhere.ts'
import type { LoginTask } from '../support/login-process.ts'
import { find, findInMemory, tracesInMemory, tracesInSnapshot } from '../support/private-bytes.ts'
import { msalTenantId, tenantId } from '../support/registrations.ts'
import { entraTokenPath, startServicesFor, type Services } from '../support/service-endpoints.ts'

// The program logs in with all seven clients. A key that it held on the way would be in its heap, or below it in OpenSSL.

const program = bundledProgram(new URL('../support/login-process.ts', import.meta.url), [
  '@azure/msal-node',
  '@modelcontextprotocol/sdk',
  '@octokit/auth-app',
  '@octokit/core',
  'google-auth-library',
])
const folder = scratchFolderForFile()
const isLinux = process.platform === 'linux'
let vault: RunningKeyVaultEmulator
let services: Services
let origins: Origins
let snapshotPath: string

beforeAll(async () => {
  const pfx = await makePfx()
  const tls = await makeServerCertificate()
  vault = await startVault()
  await importIntoVault(pfx, vault)
  services = await startServicesFor(await openPfx(pfx, folder()), tls)
  origins = { secure: services.secure.origin, plain: services.plain.origin, ca: tls.cert }
  snapshotPath = join(folder(), 'process.heapsnapshot')
})
afterAll(async () => {
  services.secure.close()
  services.plain.close()
  await vault.close()
})

test('a process that logs in with a key in a vault has no byte of it', async () => {
  const { ca, authorityHost } = vault
  const { clientId, clientSecret } = wellKnown
  const vaultUrl = vault.vaultUrl('contoso')
  const key = { vaultUrl, ca, authorityHost, tenantId: vault.tenantId, clientId, clientSecret }
  const seen = await runProgram({ key, services: origins, keep: [] })
  expect(seen.snapshot).toEqual([])
  expect(seen.memory).toEqual([])
  // It did log in, with each client.
  expect(services.secure.accepted).toEqual([entraTokenPath(tenantId), entraTokenPath(msalTenantId), '/token'])
  expect(services.plain.accepted).toEqual([
    '/app/installations/7/access_tokens',
    '/id/token',
    '/realms/contoso/token',
    '/mcp-id/token',
  ])
  expect([...services.secure.refused, ...services.plain.refused]).toEqual([])
})

test('the search finds a key: one that is kept as text, and one of a PFX in OpenSSL', async () => {
  const { d = '', p = '', q = '' } = privateKey.export({ format: 'jwk' })
  const keep = [d, p, q].flatMap((number, index) => {
    const bytes = Buffer.from(number, 'base64url')
    return (['hex', 'base64', 'base64url', 'latin1'] as const).map((encoding) => {
      const path = join(folder(), `${index}.${encoding}`)
      const text = encoding === 'latin1' ? bytes : bytes.toString(encoding)
      writeFileSync(path, text)
      return path
    })
  })
  const pfx = join(folder(), 'reports.pfx')
  const asText = await runProgram({ key: { pfx, password: pfxPassword }, services: null, keep })
  for (const encoding of ['hex', 'base64', 'base64url', 'raw']) {
    expect(asText.snapshot).toEqual(
      expect.arrayContaining([`d in ${encoding}`, `p in ${encoding}`, `q in ${encoding}`]),
    )
  }
  expect(asText.memory.includes('d, little-endian')).toBe(isLinux)
})

/** Which traces of the key are in the heap snapshot of the program, and in its memory. */
async function runProgram(
  task: Omit<LoginTask, 'snapshot'>,
): Promise<{ readonly snapshot: readonly string[]; readonly memory: readonly string[] }> {
  const child = fork(program(), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.send({ ...task, snapshot: snapshotPath } satisfies LoginTask)
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the program ended before it was searched'))),
  ])
  const snapshot = readFileSync(snapshotPath)
  rmSync(snapshotPath)
  if (!snapshot.includes('logInEverywhere')) throw new Error('the snapshot is not of the program')
  const memory = isLinux ? findInMemory(tracesInMemory(privateKey), child.pid ?? 0) : []
  child.send('done')
  return { snapshot: find(tracesInSnapshot(privateKey), snapshot), memory }
}
