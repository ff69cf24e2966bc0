import type { Demo } from './demo.ts'

/** What the demo prints once everything runs. */
export async function describeDemo({ signingKey, instances, origin }: Demo): Promise<string> {
  const [first] = instances
  // Each server prints lines to paste, with its own address.
  const curl =
    first?.banner.slice(first.banner.indexOf('Get a token:')).replaceAll(first.origin, origin) ?? ''
  const lines = instances.map(
    ({ pid, origin: own }, index) =>
      `${index === 0 ? 'Token servers ' : '              '} ${own}/ (process ${pid})`,
  )
  // Of each server by itself: two would mean that each made a key of its own.
  const kids = new Set(await Promise.all(instances.map((instance) => signingKid(instance.origin))))
  return `
Signing key    ${signingKey}
               kid ${[...kids].join(', ')}; the private key is in the (emulated) vault only
${lines.join('\n')}
One address    ${origin}/

${curl.trim()}

Stop one of the servers and get a token again: both sign with the one key in the vault.

kill ${first?.pid ?? ''}
`
}

/** The `kid` of the key that a server signs with: the first in its JWK Set. */
async function signingKid(origin: string): Promise<string> {
  const response = await fetch(`${origin}/.well-known/openid-configuration/jwks`)
  const [, kid = 'none'] = /"kid":"([^"]+)"/.exec(await response.text()) ?? []
  return kid
}
