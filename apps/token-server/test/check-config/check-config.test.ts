import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { openKeyVault } from '@sealwright/azure-keyvault'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkConfig, type CheckedConfig } from '../../src/check-config/check-config.ts'
import { describeConfig } from '../../src/check-config/report.ts'
import { parseCommandLine } from '../../src/command-line.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { client, settingsFile } from '../support/server.ts'
import { networkTo } from '../support/vaults.ts'

/** Every file of a folder, and when it was changed. */
function contents(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
    .toSorted()
}

/** Checks settings in a folder, which stays as it was. */
async function check(
  folder: string,
  file: object | string,
  env: Readonly<Record<string, string>> = {},
): Promise<CheckedConfig> {
  const path = join(folder, 'settings.json')
  writeFileSync(path, typeof file === 'string' ? file : JSON.stringify(file))
  const before = contents(folder)
  const { report, problems } = await checkConfig({
    TOKEN_SERVER_SETTINGS: path,
    DATA_DIR: join(folder, 'data'),
    ...env,
  })
  expect(contents(folder)).toEqual(before)
  const short = (text: string): string => text.replaceAll(`${folder}/`, '')
  return { report: short(report), problems: problems.map(short) }
}

/** A port of 127.0.0.1 that another program has. */
async function takenPort(): Promise<string> {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  return String((taken.address() as AddressInfo).port)
}

