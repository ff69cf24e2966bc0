import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:https'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { lacks } from '@sealwright/test-kit/tools'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

// The command itself, as it ships: compiled, in a process of its own. Below node_modules, where its imports
// resolve.
const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const modules = join(packageFolder, '../../node_modules')
let build = ''

beforeAll(() => {
  mkdirSync(join(modules, '.cache'), { recursive: true })
  build = mkdtempSync(join(modules, '.cache/keyvault-emulator-'))
  copyFileSync(join(packageFolder, 'package.json'), join(build, 'package.json'))
  cpSync(join(packageFolder, 'bin'), join(build, 'bin'), { recursive: true })
  const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))
  const project = join(packageFolder, 'tsconfig.build.json')
  execFileSync(process.execPath, [
    join(typescript, 'bin/tsc'),
    '-p',
    project,
    '--outDir',
    join(build, 'dist'),
  ])
})

afterAll(() => rmSync(build, { recursive: true, force: true }))

function run(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [join(build, 'bin/keyvault-emulator.js'), ...args], { stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Runs it where no file can grow beyond some 32 or 64 KB, as the shell counts: a longer write falls short. */
function runWithSmallFiles(args: readonly string[]): ChildProcess {
  const command = [process.execPath, join(build, 'bin/keyvault-emulator.js'), ...args]
  const child = spawn('sh', ['-c', 'ulimit -f 64; exec "$@"', 'sh', ...command], { stdio: 'pipe' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function output(child: ChildProcess): Promise<{ code: number | null; out: string; error: string }> {
  let [out, error] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (error += chunk.toString()))
  await once(child, 'close')
  return { code: child.exitCode, out, error }
}

interface Server {
  readonly child: ChildProcess
  readonly printed: string
  readonly port: number
  readonly metadataPort: number
}

async function startServer(args: readonly string[], start = run): Promise<Server> {
  const child = start(['--port', '0', '--metadata-port', '0', '--delay', '0', ...args])
  let printed = ''
  for await (const chunk of child.stdout ?? []) {
    printed += String(chunk)
    if (printed.includes('IDENTITY_HEADER')) break
  }
  const port = Number(/emulator\.vault\.azure\.net:(\d+)/.exec(printed)?.[1])
  const metadataPort = Number(/127\.0\.0\.1:(\d+)\/ca\.pem/.exec(printed)?.[1])
  return { child, printed, port, metadataPort }
}

/** What a client needs, as the printed lines get it. */
interface Session {
  readonly ca: string
  readonly token: string
}

async function signIn(server: Server): Promise<Session> {
  const ca = await fetch(`http://127.0.0.1:${server.metadataPort}/ca.pem`).then((answer) => answer.text())
  const form =
    'grant_type=client_credentials&client_id=00000000-0000-4000-8000-0000000000a1&client_secret=keyvault-emulator&' +
    'scope=https://vault.azure.net/.default'
  const path = '/00000000-0000-4000-8000-000000000001/oauth2/v2.0/token'
  const answer = await send(server, 'localhost', 'POST', path, form, { ca, token: '' })
  return { ca, token: String(answer?.body['access_token']) }
}

/** A request to the vault; null when the connection broke. */
function ask(
  server: Server,
  session: Session,
  method: string,
  path: string,
  body?: unknown,
): Promise<JsonAnswer | null> {
  const json = body === undefined ? '' : JSON.stringify(body)
  return send(server, 'emulator.vault.azure.net', method, `${path}?api-version=2025-07-01`, json, session)
}

interface JsonAnswer {
  readonly status: number
  readonly body: Record<string, unknown>
}

function send(
  server: Server,
  host: string,
  method: string,
  path: string,
  body: string,
  { ca, token }: Session,
): Promise<JsonAnswer | null> {
  return new Promise((resolve) => {
    const call = request({
      host: '127.0.0.1',
      port: server.port,
      servername: host,
      method,
      path,
      ca,
      agent: false,
      headers: { host: `${host}:${server.port}`, authorization: `Bearer ${token}` },
    })
    call.on('error', () => resolve(null))
    call.on('response', (response) => {
      let received = ''
      response.on('data', (chunk: Buffer) => (received += chunk.toString()))
      response.on('error', () => resolve(null))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: (received === '' ? {} : JSON.parse(received)) as Record<string, unknown>,
        }),
      )
    })
    call.end(body)
  })
}

/** The version of the key in an answer. */
function versionOf(body: Record<string, unknown> | undefined): string | undefined {
  const { kid } = (body?.['key'] ?? {}) as { kid?: string }
  return kid?.split('/').at(-1)
}

describe('the command', () => {
  test('--help and --version', async () => {
    expect(await output(run(['--help']))).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Usage:/) as string,
    })
    const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
      version: string
    }
    expect(await output(run(['--version']))).toMatchObject({ code: 0, out: `${version}\n` })
  })

  test('says in one line which Node it needs', async () => {
    const oldNode =
      `Object.defineProperty(process.versions, 'node', { value: '18.20.4' });` +
      `import(${JSON.stringify(join(build, 'bin/keyvault-emulator.js'))})`
    const child = spawn(process.execPath, ['--input-type=module', '-e', oldNode], { stdio: 'pipe' })
    expect(await output(child)).toEqual({
      code: 1,
      out: '',
      error: 'keyvault-emulator: needs Node 20.19, 22.12 or newer; this is Node 18.20.4\n',
    })
  })

  test('an unknown option, or a port in use, is one line and exit code 1', async () => {
    const bad = await output(run(['--bogus']))
    expect(bad).toMatchObject({ code: 1, out: '' })
    expect(bad.error).toMatch(/^keyvault-emulator: [^\n]*bogus[^\n]*\n$/)
    const server = await startServer([])
    const taken = await output(run(['--port', String(server.port), '--metadata-port', '0']))
    expect(taken.code).toBe(1)
    expect(taken.error).toMatch(/^keyvault-emulator: [^\n]*EADDRINUSE[^\n]*\n$/)
    // Whichever of the two ports it is: nothing is left running.
    const other = await output(run(['--port', '0', '--metadata-port', String(server.metadataPort)]))
    expect(other.code).toBe(1)
  })

  test('prints lines for every client, works as they say, and stops on SIGTERM', async () => {
    const server = await startServer([])
    for (const word of ['curl', 'Node', 'Python', '.NET', 'Managed identity']) {
      expect(server.printed).toContain(`\n${word}\n`)
    }
    const created = await ask(server, await signIn(server), 'POST', '/keys/first/create', { kty: 'EC' })
    expect(created?.status).toBe(200)
    server.child.kill('SIGTERM')
    const [code] = (await once(server.child, 'exit')) as [number | null]
    expect(code).toBe(0)
  })
})

