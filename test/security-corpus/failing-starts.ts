import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { client, settingsFile } from '../../apps/token-server/test/support/server.ts'
import { createLocalSigner } from '../../packages/core/src/index.ts'
import { createSelfSignedCertificate, writePkcs12 } from '../../packages/x509/src/index.ts'

/** What the settings of {@link failingStarts} contain and no message may repeat. */
export const startSecret = 'correct-horse-battery-staple'

/** The right password of the PFX file. */
export const otherPassword = 'another password'

const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const privateJwk = privateKey.export({ format: 'jwk' })

/** The same in the shape of a key. */
export const startKeySecrets: readonly string[] = [
  privateJwk.d ?? '',
  privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
]

/** Settings with one client that has these members. */
const oneClient = (changes: object): Record<string, unknown> =>
  settingsFile({ clients: [client({ ...changes })] })

/** Environments with which a server does not start. */
export async function failingStarts(
  folder: string,
): Promise<readonly (readonly [name: string, env: Readonly<Record<string, string>>])[]> {
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject: 'CN=a' })
  const entry = { privateKey, certificates: [certificate] }
  const pfxPath = join(folder, 'signing.pfx')
  writeFileSync(pfxPath, await writePkcs12(entry, otherPassword, { iterations: 1000 }), { mode: 0o600 })
  const pfx = `file:${pfxPath}`
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const settings = (name: string, content: unknown): Readonly<Record<string, string>> => ({
    TOKEN_SERVER_SETTINGS: file(name, typeof content === 'string' ? content : JSON.stringify(content)),
  })
  const starts: readonly (readonly [name: string, env: Readonly<Record<string, string>>])[] = [
    ['a wrong password', { SIGNING_KEY: pfx, SIGNING_KEY_PASSWORD: startSecret }],
    [
      'a wrong password in a file',
      { SIGNING_KEY: pfx, SIGNING_KEY_PASSWORD_FILE: file('password', startSecret) },
    ],
    ['a password in the URI', { SIGNING_KEY: `${pfx}?password=${startSecret}` }],
    ['a password in place of the URI', { SIGNING_KEY: startSecret }],
    ['a key in place of the URI', { SIGNING_KEY: startKeySecrets[1] ?? '' }],
    [
      'a password in place of the path of its file',
      {
        SIGNING_KEY: pfx,
        SIGNING_KEY_PASSWORD_FILE: join(folder, 'absent'),
        SIGNING_KEY_PASSWORD: startSecret,
      },
    ],
    ['a password in the issuer', { ISSUER: `https://a:${startSecret}@id.example` }],
    ['a password in place of the port', { PORT: startSecret }],
    ['a password in place of the level', { LOG_LEVEL: startSecret }],
    ['a password in place of the type', { SIGNING_KEY_TYPE: startSecret }],
    ['a password in place of the algorithm', { SIGNING_ALGORITHM: startSecret }],
    [
      'a password in a URL of Redis with a wrong port',
      { REDIS_URL: `redis://:${startSecret}@localhost:99999999` },
    ],
    ['a password in a URL of Redis with a query', { REDIS_URL: `redis://:${startSecret}@localhost?a=b` }],
    ['a password in place of the URL of Redis', { REDIS_URL: startSecret }],
    ['settings that are not JSON', settings('broken.json', `{"clients":[{"secret":"${startSecret}"`)],
    [
      'a secret in place of its hash',
      settings('hash.json', oneClient({ secrets: [{ sha256: startSecret }] })),
    ],
    ['a secret in place of the list', settings('list.json', oneClient({ secrets: startSecret }))],
    ['a setting that does not exist', settings('unknown.json', oneClient({ secret: startSecret }))],
    ['a private key of a client', settings('private.json', oneClient({ jwks: { keys: [privateJwk] } }))],
    ['a key in PEM in place of the JWK Set', settings('pem.json', oneClient({ jwks: startKeySecrets[1] }))],
  ]
  return starts.map(([name, env]) => [name, { DATA_DIR: join(folder, 'data'), ...env }])
}
