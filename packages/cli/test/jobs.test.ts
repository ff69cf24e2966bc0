import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { startKeyVaultEmulator, wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import type * as X509 from '@sealwright/x509'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { sealwright, type Outcome, type Surroundings } from './support/sealwright.ts'

/** The lines of the documentation, from a clean folder; and what other programs say of the files that they make. */

/** The iterations that the command asked for; undefined for the 600,000 of x509, with which each file costs a second to write and to read. */
const asked = vi.hoisted((): (number | undefined)[] => [])
vi.mock('@sealwright/x509', async (original) => {
  const real = await original<typeof X509>()
  const writePkcs12: typeof X509.writePkcs12 = (contents, password, options) => {
    asked.push(options?.iterations)
    return real.writePkcs12(contents, password, { ...options, iterations: 2048 })
  }
  return { ...real, writePkcs12 }
})

const folder = scratchFolderForFile()
const home = process.cwd()
let vault: Surroundings['vault']
let vaultUrl: string
let close: () => Promise<void>
beforeAll(async () => {
  const emulator = await startKeyVaultEmulator({ timing: { issuance: 20, deletion: 20 } })
  close = () => emulator.close()
  const credential = secretCredential(emulator, wellKnown)
  vault = { credential, agent: emulator.agent(), pollInterval: 10, settleTime: 0, deadline: 20_000 }
  vaultUrl = emulator.vaultUrl('contoso')
  process.chdir(folder())
})
afterAll(async () => {
  process.chdir(home)
  await close()
})

/** A line of a shell: words, single quotes, a comment, and the file that the output goes to. */
function parse(line: string): { readonly args: readonly string[]; readonly output: string | undefined } {
  const words = [...line.replace(/\s#\s.*$/, '').matchAll(/'([^']*)'|([^\s']+)/g)].map(
    ([, quoted, word]) => quoted ?? word ?? '',
  )
  const at = words.indexOf('>')
  return at === -1
    ? { args: words.slice(1), output: undefined }
    : { args: words.slice(1, at), output: words[at + 1] }
}

async function attempt(line: string): Promise<Outcome> {
  const { args, output } = parse(line.replaceAll('https://NAME.vault.azure.net', vaultUrl))
  // A person types the password at each question.
  const questions = { password: async () => 'correct-horse', confirm: async () => true }
  const outcome = await sealwright(args, { vault, questions, local: { dotNet: { home: folder() } } })
  if (output !== undefined) writeFileSync(output, outcome.out)
  return outcome
}

/** As {@link attempt}, for the output of a line that succeeds. */
async function type(line: string): Promise<string> {
  const { code, out, error } = await attempt(line)
  if (code !== 0) throw new Error(error)
  return out
}

function linesOf(path: string): readonly string[] {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, block = '']) =>
    block.replaceAll(/\\\n\s*/g, ''),
  )
  return blocks.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('sealwright '))
}

// Those of the doctor need an issuer that answers, and those of the audit log a log; their own tests run them.
const inReadme = linesOf('../README.md').filter((line) => !/^sealwright (?:doctor|audit) /.test(line))
// The issuer of the example is not on the internet, so its keys come from the file.
const lines = [...new Set(inReadme.map((line) => line.replace(/\s+#\s.*$/, '')))].map((line) =>
  /^sealwright token verify (?!.*--certificate)/.test(line)
    ? line.replace('--issuer', '--key my-app-auth.pfx --issuer')
    : line,
)

test('the README has lines to type', () => {
  expect(lines.length).toBeGreaterThanOrEqual(15)
})

describe('the lines of the README', () => {
  // In their order, since later ones use the files of those before.
  test.sequential.each(lines)('%s', async (line) => {
    expect(await attempt(line)).toMatchObject({ code: 0 })
  })
})

describe('a file is read by other programs', () => {
  const password = ['-passin', 'pass:correct-horse']

  test.skipIf(lacks('openssl', 'keytool'))('PFX [needs openssl, keytool]', async () => {
    await type('sealwright cert create --cn jobs --key-type ec-p256 --out jobs.pfx')
    expect(asked.at(-1)).toBeUndefined()
    const text = run(['openssl', 'pkcs12', '-in', 'jobs.pfx', ...password, '-nodes'])
    expect(text).toContain('friendlyName: jobs')
    const listing = [
      'keytool',
      '-list',
      '-keystore',
      'jobs.pfx',
      '-storetype',
      'PKCS12',
      '-storepass',
      'correct-horse',
    ]
    expect(run(listing)).toMatch(/jobs, .*PrivateKeyEntry/)
    await type('sealwright cert convert jobs.pfx --profile compatible --out old.p12')
    expect(run([...listing.slice(0, 3), 'old.p12', ...listing.slice(4)])).toMatch(/jobs, .*PrivateKeyEntry/)
  })

  test.skipIf(lacks('openssl'))('PEM, split and joined [needs openssl]', async () => {
    await type('sealwright cert convert jobs.pfx --out jobs.pem')
    expect(run(['openssl', 'pkey', '-in', 'jobs.pem', ...password, '-noout', '-check'])).toContain(
      'Key is valid',
    )
    expect(run(['openssl', 'x509', '-in', 'jobs.pem', '-noout', '-subject'])).toContain('CN = jobs')
    await type('sealwright cert convert jobs.pfx --out jobs.key --cer jobs.crt')
    const publicKey = run(['openssl', 'pkey', '-in', 'jobs.key', ...password, '-pubout'])
    expect(run(['openssl', 'x509', '-in', 'jobs.crt', '-noout', '-pubkey'])).toBe(publicKey)
    await type('sealwright cert convert jobs.key --certificate jobs.crt --out joined.pfx')
    const joined = run(['openssl', 'pkcs12', '-in', 'joined.pfx', ...password, '-nodes', '-nocerts'])
    expect(run(['openssl', 'pkey', '-pubout'], joined)).toBe(publicKey)
  })

  test.skipIf(lacks('openssl'))('DER, PKCS#7 and JWK [needs openssl]', async () => {
    await type('sealwright cert convert jobs.pfx --out jobs.der')
    expect(run(['openssl', 'x509', '-inform', 'DER', '-in', 'jobs.der', '-noout', '-subject'])).toContain(
      'CN = jobs',
    )
    await type('sealwright cert convert jobs.pfx --out jobs.p7b')
    expect(run(['openssl', 'pkcs7', '-in', 'jobs.p7b', '-print_certs', '-noout'])).toContain('CN = jobs')
    await type('sealwright cert convert jobs.pfx --out jobs.jwk --no-out-password')
    const key = createPrivateKey({ key: JSON.parse(readFileSync('jobs.jwk', 'utf8')), format: 'jwk' })
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  })

  test('a JWK Set verifies the tokens of its key', async () => {
    await type("sealwright cert create --to 'store:./signing?name=auth' --key-type ec-p256")
    await type(
      "sealwright jwks --issuer https://auth.example.com --key 'store:./signing?name=auth' --out ./site",
    )
    await type(
      "sealwright token sign 'store:./signing?name=auth' --issuer https://auth.example.com > auth.jwt",
    )
    expect(await type('sealwright token verify auth.jwt --jwks ./site/.well-known/jwks.json')).toContain(
      'valid token',
    )
  })
})