test.skipIf(lacks('curl', 'bash'))('the curl lines it prints make a key [needs bash and curl]', async () => {
  const server = await startServer([])
  const lines = (title: string): string =>
    new RegExp(`\\n${title}[^\\n]*\\n((?: [^\\n]*\\n)+)`).exec(server.printed)?.[1] ?? ''
  const script = lines('The CA') + lines('curl')
  const printed = execFileSync('bash', ['-c', script], { cwd: scratchFolder() }).toString()
  expect(JSON.parse(printed)).toMatchObject({ key: { kty: 'EC', crv: 'P-256' } })
})

const lacksPython =
  spawnSync('/usr/bin/python3', ['-c', 'import azure.keyvault.keys, azure.identity']).status !== 0

/** Runs the printed lines for Python. */
async function python(server: Server): Promise<string> {
  const folder = scratchFolder()
  const printed = /\nPython\n((?: {2}[^\n]*\n)+)/.exec(server.printed)?.[1]?.replaceAll(/^ {2}/gm, '') ?? ''
  // Debian 12 has a beta of azure-identity that calls the option by another name than the release.
  const command = printed.replaceAll('disable_instance_discovery=True', 'instance_discovery=False')
  const { ca } = await signIn(server)
  writeFileSync(join(folder, 'keyvault-emulator-ca.pem'), ca)
  const env = { ...process.env, PATH: `/usr/bin:${process.env['PATH'] ?? ''}` }
  return execFileSync('bash', ['-c', command], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString()
}

test.skipIf(lacksPython)(
  'the Python lines it prints make a key [needs python3-azure]',
  async () => {
    const server = await startServer([])
    expect(await python(server)).toMatch(/\/keys\/from-python\/[0-9a-f]{32}\n$/)
  },
  120_000,
)

describe('--data', () => {
  test('everything is there after kill -9 at any moment: what was answered for is kept, and no file is torn', async () => {
    const folder = scratchFolder()
    const documents = join(folder, 'vaults/emulator/documents')
    const kept = new Map<string, string | undefined>()
    let session: Session | undefined
    const rounds = isFull ? 8 : 3
    for (let round = 0; round < rounds; round++) {
      const server = await startServer(['--data', folder])
      // Tokens and CA outlive the process, too.
      session ??= await signIn(server)
      for (const [name, version] of kept) {
        const read = await ask(server, session, 'GET', `/keys/${name}`)
        expect(versionOf(read?.body), name).toBe(version)
      }
      const signedIn = session
      // Writes in flight while the process dies.
      const exited = once(server.child, 'exit')
      const writes = Array.from({ length: 12 }, async (_, i) => {
        const name = `k${round}-${i}`
        const made = await ask(server, signedIn, 'POST', `/keys/${name}/create`, { kty: 'EC' })
        if (made?.status === 200) kept.set(name, versionOf(made.body))
      })
      await Promise.all(writes.slice(0, 1 + round))
      server.child.kill('SIGKILL')
      await Promise.all([exited, ...writes])
      const files = readdirSync(documents).filter((file) => file.endsWith('.json'))
      for (const file of files) JSON.parse(readFileSync(join(documents, file), 'utf8'))
    }
    expect(kept.size).toBeGreaterThan(rounds)
  }, 90_000)

  test.skipIf(lacks('sh'))('a write that falls short leaves the file as it was [needs sh]', async () => {
    const folder = scratchFolder()
    const path = '/certificates/contacts'
    const contacts = [{ email: 'kept@contoso.example' }]
    const cramped = await startServer(['--data', folder], runWithSmallFiles)
    const session = await signIn(cramped)
    expect((await ask(cramped, session, 'PUT', path, { contacts }))?.status).toBe(200)
    const many = Array.from({ length: 5_000 }, (_, index) => ({ email: `lost-${index}@contoso.example` }))
    const refused = await ask(cramped, session, 'PUT', path, { contacts: many })
    expect(refused?.status).not.toBe(200)
    cramped.child.kill('SIGKILL')
    const roomy = await startServer(['--data', folder])
    expect((await ask(roomy, session, 'GET', path))?.body['contacts']).toEqual(contacts)
  })

  test('a certificate that was pending completes after the restart, and its CA stays the same', async () => {
    const folder = scratchFolder()
    const first = await startServer(['--data', folder, '--delay', '300'])
    const policy = { x509_props: { subject: 'CN=c' }, key_props: { kty: 'EC' }, issuer: { name: 'Self' } }
    const session = await signIn(first)
    expect((await ask(first, session, 'POST', '/certificates/c/create', { policy }))?.status).toBe(202)
    const ca = await fetch(`http://127.0.0.1:${first.metadataPort}/ca.pem`).then((answer) => answer.text())
    first.child.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const second = await startServer(['--data', folder])
    expect((await ask(second, session, 'GET', '/certificates/c'))?.body['kid']).toBeDefined()
    expect((await ask(second, session, 'GET', '/keys/c'))?.status).toBe(200)
    expect((await ask(second, session, 'GET', '/secrets/c'))?.status).toBe(200)
    expect(
      await fetch(`http://127.0.0.1:${second.metadataPort}/ca.pem`).then((answer) => answer.text()),
    ).toBe(ca)
  })
})
