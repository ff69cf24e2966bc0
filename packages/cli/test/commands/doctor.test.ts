import { generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createLocalSigner, publicJwk, signingKeyJwk, type SigningKey } from '@sealwright/core'
import { startKeyVaultEmulator, wellKnown, type RunningKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { openFolderStore } from '@sealwright/local-store'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { scratchFolderForFile } from '@sealwright/test-kit/folders'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { createSelfSignedCertificate, type SelfSignedCertificateOptions } from '@sealwright/x509'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { catalogue, type FindingId } from '../../src/doctor/report/catalogue.ts'
import { lockedFolder } from '../support/pfx.ts'
import { sealwright, succeed, type Outcome, type Surroundings } from '../support/sealwright.ts'
import { signJwt, startTestIssuer, type IssuerAnswers, type TestIssuer } from '../support/test-issuer.ts'

type Json = Record<string, unknown>

const folder = scratchFolderForFile()
let issuer: TestIssuer
let healthy: IssuerAnswers
let key: SigningKey
/** The published JWK of `key`. */
let jwk: Json
/** Of an issuer that has rotated: a version that was switched off, and its successor. */
let versions: readonly SigningKey[]

const seconds = (): number => Math.floor(Date.now() / 1_000)
const uri = (name: string): string => `store:${join(folder(), 'keys')}?name=${name}`

function claims(): Json {
  return { iss: issuer.origin, aud: 'api', sub: 'client', iat: seconds(), exp: seconds() + 3_600 }
}

function tokenOf(changed: Json = {}, header: Json = {}, signer = key.signer()): Promise<string> {
  return signJwt(
    signer,
    { alg: signer.algorithm.name, kid: key.keyId, ...header },
    { ...claims(), ...changed },
  )
}

beforeAll(async () => {
  const store = await openFolderStore(join(folder(), 'keys'))
  key = await store.create('auth', { keyType: 'ec-p256' })
  await store.create('other', { keyType: 'ec-p256' })
  const first = await store.create('rotated', { keyType: 'ec-p256' })
  await store.rotate('rotated')
  await store.disable('rotated', first.version)
  versions = await store.list({ name: 'rotated' })
  jwk = { ...signingKeyJwk(key, 'ES256') }
  issuer = await startTestIssuer((origin) => ({
    metadata: { issuer: origin, jwks_uri: `${origin}/jwks`, token_endpoint: `${origin}/token` },
    jwks: [{ keys: [jwk] }],
    jwksHeaders: {
      'cache-control': 'public, max-age=300, must-revalidate',
      'access-control-allow-origin': '*',
    },
    token: '',
    api: () => 401,
  }))
  const token = await tokenOf()
  healthy = {
    ...issuer.answers,
    token,
    api: (authorization) => (authorization === `Bearer ${token}` ? 200 : 401),
  }
})
afterAll(() => issuer.close())
beforeEach(() => {
  issuer.answers = healthy
})

interface Report {
  readonly ok: boolean
  readonly steps: readonly { readonly name: string; readonly status: string; readonly summary: string }[]
  readonly prediction: { readonly rejectedFrom: string | null; readonly reason: string | null } | null
  readonly findings: readonly {
    readonly id: FindingId
    readonly severity: string
    readonly what: string
    readonly where: string
    readonly why: string
    readonly fix: string
  }[]
}

const everything = (): readonly string[] => [
  '--issuer',
  issuer.origin,
  '--key',
  uri('auth'),
  '--client-id',
  'client',
  '--client-secret-env',
  'SECRET',
  '--api',
  `${issuer.origin}/api`,
]
const env = { SECRET: 'correct horse' }

async function examine(
  args: readonly string[],
  surroundings: Surroundings = {},
): Promise<Outcome & { readonly report: Report }> {
  const outcome = await sealwright(['doctor', ...args, '--json'], { env, ...surroundings })
  return { ...outcome, report: JSON.parse(outcome.out) }
}

/** Something that is wrong, and what has to be found. */
interface Plant {
  readonly finds: FindingId
  /** What follows from it, and is found as well. */
  readonly also?: readonly FindingId[]
  /** Default: every option. */
  readonly args?: () => readonly string[] | Promise<readonly string[]>
  /** What the issuer answers instead. */
  readonly answers?: () => Partial<IssuerAnswers> | Promise<Partial<IssuerAnswers>>
  /** Where the token endpoint must not be asked. */
  readonly sends?: 'no secret'
}

/** Another origin with the same answers. */
const elsewhere = (): string => issuer.origin.replace('127.0.0.1', 'localhost')
const metadata = (changed: Json): Partial<IssuerAnswers> => ({
  metadata: { ...(healthy.metadata as Json), ...changed },
})
const keys = (...set: readonly unknown[]): Partial<IssuerAnswers> => ({ jwks: [{ keys: set }] })
const headers = (changed: Json): Partial<IssuerAnswers> => ({
  jwksHeaders: { ...healthy.jwksHeaders, ...(changed as Record<string, string>) },
})
const token = async (...changed: Parameters<typeof tokenOf>): Promise<Partial<IssuerAnswers>> => {
  const text = await tokenOf(...changed)
  return { token: text, api: (authorization) => (authorization === `Bearer ${text}` ? 200 : 401) }
}
const without = (name: string): Json =>
  Object.fromEntries(Object.entries(jwk).filter(([each]) => each !== name))
const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
/** As an entry of a JWK Set, with a certificate. */
const published = (certificate: X509Certificate): Json => ({
  ...without('x5t'),
  x5c: [certificate.raw.toString('base64')],
  'x5t#S256': Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
})
const certificate = (
  options: Partial<SelfSignedCertificateOptions>,
  signer = key.signer(),
): Promise<X509Certificate> => createSelfSignedCertificate(signer, { subject: 'CN=auth', ...options })
const later = (days: number): Date => new Date(Date.now() + days * 86_400_000)
const only = (name: string): readonly string[] =>
  everything().map((each) => each.replace(/name=\w+$/, `name=${name}`))

const plants: readonly Plant[] = [
  { finds: 'discovery-unavailable', answers: () => ({ metadata: 404 }) },
  // Whoever shows it recurses as deep.
  {
    finds: 'discovery-unavailable',
    answers: () => metadata({ issuer: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) as unknown }),
  },
  { finds: 'issuer-not-https', args: () => ['--issuer', 'http://auth.example.com'] },
  { finds: 'issuer-mismatch', answers: () => metadata({ issuer: `${issuer.origin}/` }), sends: 'no secret' },
  {
    finds: 'endpoint-not-https',
    answers: () => metadata({ introspection_endpoint: 'http://auth.example.com/introspect' }),
  },
  {
    finds: 'endpoint-not-https',
    also: ['token-endpoint-elsewhere'],
    answers: () => metadata({ token_endpoint: 'http://auth.example.com/token' }),
    sends: 'no secret',
  },
  { finds: 'jwks-uri-missing', answers: () => metadata({ jwks_uri: undefined }) },
  {
    finds: 'jwks-uri-elsewhere',
    answers: () => metadata({ jwks_uri: `${elsewhere()}/jwks` }),
  },
  {
    finds: 'token-endpoint-elsewhere',
    answers: () => metadata({ token_endpoint: `${elsewhere()}/token` }),
  },
  { finds: 'jwks-unavailable', answers: () => ({ jwks: 500 }) },
  { finds: 'jwks-unavailable', answers: () => keys({ ...jwk, padding: 'x'.repeat(2 ** 20) }) },
  { finds: 'jwks-malformed', answers: () => ({ jwks: [{ keys: { first: jwk } }] }) },
  {
    finds: 'jwks-empty',
    also: ['token-kid-unknown', 'key-not-published'],
    answers: () => keys({ ...jwk, use: 'enc' }),
  },
  {
    finds: 'jwks-too-many-keys',
    args: () => ['--issuer', issuer.origin],
    answers: () =>
      keys(...Array.from({ length: 101 }, (_, index) => ({ ...without('x5c'), kid: `${index}` }))),
  },
  { finds: 'jwks-content-type', answers: () => headers({ 'content-type': 'text/plain' }) },
  {
    finds: 'jwks-no-cors',
    answers: () => ({ jwksHeaders: { 'cache-control': 'max-age=300' } }),
  },
  { finds: 'jwks-no-max-age', answers: () => headers({ 'cache-control': 'public' }) },
  { finds: 'jwks-not-cacheable', answers: () => headers({ 'cache-control': 'no-store' }) },
  {
    finds: 'jwks-max-age-mismatch',
    also: ['rotation-key-unknown'],
    args: () => [...everything(), '--jwks-max-age', '300'],
    answers: () => headers({ 'cache-control': 'public, max-age=86400' }),
  },
  {
    finds: 'jwk-private',
    also: ['published-key-unknown'],
    answers: () => keys(jwk, { ...newKey().export({ format: 'jwk' }), kid: 'private', use: 'sig' }),
  },
  ...['p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].map((member): Plant => ({
    finds: 'jwk-private',
    also: ['published-key-unknown'],
    answers: () => keys(jwk, { ...publicJwk(rsaKey(2048)), kid: member, use: 'sig', [member]: 'AQAB' }),
  })),
  {
    finds: 'jwk-malformed',
    also: ['published-key-unknown'],
    answers: () => keys(jwk, { ...jwk, kid: 'malformed', x: 'AAAA', x5c: undefined }),
  },
  {
    finds: 'jwk-weak',
    also: ['published-key-unknown'],
    answers: () => {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
      return keys(jwk, { ...publicKey.export({ format: 'jwk' }), kid: 'weak', use: 'sig' })
    },
  },
  {
    finds: 'jwk-no-kid',
    also: ['published-key-unknown'],
    answers: () => keys(jwk, { ...publicJwk(newKey()), use: 'sig' }),
  },
  {
    finds: 'jwk-duplicate-kid',
    answers: () => keys(jwk, { ...publicJwk(newKey()), use: 'sig', kid: key.keyId }),
  },
  // A verifier that looks only at the kid can take the wrong one.
  {
    finds: 'jwk-duplicate-kid',
    answers: () => keys({ ...publicJwk(newKey()), use: 'enc', kid: key.keyId }, jwk),
  },
  // Neither of the two keys has signed it.
  {
    finds: 'token-signature-invalid',
    also: ['jwk-duplicate-kid'],
    answers: async () => ({
      ...keys(jwk, { ...publicJwk(newKey()), use: 'sig', kid: key.keyId }),
      ...(await token({}, {}, createLocalSigner(newKey()))),
    }),
  },
  {
    finds: 'jwk-no-use',
    answers: () =>
      keys(Object.fromEntries(Object.entries(without('use')).filter(([name]) => name !== 'alg'))),
  },
  { finds: 'x5c-malformed', answers: () => keys({ ...jwk, x5c: ['-----BEGIN CERTIFICATE-----'] }) },
  {
    finds: 'x5c-other-key',
    answers: async () => keys(published(await certificate({}, createLocalSigner(newKey())))),
  },
  { finds: 'x5t-mismatch', answers: () => keys({ ...jwk, 'x5t#S256': 'AAAA' }) },
  {
    finds: 'certificate-expired',
    answers: async () => keys(published(await certificate({ notBefore: later(-9), notAfter: later(-1) }))),
  },
  {
    finds: 'certificate-not-yet-valid',
    answers: async () => keys(published(await certificate({ notBefore: later(1), notAfter: later(90) }))),
  },
  {
    finds: 'certificate-expires-soon',
    answers: async () => keys(published(await certificate({ notAfter: later(29) }))),
  },
  // Of a certificate that is not published, in a store and in a file.
  {
    finds: 'certificate-expires-soon',
    args: () => [...everything(), '--expiry-days', '999'],
    answers: () => keys(without('x5c')),
  },
  {
    finds: 'no-signer',
    also: ['key-not-published', 'published-key-unknown'],
    args: async () => {
      const path = join(folder(), 'tomorrow.pem')
      const days = ['--not-before', later(1).toISOString().slice(0, 10)]
      await succeed(['cert', 'create', '--cn', 'a', ...days, '--out', path, '--no-password', '--force'])
      return ['--issuer', issuer.origin, '--key', path]
    },
  },
  {
    finds: 'certificate-weak',
    answers: async () => keys(published(await certificate({ extensions: { keyUsage: ['keyAgreement'] } }))),
  },
  {
    finds: 'instance-unavailable',
    args: () => [...everything(), '--instance', issuer.origin, closed],
  },
  {
    finds: 'instances-differ',
    answers: () => ({ jwks: [{ keys: [jwk] }, { keys: [jwk] }, { keys: [{ ...jwk, kid: 'another' }] }] }),
  },
  {
    finds: 'instances-differ',
    answers: () => ({
      jwks: [{ keys: [jwk] }, { keys: [jwk] }, { keys: [{ ...publicJwk(newKey()), kid: key.keyId }] }],
    }),
  },
  {
    finds: 'clock-off',
    answers: () => headers({ date: new Date(Date.now() - 600_000).toUTCString() }),
  },
  { finds: 'token-unavailable', answers: () => ({ token: { status: 401, error: 'invalid_client' } }) },
  {
    finds: 'token-not-signed',
    answers: async () => ({ token: await signJwt(null, { alg: 'none' }, claims()) }),
  },
  {
    finds: 'token-no-kid',
    also: ['published-key-unknown'],
    answers: async () => ({
      ...keys(jwk, { ...publicJwk(newKey()), use: 'sig', kid: 'another' }),
      ...(await token({}, { kid: undefined })),
    }),
  },
  { finds: 'token-kid-unknown', answers: () => token({}, { kid: 'another' }) },
  {
    finds: 'token-alg-mismatch',
    also: ['published-key-unknown', 'key-not-published'],
    answers: async () => ({
      ...keys({ ...publicJwk(rsaKey(2048)), use: 'sig', kid: key.keyId.slice(1), alg: 'PS256' }),
      ...(await token(
        {},
        { kid: key.keyId.slice(1) },
        createLocalSigner(rsaKey(2048), { algorithm: 'RS256' }),
      )),
    }),
  },
  { finds: 'token-signature-invalid', answers: () => token({}, {}, createLocalSigner(newKey())) },
  { finds: 'token-issuer-mismatch', answers: () => token({ iss: 'https://auth.example.com' }) },
  { finds: 'token-time-invalid', answers: () => token({ iat: seconds() + 300, exp: seconds() + 900 }) },
  { finds: 'token-no-expiry', answers: () => token({ exp: undefined }) },
  { finds: 'token-no-audience', answers: () => token({ aud: undefined }) },
  {
    finds: 'token-outlives-policy',
    also: ['rotation-key-removed'],
    args: () => [...everything(), '--token-lifetime', '600'],
  },
  {
    finds: 'token-outlives-certificate',
    also: ['certificate-expires-soon'],
    answers: async () => keys(published(await certificate({ notAfter: later(1 / 48) }))),
  },
  {
    finds: 'token-outlives-certificate',
    also: ['rotation-key-removed'],
    answers: () => token({ exp: 1e18 }),
  },
  { finds: 'tampered-token-accepted', answers: () => ({ api: () => 200 }) },
  // Only the status counts, and what was found before an answer fails is kept.
  { finds: 'tampered-token-accepted', answers: () => ({ api: () => 'endless' }) },
  {
    finds: 'tampered-token-accepted',
    also: ['api-unavailable'],
    answers: () => ({
      api: (authorization) =>
        authorization === undefined || healthy.api(authorization) === 200 ? 200 : 'hang up',
    }),
  },
  { finds: 'api-refuses-token', answers: () => ({ api: () => 401 }) },
  { finds: 'api-unavailable', answers: () => ({ api: () => 'hang up' }) },
  {
    finds: 'key-unavailable',
    args: () => ['--issuer', issuer.origin, '--key', join(folder(), 'absent.pem')],
  },
  {
    finds: 'key-unavailable',
    args: () => ['--issuer', issuer.origin, '--key', 'https://contoso.example/certificates/a'],
  },
  // Its message has a line for each certificate.
  {
    finds: 'key-unavailable',
    args: () => only('auth').map((each) => each.replace('?name=auth', `?thumbprint=${'A'.repeat(40)}`)),
  },
  { finds: 'key-not-published', also: ['published-key-unknown'], args: () => only('other') },
  {
    finds: 'key-revoked-published',
    also: ['token-kid-unknown', 'rotation-key-unknown'],
    args: () => only('rotated'),
    answers: () => keys(...versions.map((version) => signingKeyJwk(version, 'ES256'))),
  },
  {
    finds: 'published-key-unknown',
    answers: () => keys(jwk, { ...publicJwk(newKey()), use: 'sig', kid: 'another' }),
  },
  { finds: 'no-signer', also: ['published-key-unknown'], args: () => only('absent') },
  {
    finds: 'rotation-key-unknown',
    args: () => [...everything(), '--announcement', '3600', '--max-set-age', '3600'],
  },
  { finds: 'rotation-key-removed', args: () => [...everything(), '--retention', '3600'] },
  // A day, in servers with the default policy.
  { finds: 'rotation-key-removed', answers: () => token({ exp: seconds() + 86_400 }) },
  {
    finds: 'rotation-key-removed',
    also: ['certificate-expires-soon'],
    args: () => ['--issuer', issuer.origin],
    answers: async () => keys(published(await certificate({ notAfter: later(1 / 2) }))),
  },
  // The next key has to sign as soon as it is there.
  {
    finds: 'rotation-key-unknown',
    also: ['certificate-expired'],
    args: () => ['--issuer', issuer.origin],
    answers: async () => keys(published(await certificate({ notBefore: later(-9), notAfter: later(-1) }))),
  },
  { finds: 'policy-impossible', args: () => [...everything(), '--max-set-age', '300'] },
  { finds: 'policy-impossible', args: () => [...everything(), '--rotation-interval', '600'] },
  {
    finds: 'policy-impossible',
    also: ['rotation-key-removed'],
    args: () => [...everything(), '--max-set-age', '300', '--retention', '3600'],
  },
]

