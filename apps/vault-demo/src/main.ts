import { createRequire } from 'node:module'
import { startDemo } from './demo.ts'
import { describeDemo } from './description.ts'

/** The same as the token server's. */
const defaultPort = 5001

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
try {
  const demo = await startDemo({
    program: createRequire(import.meta.url).resolve('@sealwright/token-server/dist/main.js'),
    port: Number(process.env['PORT'] ?? defaultPort),
    signal: stopping.signal,
  })
  stopping.signal.addEventListener('abort', () => void demo.close())
  process.stdout.write(await describeDemo(demo))
} catch (error) {
  if (!stopping.signal.aborted) {
    process.stderr.write(`start:vault: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
