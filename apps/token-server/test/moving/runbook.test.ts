import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openKeyVault } from '@sealwright/azure-keyvault'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listeningServer, type TestServer } from '../support/server.ts'
import { requestToken } from '../support/token-load.ts'
import { startVaults, type TestVaults } from '../support/vaults.ts'
import { readPage } from '../support/walk-through.ts'

const { definitions, walkThroughs } = readPage(
  new URL('../../../../docs/rotation.md', import.meta.url),
  '### ',
)

/** Two servers, `ts1` and `ts2`. Their processes are this one, which reads their keys on SIGHUP as main.ts does. */
class Runbook {
  readonly vaults: TestVaults
  readonly servers: readonly (TestServer & { readonly origin: string })[]
  readonly #folder: string = scratchFolder()
  readonly #ringLog: readonly string[]
  #readings: Promise<void>[] = []

  private constructor(
    vaults: TestVaults,
    servers: readonly (TestServer & { readonly origin: string })[],
    ringLog: readonly string[],
  ) {
    this.vaults = vaults
    this.servers = servers
    this.#ringLog = ringLog
    for (const name of ['ts1', 'ts2']) writeFileSync(join(this.#folder, `${name}.pid`), String(process.pid))
    const read = (): void => {
      this.#readings.push(...servers.map(({ ring }) => ring.refresh().catch(() => undefined)))
    }
    process.on('SIGHUP', read)
    onTestFinished(() => void process.off('SIGHUP', read))
  }

  static async open(): Promise<Runbook> {
    const vaults = await startVaults({ deadline: 500 })
    const ringLog: string[] = []
    const env = {
      SIGNING_KEY: vaults.inText('https://contoso.vault.azure.net/certificates/token-signing'),
      SIGNING_KEY_TYPE: 'ec-p256',
    }
    const options = { env, vault: vaults.options, isIssuerKept: true }
    const first = await listeningServer({ ...options, ringLog })
    return new Runbook(vaults, [first, await listeningServer(options)], ringLog)
  }

  /** Runs the commands of a section, and returns what each block prints. */
  async run(title: string, variables: () => Promise<Readonly<Record<string, string>>>): Promise<string[]> {
    const printed: string[] = []
    for (const step of walkThroughs.get(title) ?? []) {
      if (step.kind !== 'run') continue
      writeFileSync(join(this.#folder, 'ts1.log'), this.#ringLog.join(''))
      const script = this.servers.reduce(
        (text, { origin }, index) => text.replaceAll(`http://localhost:1500${index + 1}`, origin),
        step.script.replace('sample-client:sample-secret', 'client:the%20secret'),
      )
      printed.push(await this.vaults.run(this.#folder, definitions, script, await variables()))
      if (!script.includes('kill -HUP')) continue
      await vi.waitUntil(() => this.#readings.length > 0, { timeout: 10_000 })
      await Promise.all(this.#readings)
      this.#readings = []
    }
    return printed
  }

  /** Deletes the certificate for good. */
  async destroy(): Promise<void> {
    const name = 'certificates/token-signing?$API"'
    const deleted = `until vault -X DELETE "$VAULT/deleted${name}; do sleep 0.1; done`
    await this.vaults.run(this.#folder, definitions, `vault -X DELETE "$VAULT/${name}\n${deleted}`)
  }

  async token(): Promise<string> {
    return requestToken(this.servers[0]?.origin ?? '')
  }

  /** The keys that the first server publishes. */
  kids(): readonly string[] {
    return this.servers[0]?.ring.jwks().keys.map(({ kid }) => kid) ?? []
  }
}

const kidsIn = (text = ''): string[] => [...text.matchAll(/"kid":"([^"]+)"/g)].map(([, kid = '']) => kid)
const none = async (): Promise<Readonly<Record<string, string>>> => ({})

test.skipIf(lacks('curl', 'bash'))(
  'the commands of the runbook do what the page says [needs curl, bash]',
  async () => {
    const runbook = await Runbook.open()
    const { vaults, servers } = runbook
    const [server] = servers
    const [first = ''] = runbook.kids()

    // Keys of the same minute would all be the issuer's first.
    vaults.pass(90)
    // Of both servers: the key of before signs, and the new one is announced.
    const planned = await runbook.run('Planned rotation', none)
    const shown = kidsIn(planned.at(-1))
    expect(shown).toEqual([...runbook.kids(), ...runbook.kids()])
    expect(runbook.kids()).toEqual([first, expect.not.stringContaining(first)])

    const compromised = server?.ring.signingKey()
    const OLD = await runbook.token()
    const emergency = await runbook.run('Emergency: a key is compromised', async () => ({
      VERSION: compromised?.version ?? '',
      OLD,
      // There is none between the two commands.
      NEW: await runbook.token().catch(() => ''),
    }))
    expect(emergency.at(-1)).toMatch(
      /^"kid":"[\w-]{43}"\n401\n200\n.*signs before its announcement is over: tokens may be refused for up to \d+ s/,
    )
    expect(runbook.kids()).not.toContain(first)

    vaults.cut(true)
    const [down = ''] = await runbook.run('The vault is down', none)
    expect(down).toMatch(/^503 in [\d.]+ s\n200\n200\n503\n$/)
    vaults.cut(false)
    await expect.poll(() => runbook.token().catch(() => null)).not.toBeNull()

    const vault = openKeyVault(vaults.urlOf('contoso'), vaults.options)
    await vault.delete('token-signing')
    await runbook.run('The certificate was deleted', none)
    await expect.poll(() => runbook.token().catch(() => null)).not.toBeNull()

    const before = runbook.kids()
    let blocks = 0
    await runbook.run('Restoring from a backup', async () => {
      // The accident that a backup is for comes between the two.
      if (++blocks === 2) await runbook.destroy()
      return {}
    })
    expect(blocks).toBe(2)
    expect(runbook.kids()).toEqual(before)
  },
)
