import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** A token server in a process of its own. */
export interface Instance {
  readonly pid: number
  /** Such as `http://localhost:40123`. */
  readonly origin: string
  /** Its output at the start. */
  readonly banner: string
  /** Sends SIGTERM and waits until the process has ended. */
  stop(): Promise<void>
}

/**
 * Starts a token server and waits until it listens.
 *
 * @param program the path of its main module
 * @param env its complete environment
 * @param signal ends a process that is still starting
 * @throws Error with its output, if it ends instead
 */
export async function startInstance(
  program: string,
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Instance> {
  signal?.throwIfAborted()
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'inherit', 'pipe'] })
  const end = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', end)
  const banner = await startBanner(child).finally(() => signal?.removeEventListener('abort', end))
  const [, origin = ''] = /^Token server +(http:\S+?)\/$/m.exec(banner) ?? []
  return {
    pid: child.pid ?? 0,
    origin,
    banner,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    },
  }
}

function startBanner(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      if (/^Token server +http/m.test(printed) && printed.endsWith('\n')) resolve(printed)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`a token server ended with ${code}: ${printed.trim()}`)))
  })
}
