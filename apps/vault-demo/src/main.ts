import { createRequire } from 'node:module'
import { startDemo } from './demo.ts'
import { describeDemo } from './description.ts'

/** The same as the token server's. */
const defaultPort = 5001

try {
  const demo = await startDemo({
    program: createRequire(import.meta.url).resolve('@sealwright/token-server/dist/main.js'),
    port: Number(process.env['PORT'] ?? defaultPort),
  })
  process.stdout.write(await describeDemo(demo))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void demo.close())
  }
} catch (error) {
  process.stderr.write(`start:vault: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
