import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

/**
 * Makes one plain JavaScript file of the server and everything it imports, so that `node FILE` runs it as a process of its
 * own on every version of Node, from the sources and with no build of the packages. It lies as deep below a copy of the
 * sample settings as the built server does.
 *
 * @returns the path of the bundle, once the tests of the file run
 */
export function bundledServer(): () => string {
  const app = fileURLToPath(new URL('../..', import.meta.url))
  let folder = ''
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sealwright-token-server-bundle-')))
    // Tests start it as another user, too.
    chmodSync(folder, 0o755)
    copyFileSync(join(app, 'token-server.json'), join(folder, 'token-server.json'))
    await build({
      configFile: false,
      logLevel: 'error',
      // @fastify/helmet requires it; a bundler would take the ES module.
      resolve: { alias: { helmet: createRequire(import.meta.resolve('@fastify/helmet')).resolve('helmet') } },
      // As in vitest.config.ts.
      ssr: { noExternal: true, resolve: { conditions: ['@sealwright/source', 'node', 'import', 'default'] } },
      build: {
        ssr: join(app, 'src/main.ts'),
        outDir: join(folder, 'dist', 'bundle'),
        minify: false,
        // Beside it, as the app finds its folder from where its modules are.
        rollupOptions: { output: { entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' } },
      },
    })
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return () => join(folder, 'dist', 'bundle', 'main.mjs')
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A line of the log. */
export interface LogLine {
  readonly msg: string
  readonly pid: number
  readonly worker?: number
}

/** A server in a process of its own, that is killed after the test if it still runs. */
export class ServerProcess {
  readonly exited: Promise<Exit>
  readonly #process: ChildProcess
  #stdout = ''
  #stderr = ''

  /**
   * @param env all of its environment, but for the way to programs; a free port unless it says otherwise
   * @param stdout what reads its log: the test, nothing, the test at a terminal of its own, or a file
   * @param isDetached whether it leads a process group, as a program that a shell starts
   */
  constructor(
    program: string,
    env: Readonly<Record<string, string>>,
    stdout: 'read' | 'stalled' | 'terminal' | number = 'read',
    isDetached = false,
  ) {
    const [command, args] =
      stdout === 'terminal'
        ? ['script', ['-qec', `'${process.execPath}' '${program}'`, '/dev/null']]
        : [process.execPath, [program]]
    this.#process = spawn(command, args, {
      env: { PATH: process.env['PATH'], PORT: '0', ...env },
      detached: isDetached,
      stdio: ['ignore', typeof stdout === 'number' ? stdout : 'pipe', 'pipe'],
    })
    if (stdout !== 'stalled') {
      this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    }
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.exited = new Promise((resolve) => {
      this.#process.on(stdout === 'stalled' ? 'exit' : 'close', (code, signal) =>
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }),
      )
    })
    onTestFinished(() => void this.#process.kill('SIGKILL'))
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Goes away as the reader of its log. */
  closeStdout(): void {
    this.#process.stdout?.destroy()
  }

  /** Waits until it listens and has said so. */
  async started(): Promise<{ origin: string }> {
    const origin = new Promise<{ origin: string }>((resolve) => {
      const look = (): void => {
        // A terminal shows both, with other line ends.
        const shown = this.#stderr + this.#stdout.replaceAll('\r', '')
        const [, found] = /^Token server +(http:\S+)\/$/m.exec(shown) ?? []
        if (found !== undefined && shown.includes('\nUse it:\n\ncurl')) resolve({ origin: found })
      }
      this.#process.stderr?.on('data', look)
      this.#process.stdout?.on('data', look)
      look()
    })
    const ended = this.exited.then(({ code, stderr }) => {
      throw new Error(`the server ended with ${code}: ${stderr}`)
    })
    return Promise.race([origin, ended])
  }

  /** Each line of its log. */
  get lines(): readonly LogLine[] {
    return this.#stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogLine)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#process.kill(signal)
    return this.exited
  }
}
