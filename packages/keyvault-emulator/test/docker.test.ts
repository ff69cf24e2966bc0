import { spawn } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClientSecretCredential } from '@azure/identity'
import { KeyClient } from '@azure/keyvault-keys'
import {
  connectKeyVaultEmulator,
  startKeyVaultEmulator,
  wellKnown,
  type StartOptions,
} from '@sealwright/keyvault-emulator'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseCommand } from '../src/command.ts'
import { readSeed } from '../src/seed.ts'

const folder = fileURLToPath(new URL('../docker', import.meta.url))
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** An instruction of the Dockerfile in its JSON form. */
function instruction(name: string): string[] {
  const [, json = ''] =
    new RegExp(`^(?:${name}|HEALTHCHECK .*\\n\\s*${name}) (\\[.*\\])$`, 'm').exec(read('Dockerfile')) ?? []
  return JSON.parse(json) as string[]
}

/** Runs the health check against a port. @returns its exit code */
async function check(port: number): Promise<number | null> {
  const [, ...args] = instruction('CMD').map((word) => word.replace(':8444', `:${port}`))
  const child = spawn(process.execPath, args)
  return new Promise((resolve) => child.on('close', resolve))
}

describe('the container', () => {
  test('does not run as root, and starts a command that the emulator knows', () => {
    const users = [...read('Dockerfile').matchAll(/^USER (.*)$/gm)].map(([, user]) => user)
    expect(users).toEqual(['node'])
    const [command, ...args] = instruction('ENTRYPOINT')
    expect(command).toBe('keyvault-emulator')
    const [, list = ''] = /^ *command: (\[.*\])$/m.exec(read('compose.yaml')) ?? []
    const words = JSON.parse(list.replaceAll("'", '"')) as string[]
    const more = words.map((word) => word.replace('/seed/', `${folder}/seed/`))
    const parsed = parseCommand([...args, ...more]) as { options: StartOptions }
    expect(parsed.options).toMatchObject({ host: '0.0.0.0', hosts: ['keyvault'], data: '/data' })
    expect(parsed.options.seed).toEqual(readSeed(join(folder, 'seed/seed.json')))
  })

  test('its health check succeeds while the emulator listens, and fails otherwise', async () => {
    const emulator = await startKeyVaultEmulator()
    onTestFinished(() => emulator.close())
    expect(await check(emulator.metadataPort)).toBe(0)
    await emulator.close()
    expect(await check(emulator.metadataPort)).toBe(1)
  })
})

describe('connectKeyVaultEmulator', () => {
  test('gives clients of another process all they need', async () => {
    const running = await startKeyVaultEmulator()
    onTestFinished(() => running.close())
    const { port, metadataPort } = running
    const connected = await connectKeyVaultEmulator({ host: '127.0.0.1', port, metadataPort })
    const { tenantId, clientId, clientSecret } = wellKnown
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, {
      authorityHost: connected.authorityHost,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: connected.ca },
    })
    const agent = connected.agent()
    onTestFinished(() => agent.destroy())
    for (const url of [connected.vaultUrl(), connected.managedHsmUrl()]) {
      const key = await new KeyClient(url, credential, { agent }).createEcKey('k')
      expect(key.id?.startsWith(`${url}/keys/k/`)).toBe(true)
    }
  })

  test('reaches a host by its name', async () => {
    const running = await startKeyVaultEmulator()
    onTestFinished(() => running.close())
    const { port, metadataPort } = running
    const connected = await connectKeyVaultEmulator({ host: 'localhost', port, metadataPort })
    const agent = connected.agent()
    onTestFinished(() => agent.destroy())
    const keys = new KeyClient(connected.vaultUrl(), running.credential(), { agent })
    expect((await keys.createEcKey('k')).name).toBe('k')
  })

  test('says when none answers', async () => {
    const closed = await startKeyVaultEmulator()
    await closed.close()
    const { metadataPort } = closed
    await expect(connectKeyVaultEmulator({ metadataPort })).rejects.toThrow(
      /no emulator answers at .*is it started/,
    )
  })
})

test.skipIf(lacks('bash', 'curl'))(
  'the GitHub Action starts it and writes its CA [needs bash and curl]',
  async () => {
    const emulator = await startKeyVaultEmulator()
    onTestFinished(() => emulator.close())
    const [, block = ''] = /^ {6}run: \|\n((?: {8}.*\n)+)/m.exec(read('action.yml')) ?? []
    const script = block.replaceAll(/^ {8}/gm, '').replaceAll(':8444', `:${emulator.metadataPort}`)
    const scratch = scratchFolder()
    // In place of npx, which would ask the registry: it notes what it was asked for.
    writeFileSync(join(scratch, 'npx'), `#!/bin/sh\necho "$@"\n`)
    chmodSync(join(scratch, 'npx'), 0o755)
    const env = {
      ...process.env,
      PATH: `${scratch}:${process.env['PATH'] ?? ''}`,
      RUNNER_TEMP: scratch,
      GITHUB_OUTPUT: join(scratch, 'output'),
      VERSION: '1.2.3',
      ARGUMENTS: '--seed test/seed.json',
    }
    await new Promise<void>((resolve, reject) => {
      const child = spawn('bash', ['-e', '-c', script], { env })
      child.on('error', reject)
      child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))))
    })
    expect(readFileSync(join(scratch, 'output'), 'utf8')).toBe(`ca=${scratch}/keyvault-emulator-ca.pem\n`)
    expect(readFileSync(join(scratch, 'keyvault-emulator-ca.pem'), 'utf8')).toBe(emulator.ca)
    expect(readFileSync(join(scratch, 'keyvault-emulator.log'), 'utf8')).toBe(
      '--yes @sealwright/keyvault-emulator@1.2.3 --seed test/seed.json\n',
    )
  },
)
