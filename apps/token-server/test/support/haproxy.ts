import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished } from 'vitest'
import { freePort } from './ports.ts'

/**
 * HAProxy in front of servers. It ends with the test.
 *
 * @param check the path that tells it whether a server should get requests
 * @param lines of the backend, in addition
 * @returns the origin of the proxy, once it sends requests to a server
 */
export async function startProxy(
  origins: readonly string[],
  { check, lines = [] }: { readonly check: string; readonly lines?: readonly string[] },
): Promise<string> {
  const servers = origins.map(
    (origin, index) => `  server s${index} ${new URL(origin).host} check inter 100ms fall 1 rise 1`,
  )
  return runProxy((port) => [
    'defaults',
    '  mode http',
    '  timeout connect 2s',
    // By default an answer that is later than the next check counts as none.
    '  timeout check 5s',
    '  timeout client 20s',
    '  timeout server 20s',
    'frontend front',
    `  bind 127.0.0.1:${port}`,
    '  default_backend servers',
    'backend servers',
    '  balance roundrobin',
    `  option httpchk GET ${check}`,
    ...lines.map((line) => `  ${line}`),
    ...servers,
  ])
}

/**
 * Runs HAProxy until the end of the test.
 *
 * @param configuration its lines, for the port to listen on
 * @returns the origin of the proxy, once it sends requests to a server
 */
export async function runProxy(configuration: (port: number) => readonly string[]): Promise<string> {
  const port = await freePort()
  const path = join(scratchFolder(), 'haproxy.cfg')
  writeFileSync(path, `${configuration(port).join('\n')}\n`)
  const proxy = spawn('haproxy', ['-db', '-f', path], { stdio: 'ignore' })
  onTestFinished(() => {
    proxy.kill('SIGKILL')
  })
  const origin = `http://127.0.0.1:${port}`
  const status = (): Promise<number> =>
    fetch(`${origin}/health/live`).then(
      (response) => response.status,
      () => 0,
    )
  await expect.poll(status, { timeout: 20_000 }).toBe(200)
  return origin
}