/** Where nothing listens any more. */
let closed = ''
beforeAll(async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closed = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await new Promise((resolve) => server.close(resolve))
})

describe('a healthy issuer', () => {
  test('has no findings, and each step says what was seen', async () => {
    const { code, error, report } = await examine([...everything(), '--instance', issuer.origin])
    expect({ code, error, findings: report.findings }).toEqual({ code: 0, error: '', findings: [] })
    expect(report.ok).toBe(true)
    expect(report.prediction).toMatchObject({ rejectedFrom: null, reason: null })
    expect(Object.fromEntries(report.steps.map(({ name, status }) => [name, status]))).toEqual({
      discovery: 'ok',
      keys: 'ok',
      caching: 'ok',
      instances: 'ok',
      certificates: 'ok',
      token: 'ok',
      tampering: 'ok',
      key: 'ok',
      permissions: 'skipped',
      rotation: 'ok',
    })
    expect(issuer.forms).toContain('grant_type=client_credentials')
  })

  test('is told without the steps that nothing was given for', async () => {
    const { code, out } = await sealwright(['doctor', '--issuer', issuer.origin])
    expect(code).toBe(0)
    expect(out).toContain(
      'skipped  token         pass --client-id to get a token, or --token FILE with a token\n',
    )
    expect(out).toContain('skipped  key           pass --key URI to compare')
    expect(out).toMatch(/ok {7}rotation {6}the next key is announced at \S+Z; no token is rejected\n$/)
  })

  test('may be behind a cache, and have an API that sends strangers to a login', async () => {
    issuer.answers = {
      ...healthy,
      ...headers({ date: new Date(Date.now() - 600_000).toUTCString(), age: '600' }),
      api: (authorization) => (healthy.api(authorization) === 200 ? 200 : 302),
    }
    expect((await examine(everything())).report.findings).toEqual([])
  })

  test('may have a path that looks like another host, which no instance is left for', async () => {
    issuer.answers = { ...healthy, ...metadata({ jwks_uri: `${issuer.origin}//elsewhere.invalid/jwks` }) }
    const { report } = await examine(['--issuer', issuer.origin, '--instance', issuer.origin])
    expect(report.findings).toEqual([])
  })

  test('may sign with an algorithm that jose does not know', async () => {
    const store = await openFolderStore(join(folder(), 'keys'))
    const rare = await store.create('rare', { keyType: 'ec-secp256k1' })
    issuer.answers = {
      ...healthy,
      ...keys(signingKeyJwk(rare, 'ES256K')),
      ...(await token({}, { kid: rare.keyId }, rare.signer())),
    }
    expect((await examine(only('rare'))).report.findings).toEqual([])
  })

  test('may have a key in two places', async () => {
    const other = await openFolderStore(join(folder(), 'moved'))
    const store = await openFolderStore(join(folder(), 'keys'))
    await other.importPkcs12('auth', await store.exportPkcs12('auth', 'moving'), 'moving')
    const places = [`store:${join(folder(), 'moved')}?name=auth`, uri('auth')]
    const { report } = await examine(['--issuer', issuer.origin, '--key', ...places])
    expect(report.findings).toEqual([])
    expect(report.steps).toContainEqual({ name: 'key', status: 'ok', summary: `${key.keyId} is active` })
  })

  test('may have several keys with one password, from standard input', async () => {
    const places = await Promise.all([lockedFolder(), lockedFolder()])
    const args = [
      '--issuer',
      issuer.origin,
      '--key',
      ...places.map((place) => place.uri),
      '--password-file',
      '-',
    ]
    const { report } = await examine(args, { input: 'correct-horse' })
    expect(report.findings.map(({ id }) => id)).not.toContain('key-unavailable')
    expect(report.steps).toContainEqual(expect.objectContaining({ name: 'key', status: 'error' }))
  })

  test('is told with a token from elsewhere', async () => {
    const args = ['--issuer', issuer.origin, '--token', '-']
    const { code, report } = await examine(args, { input: `Bearer ${await tokenOf()}\n` })
    expect({ code, findings: report.findings }).toEqual({ code: 0, findings: [] })
    const opaque = await examine(args, { input: 'opaque' })
    expect(opaque.report.steps).toContainEqual({
      name: 'token',
      status: 'skipped',
      summary: 'the access token is not a JWT: only the issuer can verify it',
    })
  })
})

