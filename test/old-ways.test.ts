import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyVaultOptions } from '@sealwright/azure-keyvault'
import { startKeyVaultEmulator, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bundledServer, ServerProcess } from '../apps/token-server/test/support/program.ts'
import { basic, listeningServer } from '../apps/token-server/test/support/server.ts'
import { readPage } from '../apps/token-server/test/support/walk-through.ts'
import { sealwright } from '../packages/cli/test/support/sealwright.ts'

const program = bundledServer()

interface Machine {
  /** Where the commands run, and the home of the user. */
  readonly folder: string
  readonly emulator: RunningKeyVaultEmulator
  readonly vault: KeyVaultOptions
}

/** A machine with the files of the old tools, and an empty vault. */
async function machine(): Promise<Machine> {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 20 } })
  const agent = emulator.agent()
  onTestFinished(async () => {
    agent.destroy()
    await emulator.close()
  })
  const vault = { credential: emulator.credential(), agent, pollInterval: 10, settleTime: 0 }
  return { folder: oldFiles(), emulator, vault }
}

/** A folder with what the old tools have left, made by OpenSSL. */
function oldFiles(): string {
  const folder = scratchFolder()
  const openssl = (line: string): void => {
    execFileSync('openssl', line.split(' '), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const secret = 'correct-horse'
  writeFileSync(join(folder, 'password.txt'), `${secret}\n`)
  openssl('req -x509 -newkey rsa:2048 -noenc -keyout old.key -out old.crt -subj /CN=old -days 90')
  openssl('x509 -in old.crt -outform DER -out old.cer')
  // As makecert -sv and pvk2pfx write them: RC4, and 3DES with SHA-1.
  openssl(
    `rsa -in old.key -outform PVK -pvk-strong -out old.pvk -passout pass:${secret} -provider legacy -provider default`,
  )
  const legacy = `-inkey old.key -in old.crt -legacy -passout pass:${secret}`
  openssl(`pkcs12 -export ${legacy} -out old.pfx`)
  openssl(`pkcs12 -export ${legacy} -out web-server.pfx`)
  const jwk = createPrivateKey(readFileSync(join(folder, 'old.key'))).export({ format: 'jwk' })
  writeFileSync(join(folder, 'tempkey.jwk'), JSON.stringify({ ...jwk, alg: 'RS256', kid: '5F2F' }))
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600)
  return folder
}

/** Runs a block: `sealwright` in this process, everything else in a shell. */
async function runCommands(script: string, { folder, emulator, vault }: Machine): Promise<void> {
  for (const line of script.replaceAll('\\\n', ' ').trim().split('\n')) {
    const [command, ...args] = line.trim().split(/\s+/)
    if (command !== 'sealwright') {
      execFileSync('sh', ['-c', line], { cwd: folder })
      continue
    }
    const placed = args.map((arg) =>
      /^[\w-]+\.(?:pfx|pvk|cer|jwk|txt)$/.test(arg) ? join(folder, arg) : inVault(arg, emulator),
    )
    const outcome = await sealwright(placed, { vault, local: { dotNet: { home: folder } } })
    expect(outcome, line).toMatchObject({ code: 0, error: '' })
  }
}

function inVault(text: string, emulator: RunningKeyVaultEmulator): string {
  return text.replaceAll('https://contoso.vault.azure.net', emulator.vaultUrl('contoso'))
}

/** The settings of a page, with the paths and names of this machine. */
function settingsOf(env: Environment, { folder, emulator }: Machine): Environment {
  const [installed = ''] = readdirSync(storeOf(folder))
  const here = (value: string): string =>
    inVault(value, emulator)
      .replace('THUMBPRINT', installed.replace(/\..*/, ''))
      .replaceAll('./', `${folder}/`)
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]))
}

/** Where .NET on Linux keeps `My` of `CurrentUser`. */
function storeOf(home: string): string {
  const store = join(home, '.dotnet/corefx/cryptography/x509stores/my')
  mkdirSync(store, { recursive: true, mode: 0o700 })
  return store
}

