import type { Demo } from './demo.ts'

/** What the demo prints once everything runs. */
export async function describeDemo({ signingKey, instances, origin }: Demo): Promise<string> {
  const [first] = instances
  // The first server prints lines to paste, with its own address.
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
               kid ${kids.join(', ')}; the private key is in the (emulated) vault only
${lines.join('\n')}
One address    ${origin}/

${curl.trim()}

Stop one of the servers and get a token again: both sign with the one key in the vault.

kill ${first?.pid ?? ''}
`
}