describe('a check of the configuration', () => {
  test('says what the settings are, without secrets, and which key would be created', async () => {
    const file = settingsFile({
      keyRing: { jwksMaxAge: 90 },
      clients: [
        client({ clientId: 'warehouse', description: 'the warehouse' }),
        client({ clientId: 'suspended', grantTypes: [], scopes: ['other1'] }),
      ],
      resources: [
        { audience: ['api', 'more'], scopes: ['api1', 'api2'] },
        { audience: 'other', scopes: ['other1'] },
      ],
    })
    const env = {
      SIGNING_KEY_TYPE: 'ec-p256',
      SIGNING_KEY_PASSWORD: 'hunter2',
      clients__0__accessTokenLifetime: '60',
    }
    expect(await check(scratchFolder(), file, env)).toEqual({
      problems: [],
      report: `Settings       settings.json
Variables      DATA_DIR, SIGNING_KEY_TYPE, SIGNING_KEY_PASSWORD, clients__0__accessTokenLifetime
Issuer         https://id.example
Listens on     localhost, port 5001
Workers        1
Proxies        not set
Limits         none
Redis          none
Audit log      off
Metrics        off
Page           off
Signing key    store:data?name=token-signing: there is none yet; the server will create one (ec-p256)
Key ring       a new key is created when the certificate is about to expire; it is published 1 d 2 min 30 s before it signs, and until 17 min after the next key signs; clients keep the JWK Set for 1 min 30 s; it is served for 1 d while the keys cannot be read
Access tokens  typ at+jwt, nbf 0 s before iat
Resource       api and more: api1 api2
Resource       other: other1
Client         warehouse: 1 secret, tokens of 1 min, api1 api2
Client         suspended: 1 secret, suspended, other1
`,
    })
  })

  test('says how the server is operated, without the password of Redis', () => {
    const settings = loadSettings({
      HOST: '0.0.0.0',
      PORT: '0',
      WORKERS: '3',
      TRUSTED_PROXIES: '10.0.0.0/8,192.0.2.1',
      limits__addressRequestsPerMinute: '600',
      limits__clientTokensPerMinute: '60',
      REDIS_URL: 'rediss://user:hunter2@redis.example.com/1',
      AUDIT_LOG: '/var/log/audit',
      audit__durable: 'true',
      METRICS_PORT: '9464',
    })
    expect(describeConfig(settings, [], [])).toContain(`Listens on     0.0.0.0, any free port
Workers        3
Proxies        10.0.0.0/8, 192.0.2.1
Limits         10 wrong secrets, 600 requests a minute from an address, 60 tokens a minute for a client
Redis          redis.example.com port 6379 with TLS, database 1, keys token-server:…
Audit log      /var/log/audit, durable
Metrics        localhost, port 9464
Page           off
`)
    const alone = loadSettings({
      TRUSTED_PROXIES: 'none',
      limits__wrongSecrets: '0',
      REDIS_URL: 'redis://[::1]:1',
    })
    expect(describeConfig(alone, [], [])).toContain(`Proxies        none
Limits         none
Redis          ::1 port 1, database 0, keys token-server:…
`)
  })

  test('opens the keys that there are, and warns', async () => {
    const folder = scratchFolder()
    const store = await openFolderStore(join(folder, 'data'))
    await store.create('token-signing', { keyType: 'ec-p256', validityDays: 20 })
    const { report, problems } = await check(folder, settingsFile({ issuer: 'http://id.example' }))
    expect(problems).toEqual([])
    expect(report).toMatch(
      /^Signing key {4}data\/token-signing\.pfx: ES256 \(EC, P-256\), expires \d{4}-.* \(\d+ days left\)$/m,
    )
    expect(report).toContain(
      'Warning        the issuer is an http: URL; clients on other machines must use https\n',
    )
    expect(report).toContain('Warning        the certificate of the signing key expires within 30 days\n')
  })

  test('tells every problem of the settings', async () => {
    expect(
      await check(scratchFolder(), settingsFile({ port: 'hunter2', client: 1 }), { LOG_LEVEL: 'x' }),
    ).toEqual({
      report: '',
      problems: [
        'settings.json: port: must be a whole number from 0 to 65535',
        'LOG_LEVEL: must be one of fatal, error, warn, info, debug, trace, silent',
        'settings.json: client: there is no such setting',
      ],
    })
  })

  test('tells every problem of the keys', async () => {
    const folder = scratchFolder()
    mkdirSync(join(folder, 'keys'), { mode: 0o700 })
    writeFileSync(join(folder, 'keys', 'broken.pfx'), 'hunter2', { mode: 0o600 })
    const file = settingsFile({
      additionalSigningKeys: [{ uri: `store:${folder}/keys?name=broken` }, { uri: 'file:none.pfx' }],
    })
    const { problems } = await check(folder, file, { SIGNING_KEY: `store:${folder}/other?name=a` })
    expect(problems.toSorted()).toEqual([
      expect.stringMatching(/^the key of SIGNING_KEY: there is no such key, and the settings do not let/),
      expect.stringMatching(/^the key of additionalSigningKeys\[0\]: (?!.*hunter2).*broken\.pfx/),
      expect.stringMatching(/^the key of additionalSigningKeys\[1\]: there is no file .*none\.pfx/),
    ])
  })

  test('tells what the keys cannot do', async () => {
    const folder = scratchFolder()
    const store = await openFolderStore(join(folder, 'data'))
    await store.create('token-signing', { keyType: 'ec-p256' })
    const { problems } = await check(folder, settingsFile(), { SIGNING_ALGORITHM: 'RS256' })
    expect(problems).toEqual(['no key of the ring signs RS256; its keys sign ES256'])
  })

  test('warns of ports in use, which may be those of the running server', async () => {
    const [port, metricsPort] = await Promise.all([takenPort(), takenPort()])
    const env = { HOST: '127.0.0.1', PORT: port, METRICS_HOST: '127.0.0.1', METRICS_PORT: metricsPort }
    const { report, problems } = await check(scratchFolder(), settingsFile(), env)
    expect(problems).toEqual([])
    expect(report).toContain(`127.0.0.1 port ${port} (HOST and PORT) is in use; `)
    expect(report).toContain(`127.0.0.1 port ${metricsPort} (METRICS_HOST and METRICS_PORT) is in use; `)
  })

  test('accepts an audit folder that can be made', async () => {
    const folder = scratchFolder()
    const { problems } = await check(folder, settingsFile(), { AUDIT_LOG: join(folder, 'new', 'audit') })
    expect(problems).toEqual([])
  })

  test('reads a vault and changes nothing in it', async () => {
    const emulator = await startKeyVaultEmulator({ timing: { issuance: 0 } })
    const vault = {
      credential: emulator.credential(),
      agent: networkTo(emulator).agent,
      pollInterval: 5,
      settleTime: 0,
    }
    const url = emulator.vaultUrl('contoso')
    const folder = scratchFolder()
    const path = join(folder, 'settings.json')
    writeFileSync(path, JSON.stringify(settingsFile()))
    const env = {
      TOKEN_SERVER_SETTINGS: path,
      SIGNING_KEY: `${url}/certificates/token-signing`,
      SIGNING_KEY_TYPE: 'ec-p256',
    }
    const absent = await checkConfig(env, vault)
    expect(absent.problems).toEqual([])
    expect(absent.report).toContain(
      `${url}/certificates/token-signing: there is none yet; the server will create one (ec-p256)`,
    )

    await openKeyVault(url, vault).create('token-signing', { keyType: 'ec-p256' })
    const before = emulator.requests.list().length
    const present = await checkConfig(env, vault)
    expect(present.problems).toEqual([])
    expect(present.report).toMatch(/^Signing key .*\/token-signing\/.*: ES256 \(EC, P-256\), expires/m)
    const operations = emulator.requests
      .list()
      .slice(before)
      .map(({ operation }) => operation)
    expect(operations.filter((each) => !['challenge', 'token'].includes(each)).length).toBeGreaterThan(0)
    expect(operations.filter((each) => !/^(?:challenge|token|\w+\/(?:get|list)\w*)$/i.test(each))).toEqual([])
  })
})

describe('the command line', () => {
  test.each([
    [[], { kind: 'start' }],
    [['--check-config'], { kind: 'check-config' }],
    [['-h'], { kind: 'help' }],
    [['--check-config', '--help'], { kind: 'help' }],
    [['--check'], { kind: 'wrong', message: 'there is no option --check; see --help' }],
    [['--password=hunter2'], { kind: 'wrong', message: '--password does not accept a value; see --help' }],
    [
      ['--check-config=hunter2'],
      { kind: 'wrong', message: '--check-config does not accept a value; see --help' },
    ],
    [['-x'], { kind: 'wrong', message: 'there is no option -x; see --help' }],
    [['hunter2'], { kind: 'wrong', message: 'arguments must begin with --; see --help' }],
    [['--', '--check-config'], { kind: 'wrong', message: 'arguments must begin with --; see --help' }],
  ])('%j', (args, command) => {
    expect(parseCommandLine(args)).toMatchObject(command)
  })
})