/** Gets a token, as a client of IdentityServer does, and has the API take it and refuse it changed. */
async function expectGoodTokens(origin: string, id: string, secret: string): Promise<string> {
  const answer = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    headers: { authorization: basic(id, secret) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'api1' }),
  })
  expect(answer.status).toBe(200)
  const { access_token: token }: { access_token: string } = JSON.parse(await answer.text())
  const changed = token.replace(/.{9}$/, (end) => (end.startsWith('A') ? 'B' : 'A') + end.slice(1))
  const status = async (sent: string): Promise<number> =>
    (await fetch(`${origin}/api/identity`, { headers: { authorization: `Bearer ${sent}` } })).status
  expect([await status(token), await status(changed)]).toEqual([200, 401])

  const keys = await fetch(`${origin}/.well-known/openid-configuration/jwks`)
  const { keys: published }: { keys: { x5c?: string[] }[] } = JSON.parse(await keys.text())
  return new X509Certificate(Buffer.from(published[0]?.x5c?.[0] ?? '', 'base64')).subject
}

type Environment = Readonly<Record<string, string>>

/** The subject of the certificate that a server with these settings publishes. */
async function subjectWith(settings: Environment, here: Machine): Promise<string> {
  const { folder, vault } = here
  const env = settingsOf(settings, here)
  if (Object.values(env).some((value) => value.startsWith('https:'))) {
    const { origin } = await listeningServer({ env, vault })
    return expectGoodTokens(origin, 'client', 'the secret')
  }
  const server = new ServerProcess(program(), { HOME: folder, ...env })
  const { origin } = await server.started()
  const subject = await expectGoodTokens(origin, 'sample-client', 'sample-secret')
  await server.stop()
  return subject
}

/** Does what a page says, and returns the subjects that servers with its settings publish, in their order. */
async function perform(page: string, here: Machine): Promise<readonly string[]> {
  const { walkThroughs } = readPage(new URL(`../docs/${page}`, import.meta.url))
  const subjects: string[] = []
  for (const step of [...walkThroughs.values()].flat()) {
    // Each step needs what those before it have made.
    // oxlint-disable-next-line no-await-in-loop
    if (step.kind === 'run') await runCommands(step.script, here)
    // oxlint-disable-next-line no-await-in-loop
    else if (step.kind === 'env') subjects.push(await subjectWith(step.env, here))
  }
  return subjects
}

describe.skipIf(lacks('openssl'))(
  'the pages that lead from other servers to this one [needs openssl]',
  () => {
    test('from-identityserver.md', async () => {
      const here = await machine()
      expect(await perform('from-identityserver.md', here)).toEqual(
        Array.from({ length: 4 }, () => 'CN=my-app-auth'),
      )
      const keyIn = (name: string, ...options: string[]): string => {
        const args = [...options, '-in', join(here.folder, name)]
        const pem = execFileSync('openssl', args, { encoding: 'utf8' })
        return createPrivateKey(pem).export({ format: 'pem', type: 'pkcs8' }).toString()
      }
      for (const pfx of ['from-makecert.pfx', 'modern.pfx', 'token-signing.pfx']) {
        const options = ['pkcs12', '-passin', 'pass:correct-horse', '-noenc', '-nocerts']
        expect(keyIn(pfx, ...options), pfx).toBe(keyIn('old.key', 'pkey'))
      }
      // The page has IdentityServer's `"secret".Sha256()`.
      const digest = execFileSync('sh', ['-c', 'printf secret | openssl dgst -sha256 -r'], {
        encoding: 'utf8',
      })
      expect(readFileSync(join(here.folder, 'secret.sha256'), 'utf8')).toBe(digest.split(' ')[0])
    }, 60_000)

    test('from-indicium.md', async () => {
      const here = await machine()
      expect(await perform('from-indicium.md', here)).toEqual(['CN=token-signing'])
      const paths = here.emulator.requests.list().map(({ path }) => path)
      expect(paths).toContain('/certificates/from-web-server/import')
      expect(paths.filter((path) => path.startsWith('/secrets'))).toEqual([])
    }, 60_000)
  },
)
