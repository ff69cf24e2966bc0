import { createRequire } from 'node:module'
import { startDemo, type Demo } from './demo.ts'

/** As the token server's own default. */
const defaultPort = 5001

try {
  const demo = await startDemo({
    program: createRequire(import.meta.url).resolve('@sealwright/token-server/dist/main.js'),
    port: Number(process.env['PORT'] ?? defaultPort),
  })
  process.stdout.write(await describe(demo))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void demo.close())
  }
} catch (error) {
  process.stderr.write(`start:vault: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** What people read once all of it runs. */
async function describe({ signingKey, instances, origin }: Demo): Promise<string> {
  const [first] = instances
  // The first server prints lines to paste; they are meant for its own address.
  const curl =
    first?.banner.slice(first.banner.indexOf('Get a token:')).replaceAll(first.origin, origin) ?? ''
  const lines = instances.map(
    ({ pid, origin: own }, index) =>
      `${index === 0 ? 'Token servers ' : '              '} ${own}/ (process ${pid})`,
  )
  const keySet = await fetch(`${origin}/.well-known/openid-configuration/jwks`)
  const kids = [...(await keySet.text()).matchAll(/"kid":"([^"]+)"/g)].map(([, kid]) => kid)
  return `
Signing key    ${signingKey}
               kid ${kids.join(', ')}; its private key is in the (emulated) vault and nowhere else
${lines.join('\n')}
One address    ${origin}/

${curl.trim()}

Stop one of the servers and get a token again: both sign with the one key in the vault.

kill ${first?.pid ?? ''}
`
}