describe('planted in an issuer', () => {
  test.each(plants)('$finds', async ({ finds, also = [], args = everything, answers, sends }) => {
    issuer.forms.length = 0
    issuer.answers = { ...healthy, ...(await answers?.()) }
    const { code, out, error, report } = await examine(await args())
    expect([...new Set(report.findings.map(({ id }) => id))].toSorted()).toEqual([finds, ...also].toSorted())
    for (const { id, severity, what, where, why, fix } of report.findings) {
      expect(severity).toBe(catalogue[id].severity)
      for (const text of [what, where, why, fix]) expect(text).toMatch(/^\S.*\S$/)
    }
    const isHealthy = report.findings.every(({ severity }) => severity === 'warning')
    expect(report.ok).toBe(isHealthy)
    expect(code).toBe(isHealthy ? 0 : 3)
    expect(error).toMatch(isHealthy ? /^$/ : /^sealwright: \d+ errors? at \S+; the report says what to do\n$/)
    expect(out + error).not.toContain('correct horse')
    expect(sends === 'no secret' ? issuer.forms : []).toEqual([])
    // Neither the token nor a changed one.
    expect(out).not.toMatch(/eyJ[\w-]+\.eyJ/)
  })

  test('endpoints of this machine for an issuer elsewhere, which get no request', async () => {
    // The name and TLS of the issuer are those of no machine: its requests go to the test issuer instead.
    const { fetch } = globalThis
    vi.stubGlobal('fetch', (url: URL, init: RequestInit) =>
      fetch(url.href.replace('https://auth.example.com', issuer.origin), init),
    )
    onTestFinished(() => void vi.unstubAllGlobals())
    issuer.forms.length = 0
    const origin = 'https://auth.example.com'
    issuer.answers = { ...healthy, ...metadata({ issuer: origin, jwks_uri: `${origin}/jwks` }) }
    const client = ['--client-id', 'client', '--client-secret-env', 'SECRET']
    const { report } = await examine(['--issuer', origin, ...client])
    expect(report.findings.map(({ id }) => id)).toEqual(['endpoint-not-https', 'token-endpoint-elsewhere'])
    expect(report.steps).toContainEqual({
      name: 'token',
      status: 'skipped',
      summary: 'the token_endpoint is not https, so the client secret is not sent',
    })
    expect(issuer.forms).toEqual([])
    issuer.answers = { ...healthy, ...metadata({ issuer: origin, token_endpoint: undefined }) }
    const local = await examine(['--issuer', origin])
    expect(local.report.findings).toContainEqual(
      expect.objectContaining({ id: 'jwks-unavailable', what: 'the jwks_uri is not an https URL' }),
    )
    const inspected = await sealwright(['inspect', `${origin}/.well-known/openid-configuration`])
    expect(inspected).toMatchObject({
      code: 1,
      error: expect.stringContaining('is not an https URL') as unknown,
    })
  })

  test.each(['private_key_jwt', 'none'])(
    'a token endpoint that takes %s alone, which gets no secret',
    async (method) => {
      issuer.forms.length = 0
      issuer.answers = { ...healthy, ...metadata({ token_endpoint_auth_methods_supported: [method] }) }
      const { findings } = (await examine(everything())).report
      expect(findings).toMatchObject([
        {
          id: 'token-unavailable',
          what: expect.stringMatching(/^the server does not accept client secrets: .* is \w+;/) as unknown,
        },
      ])
      expect(issuer.forms).toEqual([])
    },
  )

  test.each(['client_secret_basic', 'client_secret_post'])(
    'a server that quotes what it was sent with %s',
    async (method) => {
      issuer.answers = {
        ...healthy,
        ...metadata({ token_endpoint_auth_methods_supported: [method] }),
        token: { status: 401, error: 'invalid_client', quotes: true },
      }
      const secret = 'wrong+horse & "staple"'
      const { out, report } = await examine(everything(), { env: { SECRET: secret } })
      expect(report.findings.map(({ id }) => id)).toEqual(['token-unavailable'])
      const encoded = new URLSearchParams({ '': secret }).toString().slice(1)
      expect(report.findings[0]?.what).toMatch(
        /^the token endpoint answers 401(?:: you sent grant_type=client_credentials)?$/,
      )
      for (const shape of ['wrong', 'staple', encoded, btoa(`client:${encoded}`)])
        expect(out).not.toContain(shape)
    },
  )

  test('queries, which may be secret, without showing them', async () => {
    issuer.answers = {
      ...healthy,
      ...metadata({
        jwks_uri: `${issuer.origin}/absent?code=hidden`,
        token_endpoint: `${issuer.origin}/absent?code=hidden`,
        userinfo_endpoint: 'http://user:hidden@auth.example.com/userinfo?code=hidden',
      }),
    }
    const args = [...everything().slice(0, -1), `${issuer.origin}/api?code=hidden`]
    const { out, report } = await examine(args)
    expect(report.findings.map(({ id, where }) => [id, where])).toEqual([
      ['endpoint-not-https', `${issuer.origin}/.well-known/openid-configuration`],
      ['jwks-unavailable', `${issuer.origin}/absent`],
      ['token-unavailable', `${issuer.origin}/absent`],
    ])
    expect(out).not.toContain('hidden')
  })

  test('a redirect, without what may be secret in it', async () => {
    issuer.answers = { ...healthy, ...metadata({ jwks_uri: `${issuer.origin}/redirect` }) }
    const { report } = await examine(['--issuer', issuer.origin])
    expect(report.findings).toMatchObject([
      {
        id: 'jwks-unavailable',
        what: `the JWK Set at ${issuer.origin}/redirect redirects to another address; use that one: http://localhost/jwks`,
      },
    ])
  })

  const notPredicted: readonly (Plant & { readonly why: string })[] = [
    {
      why: 'not every --key can be opened',
      finds: 'key-unavailable',
      args: () => ['--issuer', issuer.origin, '--key', uri('auth'), join(folder(), 'absent.pem')],
    },
    {
      why: 'no key can sign',
      finds: 'no-signer',
      also: ['published-key-unknown'],
      args: () => only('absent'),
    },
    {
      why: 'the JWK Set has no max-age; pass --jwks-max-age',
      finds: 'jwks-no-max-age',
      answers: () => headers({ 'cache-control': 'public' }),
    },
    {
      why: 'there is no JWK Set with a max-age; pass --jwks-max-age',
      finds: 'jwks-unavailable',
      answers: () => ({ jwks: 500 }),
    },
    {
      why: 'there is no published key',
      finds: 'jwks-empty',
      args: () => ['--issuer', issuer.origin],
      answers: () => keys(),
    },
  ]

  test.each(notPredicted)(
    '$finds, so no rotation is predicted: $why',
    async ({ why, finds, also = [], args = everything, answers }) => {
      issuer.answers = { ...healthy, ...(await answers?.()) }
      const { report } = await examine(await args())
      expect(new Set(report.findings.map(({ id }) => id))).toEqual(new Set([finds, ...also]))
      expect(report.steps.at(-1)).toEqual({ name: 'rotation', status: 'skipped', summary: why })
      expect(report.prediction).toBeNull()
    },
  )

  test('no max-age, where the user knows it', async () => {
    issuer.answers = { ...healthy, ...headers({ 'cache-control': 'public' }) }
    const { report } = await examine([...everything(), '--jwks-max-age', '300'])
    expect(report.steps.at(-1)).toMatchObject({ name: 'rotation', status: 'ok' })
  })

  test('is told to a person with the fix', async () => {
    issuer.answers = { ...healthy, ...headers({ 'cache-control': 'public, max-age=86400' }) }
    const args = ['--announcement', '7200', '--max-set-age', '3600']
    const { code, out } = await sealwright(['doctor', ...everything(), ...args], { env, colors: true })
    expect(code).toBe(3)
    expect(out).toContain('\u001b[31merror\u001b[39m: rotation-key-unknown: the next key\n')
    expect(out).toContain(
      'is announced for 7200 s; maxSetAge + max-age + clockSkew is 3600 + 86400 + 60 = 90060 s\n',
    )
    expect(out).toContain('  fix: Set announcement to at least 90060 s, or lower max-age or maxSetAge.\n')
  })
})

