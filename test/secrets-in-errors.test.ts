import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { inspect } from 'node:util'
import { holdsSecret, secretKey as privateKey, secrets } from '../packages/test-kit/src/secrets.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * Callers mix arguments up. No public function may repeat what it was given in an error: it may be a private key or a
 * password, and errors end up in logs.
 */

const root = new URL('..', import.meta.url).pathname
const modules = [
  'core/src/index.ts',
  'x509/src/index.ts',
  'x509/src/pkijs/index.ts',
  'jws/src/index.ts',
  'audit-log/src/index.ts',
  'client-assertions/src/index.ts',
  'keyring/src/index.ts',
  'local-store/src/index.ts',
  'azure-keyvault/src/index.ts',
  'opentelemetry/src/index.ts',
  'integrations/src/better-auth.ts',
  'integrations/src/did-jwt.ts',
  'integrations/src/express.ts',
  'integrations/src/fastify-jwt.ts',
  'integrations/src/fastify.ts',
  'integrations/src/oidc-provider.ts',
]

/** Members of the options that any function takes. */
const options = [
  'acceptMissingMac', 'algorithm', 'aliases', 'audience', 'authorityHost', 'backends', 'bytes', 'cause', 'certificate', 'certificates',
  'clock', 'collection', 'create', 'createSigner', 'credential', 'crypto', 'days', 'expiresIn', 'extensions',
  'extractable', 'folder', 'friendlyName', 'header', 'headers', 'issuer', 'issuers', 'iterations', 'jwksMaxAge', 'keyId',
  'keyType', 'keys', 'kid', 'lifetime', 'limits', 'log', 'maxSetAge', 'name', 'notAfter', 'notBefore', 'number', 'onEvent',
  'password', 'policy', 'pool', 'privateKey', 'profile', 'publicKey', 'quota', 'reason', 'revoked', 'rotationInterval',
  'serialNumber', 'signal', 'signer', 'size', 'sources', 'subject', 'subjectAltNames', 'threads', 'thumbprint', 'timeout',
  'tokenLifetime', 'typ', 'type', 'uri', 'url', 'validityDays', 'value', 'version',
] // prettier-ignore

/** Functions that start threads take long: what they would be given beyond their arguments is left out. */
const mostArguments: Readonly<Record<string, number>> = { createSigner: 2, createSigningPool: 2 }

/** Functions whose errors name the file or folder that their first argument is the path of. */
const pathFirst: ReadonlySet<string> = new Set(['openKeyFile', 'openPkcs12File', 'verifyAuditLog'])
const isFirst = (args: readonly unknown[], secret: unknown): boolean => args[0] === secret

let home: string
let folder: string
beforeAll(() => {
  home = process.cwd()
  // A function that takes the argument for a path must not find or leave anything here.
  folder = mkdtempSync(join(tmpdir(), 'sealwright-secrets-'))
  process.chdir(folder)
})
afterAll(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true })
})

describe.each(modules)('%s', async (module) => {
  const exported = (await import(join(root, 'packages', module))) as Readonly<Record<string, unknown>>
  const functions = Object.entries(exported).filter(
    (entry): entry is [string, (...args: readonly unknown[]) => unknown] => typeof entry[1] === 'function',
  )

  test.each(functions)('%s repeats no argument', async (name, callable) => {
    const found: string[] = []
    for (const [kind, secret] of Object.entries(secrets)) {
      for (const [where, args] of callsWith(secret, mostArguments[name] ?? 3)) {
        const error = await errorOf(callable, args)
        if (error === undefined || (kind === 'a password' && pathFirst.has(name) && isFirst(args, secret)))
          continue
        if (holdsSecret(error)) found.push(`${kind} ${where}: ${inspect(error).slice(0, 200)}`)
      }
    }
    expect(found).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })
})

/** The secret in each position, alone, among absent arguments and empty options, and as each option. */
function callsWith(secret: unknown, most: number): [where: string, args: unknown[]][] {
  const positions = [0, 1, 2, 3]
  return [
    ...positions.map((at): [string, unknown[]] => [
      `as argument ${at}`,
      [0, 1, 2, 3].map((each) => (each === at ? secret : undefined)),
    ]),
    ...positions.map((at): [string, unknown[]] => [
      `as argument ${at} among others`,
      [privateKey, {}, {}, {}].map((each, index) => (index === at ? secret : each)),
    ]),
    ['everywhere', [secret, secret, secret, secret]],
    ...options.flatMap((name) =>
      positions
        .slice(0, most)
        .map((at): [string, unknown[]] => [
          `as the option ${name} of argument ${at}`,
          [privateKey, privateKey, privateKey].map((each, index) =>
            index === at ? { [name]: secret } : each,
          ),
        ]),
    ),
  ]
}

async function errorOf(
  callable: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
): Promise<unknown> {
  const isClass = /^class\b/.test(Function.prototype.toString.call(callable))
  try {
    const result = isClass ? Reflect.construct(callable, args) : callable(...args)
    // What goes on for long, such as a connection, is not what is asked here.
    const opened = await Promise.race([result, setTimeout(200)])
    if (
      typeof opened === 'object' &&
      opened !== null &&
      'close' in opened &&
      typeof opened.close === 'function'
    ) {
      await opened.close()
    }
    return undefined
  } catch (error) {
    return error
  }
}