/** Of a certificate in the vault. */
const policy = (exportable: boolean): Json => ({
  key_props: { kty: 'EC', crv: 'P-256', exportable },
  x509_props: { subject: 'CN=signing' },
  issuer: { name: 'Self' },
})

describe('planted in a vault', () => {
  const server = { clientId: '00000000-0000-4000-8000-000000000052', clientSecret: 'server-secret' }
  const reader = { clientId: '00000000-0000-4000-8000-000000000053', clientSecret: 'reader-secret' }
  let emulator: RunningKeyVaultEmulator
  let vaultUrl = ''
  beforeAll(async () => {
    const access = { certificates: ['get', 'list'] as const, keys: ['sign'] as const }
    emulator = await startKeyVaultEmulator({
      timing: { issuance: 20, deletion: 20 },
      seed: {
        vaults: {
          contoso: {
            certificates: [
              { name: 'signing', policy: policy(false) },
              { name: 'exportable', policy: policy(true) },
            ],
          },
        },
      },
      identities: [
        { ...wellKnown, access: 'all' },
        { ...server, access },
        { ...reader, access: { certificates: ['get', 'list'] } },
      ],
    })
    vaultUrl = emulator.vaultUrl('contoso')
  })
  afterAll(() => emulator.close())

  const as = (identity: { clientId: string; clientSecret: string }): Surroundings['vault'] => ({
    credential: secretCredential(emulator, identity),
    agent: emulator.agent(),
    pollInterval: 10,
    settleTime: 0,
    deadline: 20_000,
  })

  test('nothing, for an identity that can read and sign', async () => {
    const { report } = await examine(
      ['--issuer', issuer.origin, '--key', `${vaultUrl}/certificates/signing`],
      { vault: as(server) },
    )
    expect(report.findings.map(({ id }) => id)).toEqual(['key-not-published', 'published-key-unknown'])
    expect(report.steps).toContainEqual(expect.objectContaining({ name: 'permissions', status: 'ok' }))
  })

  test('too few permissions, and too many', async () => {
    const args = ['--issuer', issuer.origin, '--key', `${vaultUrl}/certificates/signing`]
    const few = (await examine(args, { vault: as(reader) })).report.findings
    expect(few).toContainEqual(
      expect.objectContaining({ id: 'permission-missing', what: 'the identity lacks keys/sign' }),
    )
    const many = (await examine(args, { vault: as(wellKnown) })).report.findings
    expect(many).toContainEqual(
      expect.objectContaining({
        id: 'permission-excess',
        what: expect.stringContaining('certificates/delete, certificates/purge') as unknown,
      }),
    )
  })

  test('a private key that can be exported', async () => {
    const args = ['--issuer', issuer.origin, '--key', `${vaultUrl}/certificates/exportable`]
    const { findings } = (await examine(args, { vault: as(wellKnown) })).report
    expect(findings.map(({ id }) => id)).toContain('private-key-exportable')
  })
})

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')

describe('the documentation', () => {
  const lines = read('../../README.md').match(/^sealwright doctor .*$/gm) ?? []

  test.each(lines)('has a line that works: %s', async (line) => {
    writeFileSync(join(folder(), 'secret.txt'), 'correct horse\n')
    const args = line
      .replaceAll("'", '')
      .replace('https://auth.example.com', issuer.origin)
      .replace(/store:\S+/, uri('auth'))
      .replace('secret.txt', join(folder(), 'secret.txt'))
    expect(await sealwright(args.split(' ').slice(1))).toMatchObject({ code: 0, error: '' })
  })

  test('shows what a healthy issuer prints', async () => {
    const [, printed = ''] = /^```\n(ok {7}discovery[^`]*)```/m.exec(read('../../README.md')) ?? []
    const mask = (text: string): string =>
      text
        .replaceAll(issuer.origin, 'https://auth.example.com')
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/\b[\w-]{43}(?![\w-])/g, 'KID')
    const args = ['--issuer', issuer.origin, '--key', uri('auth'), '--client-id', 'client']
    const { out } = await sealwright(['doctor', ...args, '--client-secret-env', 'SECRET'], { env })
    expect(mask(out)).toBe(mask(printed))
  })

  test('has every finding with its meaning and fix', () => {
    const rows = [
      ...read('../../../../docs/doctor.md').matchAll(
        /^\| `([\w-]+)` +\| (error|warning) +\| (.*?) +\| (.*?) +\|$/gm,
      ),
    ]
    const written = rows.map(([, id, severity, why, fix]) => [id, { severity, why, fix }])
    expect(Object.fromEntries(written)).toEqual(catalogue)
    expect(lines).toHaveLength(2)
  })
})

test('every finding is planted, which is more than twenty', () => {
  const inVault = ['permission-missing', 'permission-excess', 'private-key-exportable']
  const planted = new Set([...plants.map(({ finds }) => finds), ...inVault])
  expect([...planted].toSorted()).toEqual(Object.keys(catalogue).toSorted())
  expect(planted.size).toBeGreaterThan(20)
})

describe('what cannot be examined', () => {
  test.each([
    [['--client-id', 'client'], 1, 'the client needs its secret: pass --client-secret-file FILE'],
    [['--client-secret-env', 'SECRET'], 1, 'a client secret needs its client: pass --client-id ID'],
    [['--client-secret', 'correct horse'], 2, 'other users can read secrets on the command line'],
    [['--token', 'eyJhbGciOiJFUzI1NiJ9.e30.c2ln'], 1, 'other users can read a token on the command line'],
    [['--scope', 'read'], 1, '--scope needs its client: pass --client-id ID'],
    [
      ['--api', 'https://api.example.com'],
      1,
      '--api needs a token to send: pass --client-id ID, or --token FILE',
    ],
    [['--token', '-', '--client-secret-env', 'SECRET'], 2, 'cannot be used with option'],
    [['--token', '-', '--client-secret-file', 'secret.txt'], 2, 'cannot be used with option'],
    [['--token', '-', '--scope', 'read'], 2, 'cannot be used with option'],
    [['--announcement', 'soon'], 2, 'It must be a whole number of seconds, from 1 up'],
    [['--announcement', '0'], 2, 'It must be a whole number of seconds, from 1 up'],
    [['--jwks-max-age', 'soon'], 2, 'It must be a whole number of seconds.'],
    [['--issuer', 'auth.example.com'], 2, 'It must be a URL that begins with https://'],
    [['--issuer', 'https://a.example/?tenant=1'], 2, 'It must not have a query or fragment'],
    [['--issuer', 'https://a.example/#1'], 2, 'It must not have a query or fragment'],
    [['--instance', 'https://a.example', '10.0.0.1:5001'], 2, 'It must be a URL that begins with https://'],
    [['--api', 'file:///etc/passwd'], 2, 'It must be a URL that begins with https://'],
    ...['--issuer', '--instance', '--api', '--key'].map(
      (option): readonly [readonly string[], number, string] => [
        [option, 'https://user:correct%20horse@a.example'],
        2,
        'It must not have a user name or password',
      ],
    ),
  ] as const)('%j', async (args, code, message) => {
    const outcome = await sealwright(['doctor', '--issuer', issuer.origin, ...args], { env })
    expect(outcome).toMatchObject({ code, out: '', error: expect.stringContaining(message) as unknown })
    expect(outcome.error).not.toMatch(/correct.*horse/)
  })

  test('the secret is asked for, and sent as RFC 6749 has it', async () => {
    issuer.answers = {
      ...healthy,
      ...metadata({ token_endpoint_auth_methods_supported: ['client_secret_post'] }),
    }
    const questions = { password: async () => 'correct horse', confirm: async () => true }
    const args = ['doctor', '--issuer', issuer.origin, '--client-id', 'a:b', '--scope', 'read', 'write']
    expect(await sealwright(args, { questions })).toMatchObject({ code: 0 })
    expect(issuer.forms.at(-1)).toBe(
      'grant_type=client_credentials&scope=read+write&client_id=a%3Ab&client_secret=correct+horse',
    )
  })
})
