import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { openDotNetStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { lacks, lacksModes, lacksPython, run } from '@sealwright/test-kit/tools'
import { createRemoteJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, onTestFinished, test } from 'vitest'
import { client, settingsFile } from './support/server.ts'
import { keytoolPfx, opensslPfx } from './support/pfx.ts'
import { freePort } from './support/ports.ts'
import { bundledServer, ServerProcess } from './support/program.ts'

const program = bundledServer()

/** A server with a development key in a folder of its own, EC as it is made in no time. */
function start(env: Readonly<Record<string, string>> = {}): ServerProcess {
  const own = env['SIGNING_KEY'] === undefined && env['IdentityServer__Key__Type'] === undefined
  return new ServerProcess(program(), {
    ...(own && { DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256' }),
    ...env,
  })
}

/** The key files of a folder, without the hidden markers of when each key arrived. */
function keyFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.'))
}

async function getToken(origin: string): Promise<string> {
  const response = await fetch(`${origin}/connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('sample-client:sample-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { access_token: string }).access_token
}

async function identityStatus(origin: string, token: string): Promise<number> {
  const response = await fetch(`${origin}/api/identity`, { headers: { authorization: `Bearer ${token}` } })
  return response.status
}

async function publishedKey(origin: string): Promise<JSONWebKeySet['keys'][number]> {
  const response = await fetch(`${origin}/.well-known/openid-configuration/jwks`)
  const { keys } = (await response.json()) as JSONWebKeySet
  const [key] = keys
  if (key === undefined) throw new Error('no key is published')
  return key
}

/** That a token is issued, verified by jose through the JWK Set and accepted by the sample API. */
async function expectGoodTokens(origin: string): Promise<string> {
  const token = await getToken(origin)
  const jwks = createRemoteJWKSet(new URL(`${origin}/.well-known/openid-configuration/jwks`))
  const { protectedHeader } = await jwtVerify(token, jwks, {
    issuer: origin,
    audience: 'sample-api',
    typ: 'at+jwt',
  })
  expect(protectedHeader.kid).toBe((await publishedKey(origin)).kid)
  expect(await identityStatus(origin, token)).toBe(200)
  return token
}

describe('out of the box', () => {
  test.skipIf(lacks('curl'))('the lines it ends with can be pasted [needs curl]', async () => {
    const server = start()
    const { origin } = await server.started()
    const lines = server.stderr.trimEnd().split('\n')
    const curl = lines.filter((line) => line.startsWith('curl '))
    expect(curl).toHaveLength(2)
    expect(lines.at(-1)).toBe(curl[1])
    const answer = JSON.parse(run(['sh', '-c', curl[0] ?? ''])) as { access_token: string }
    expect(await identityStatus(origin, answer.access_token)).toBe(200)
    expect(JSON.parse(run(['sh', '-c', curl[1] ?? '']))).toMatchObject({
      client_id: 'sample-client',
      iss: origin,
    })
    expect(server.stderr).toMatch(/is public: it comes from the sample settings/)
    // Everything on stdout is JSON.
    for (const line of server.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('level')
  })

  test('without any settings it prints what the README of the repository shows', async () => {
    const root = new URL('../../../', import.meta.url)
    const [, transcript = ''] =
      /^```\n\$ npm ci && npm start\n(.*?)^```/ms.exec(readFileSync(new URL('README.md', root), 'utf8')) ?? []
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
      scripts: { start: string }
    }
    const server = new ServerProcess(program(), { DATA_DIR: join(scratchFolder(), 'apps/token-server/data') })
    const { origin } = await server.started()
    const folder = join(program(), '..', '..', '..')
    const printed = server.stderr
      .replaceAll(origin, 'http://localhost:5001')
      .replace(/^(Signing key +).*(?=\/apps\/token-server\/data)/m, '$1…')
      .replace(folder, '…/apps/token-server')
      .replace(/expires \d{4}-\d\d-\d\d/, 'expires 2028-11-24')
    expect(transcript).toBe(`\n> start\n> ${scripts.start}\n\n${printed}`)
  })

  test.skipIf(lacks('script'))(
    'at a terminal the log is text, and none of it is between the lines to paste [needs script]',
    async () => {
      const terminal = new ServerProcess(program(), { DATA_DIR: join(scratchFolder(), 'data') }, 'terminal')
      const { origin } = await terminal.started()
      const started = terminal.stdout
      await fetch(`${origin}/.well-known/openid-configuration`)
      await expect.poll(() => terminal.stdout).toMatch(/^\d\d:\d\d:\d\d INFO {2}answered .*statusCode=200/m)
      expect(started).toMatch(/^\r?\nToken server [^{]*curl [^{]*$/)
      expect(terminal.stdout).not.toContain('"level"')
    },
  )

  test('with no settings at all it makes an RSA key beside itself and keeps it', async () => {
    const data = join(program(), '..', '..', '..', 'data')
    const server = new ServerProcess(program(), {})
    const { origin } = await server.started()
    expect((await publishedKey(origin)).alg).toBe('RS256')
    expect(keyFiles(data)).toEqual(['token-signing.pfx'])
    await expectGoodTokens(origin)
  })

  test.skipIf(lacks('openssl'))(
    'OpenSSL opens the PFX with the line of the README, and it is the certificate that is published [needs openssl]',
    async () => {
      const root = scratchFolder()
      const { origin } = await start({ DATA_DIR: join(root, 'apps/token-server/data') }).started()
      const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
      const line = /^openssl pkcs12 .*$/m.exec(readme)?.[0]
      expect(line).toBe('openssl pkcs12 -in apps/token-server/data/token-signing.pfx -passin pass: -nokeys')
      const certificate = new X509Certificate(run(['sh', '-c', `cd '${root}' && ${line}`]))
      expect((await publishedKey(origin)).x5c).toEqual([certificate.raw.toString('base64')])
    },
  )

  test.skipIf(lacks('curl', 'openssl'))(
    'a secret made by the line of the documentation works with curl -u [needs curl, openssl]',
    async () => {
      const page = readFileSync(new URL('../../../docs/token-server/settings.md', import.meta.url), 'utf8')
      const line = /^secret=.*$/m.exec(page)?.[0] ?? ''
      const [secret = '', digest = ''] = run(['sh', '-c', line]).trimEnd().split('\n')
      // Nothing that form-urlencoding changes (RFC 6749 §2.3.1).
      expect(secret).toMatch(/^[\w.-]{43,}$/)
      const file = join(scratchFolder(), 'settings.json')
      const sha256 = digest.replace(/^.*= */, '')
      writeFileSync(
        file,
        JSON.stringify(settingsFile({ issuer: undefined, clients: [client({ secrets: [{ sha256 }] })] })),
      )
      const { origin } = await start({ TOKEN_SERVER_SETTINGS: file }).started()
      const answer = run([
        'curl',
        '-s',
        `${origin}/connect/token`,
        '-u',
        `client:${secret}`,
        '-d',
        'grant_type=client_credentials',
      ])
      expect(JSON.parse(answer)).toMatchObject({ token_type: 'Bearer' })
    },
  )

  test('after a restart the kid is the same and the old token still works', async () => {
    const DATA_DIR = join(scratchFolder(), 'data')
    const first = start({ DATA_DIR })
    const { origin } = await first.started()
    const token = await expectGoodTokens(origin)
    const before = await publishedKey(origin)
    expect((await first.stop()).code).toBe(0)

    const second = start({ DATA_DIR, PORT: new URL(origin).port })
    expect(await second.started()).toEqual({ origin })
    expect(await publishedKey(origin)).toEqual(before)
    expect(await identityStatus(origin, token)).toBe(200)
  })

  test.skipIf(lacksPython('import jwt, cryptography', '/usr/bin/python3'))(
    'PyJWT accepts a token through the JWK Set and refuses a changed one [needs PyJWT]',
    async () => {
      const { origin } = await start().started()
      const token = await getToken(origin)
      const script = [
        'import jwt, sys',
        'key = jwt.PyJWKClient(sys.argv[1]).get_signing_key_from_jwt(sys.argv[2]).key',
        'print(jwt.decode(sys.argv[2], key, algorithms=["ES256"], audience="sample-api", issuer=sys.argv[3])["sub"])',
      ].join('\n')
      const verify = (jwt: string): string =>
        run([
          '/usr/bin/python3',
          '-c',
          script,
          `${origin}/.well-known/openid-configuration/jwks`,
          jwt,
          origin,
        ])
      expect(verify(token).trim()).toBe('sample-client')
      const at = token.lastIndexOf('.') + 20
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      expect(() => verify(changed)).toThrow(/InvalidSignatureError/)
      expect(await identityStatus(origin, changed)).toBe(401)
    },
  )

  const rounds = isFull ? 50 : 5
  test(`two servers that start at the same instant on an empty folder have one key, ${rounds} times`, async () => {
    for (let round = 0; round < rounds; round++) {
      const shared = { DATA_DIR: join(scratchFolder(), 'data'), ISSUER: 'http://id.example' }
      const servers = [start(shared), start(shared)]
      const [one, other] = await Promise.all(servers.map((server) => server.started()))
      if (one === undefined || other === undefined) throw new Error('unreachable')
      expect(await publishedKey(one.origin)).toEqual(await publishedKey(other.origin))
      expect(await identityStatus(one.origin, await getToken(other.origin))).toBe(200)
      expect(await identityStatus(other.origin, await getToken(one.origin))).toBe(200)
      expect(keyFiles(shared.DATA_DIR)).toEqual(['token-signing.pfx'])
      await Promise.all(servers.map((server) => server.stop()))
    }
  }, 300_000)
})

describe('with a key that is there already', () => {
  test.skipIf(lacks('openssl'))(
    'SIGNING_KEY=file: opens what openssl pkcs12 -export wrote [needs openssl]',
    async () => {
      const pfx = opensslPfx(scratchFolder(), 'my app', '/CN=my-app-auth/O=Contoso', 'correct horse')
      const server = start({
        SIGNING_KEY: `file:${pfx}`,
        SIGNING_KEY_PASSWORD: 'correct horse',
        SIGNING_ALGORITHM: 'PS256',
      })
      const { origin } = await server.started()
      await expectGoodTokens(origin)
      expect((await publishedKey(origin)).alg).toBe('PS256')
      expect(server.stderr).toContain('my app.pfx')
      expect(server.stderr).toMatch(/CN=my-app-auth/)
    },
  )

  test.skipIf(lacks('keytool'))('SIGNING_KEY=file: opens what keytool wrote [needs keytool]', async () => {
    const folder = scratchFolder()
    const pfx = keytoolPfx(folder, 'CN=java-auth', 'changeit')
    writeFileSync(join(folder, 'password'), 'changeit\n')
    const { origin } = await start({
      SIGNING_KEY: `file:${pfx}`,
      SIGNING_KEY_PASSWORD_FILE: join(folder, 'password'),
    }).started()
    await expectGoodTokens(origin)
    expect((await publishedKey(origin)).alg).toBe('ES256')
  })

  test.skipIf(lacks('openssl'))(
    'the settings of ASP.NET and App Service find it where .NET keeps it [needs openssl]',
    async () => {
      const HOME = scratchFolder()
      const folder = join(HOME, '.dotnet/corefx/cryptography/x509stores/my')
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const pfx = opensslPfx(HOME, 'net', '/CN=net-auth', '')
      const certificate = new X509Certificate(readFileSync(join(HOME, 'net.crt')))
      const thumbprint = certificate.fingerprint.replaceAll(':', '')
      copyFileSync(pfx, join(folder, `${thumbprint}.pfx`))
      chmodSync(join(folder, `${thumbprint}.pfx`), 0o600)
      // As Windows' dialog shows it and people paste it.
      const pasted = `\u200E${thumbprint.toLowerCase().replace(/..(?=.)/g, '$& ')}`

      for (const env of [
        { SIGNING_KEY: `store:my?thumbprint=${encodeURIComponent(pasted)}` },
        {
          IdentityServer__Key__Type: 'Store',
          IdentityServer__Key__Name: 'CN=net-auth',
          IdentityServer__Key__StoreName: 'My',
        },
        { APP_SigningCertificateThumbprint: thumbprint },
        { APP_SigningCertificateThumbprint: thumbprint, WEBSITE_LOAD_CERTIFICATES: '*' },
      ]) {
        const server = new ServerProcess(program(), { HOME, ...env })
        const { origin } = await server.started()
        await expectGoodTokens(origin)
        expect((await publishedKey(origin)).x5c).toEqual([certificate.raw.toString('base64')])
        await server.stop()
      }
      const near = thumbprint.slice(0, -1) + (thumbprint.endsWith('0') ? '1' : '0')
      const failed = await new ServerProcess(program(), { HOME, SIGNING_KEY: `store:my?thumbprint=${near}` })
        .exited
      expect(failed.code).toBe(1)
      expect(failed.stderr).toContain(thumbprint)
    },
  )

  test.skipIf(lacks('keytool'))(
    'SIGNING_KEY=store:my finds what keytool wrote, once imported [needs keytool]',
    async () => {
      const HOME = scratchFolder()
      const pfx = keytoolPfx(HOME, 'CN=java-auth', 'changeit')
      const certificate = new X509Certificate(
        run(['keytool', '-exportcert', '-rfc', '-alias', 'a', '-keystore', pfx, '-storepass', 'changeit']),
      )
      const store = await openDotNetStore({ home: HOME })
      await store.importPkcs12('java-auth', readFileSync(pfx), 'changeit')
      const thumbprint = certificate.fingerprint.replaceAll(':', '')
      const { origin } = await start({ HOME, SIGNING_KEY: `store:my?thumbprint=${thumbprint}` }).started()
      await expectGoodTokens(origin)
      expect((await publishedKey(origin)).x5c).toEqual([certificate.raw.toString('base64')])
    },
  )

  test.skipIf(lacks('openssl'))(
    'a password that does not fit says which setting to set [needs openssl]',
    async () => {
      const pfx = opensslPfx(scratchFolder(), 'a', '/CN=a', 'correct horse')
      for (const [env, says] of [
        [{}, /no password is set; set SIGNING_KEY_PASSWORD or SIGNING_KEY_PASSWORD_FILE/],
        [{ SIGNING_KEY_PASSWORD: 'hunter2' }, /the password in the settings is wrong/],
      ] as const) {
        const { code, stderr } = await start({ SIGNING_KEY: `file:${pfx}`, ...env }).exited
        expect(code).toBe(1)
        expect(stderr).toMatch(says)
        expect(stderr).not.toMatch(/hunter2/)
      }
    },
  )
})

describe('stopping', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: requests in flight are finished, then it exits with 0',
    async (signal) => {
      const server = start()
      const { origin } = await server.started()
      const body = 'grant_type=client_credentials&client_id=sample-client&client_secret=sample-secret'
      const head =
        'POST /connect/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
        `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`
      let answer = ''
      const socket = connect(Number(new URL(origin).port), 'localhost')
      const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()))
      const accepted = new Promise<void>((resolve) =>
        socket.setEncoding('utf8').on('data', (text: string) => {
          answer += text
          if (answer.includes('100 Continue')) resolve()
        }),
      )
      socket.write(head)
      await accepted
      const exit = server.stop(signal)
      await expect.poll(() => server.stdout).toContain('"msg":"closing"')
      socket.write(body)
      await ended
      expect(answer).toMatch(/HTTP\/1\.1 200 OK[^]*"access_token"/)
      expect(await exit).toMatchObject({ code: 0 })
    },
  )
})

describe('a log that cannot be written', () => {
  /** Many times what a pipe holds. */
  const requests = isFull ? 2_000 : 200

  async function keepBusy(origin: string): Promise<void> {
    const path = 'x'.repeat(4_000)
    for (let i = 0; i < requests; i += 50) {
      await Promise.all(Array.from({ length: 50 }, async () => (await fetch(`${origin}/${path}`)).text()))
    }
  }

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk under it stops neither tokens nor SIGTERM [needs /dev/full]',
    async () => {
      const full = openSync('/dev/full', 'w')
      onTestFinished(() => closeSync(full))
      const env = { DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256' }
      const server = new ServerProcess(program(), env, full)
      const { origin } = await server.started()
      await keepBusy(origin)
      await expectGoodTokens(origin)
      expect(await server.stop()).toMatchObject({ code: 0 })
    },
  )

  test('a reader that is stuck stops neither tokens nor SIGTERM', async () => {
    const env = { DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256' }
    const server = new ServerProcess(program(), env, 'stalled')
    const { origin } = await server.started()
    await keepBusy(origin)
    await expectGoodTokens(origin)
    expect(await server.stop()).toMatchObject({ code: 0 })
  })

  test('a reader that is gone stops neither tokens nor SIGTERM', async () => {
    const env = { DATA_DIR: join(scratchFolder(), 'data'), SIGNING_KEY_TYPE: 'ec-p256' }
    const server = new ServerProcess(program(), env, 'stalled')
    const { origin } = await server.started()
    server.closeStdout()
    await keepBusy(origin)
    await expectGoodTokens(origin)
    expect(await server.stop()).toMatchObject({ code: 0 })
  })
})

test('SIGHUP reads settings and keys again, and the server goes on', async () => {
  const TOKEN_SERVER_SETTINGS = join(scratchFolder(), 'settings.json')
  const sample = readFileSync(new URL('../token-server.json', import.meta.url), 'utf8')
  writeFileSync(TOKEN_SERVER_SETTINGS, sample.replace('sample-client', 'other-client'))
  const server = start({ TOKEN_SERVER_SETTINGS })
  const { origin } = await server.started()
  writeFileSync(TOKEN_SERVER_SETTINGS, '{')
  server.signal('SIGHUP')
  await expect.poll(() => server.stdout).toContain('the settings were not reloaded: ')
  writeFileSync(TOKEN_SERVER_SETTINGS, sample)
  server.signal('SIGHUP')
  await expect.poll(() => server.stdout).toContain('the settings were reloaded')
  await expectGoodTokens(origin)
  expect(await server.stop()).toMatchObject({ code: 0 })
})

test.each(['SIGQUIT', 'SIGUSR2'] as const)('%s does what it does to any process', async (signal) => {
  const server = start()
  await server.started()
  expect(await server.stop(signal)).toMatchObject({ code: null, signal })
})

interface End {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** @param user runs it; default: the user of the tests */
function end(env: Readonly<Record<string, string>>, args: readonly string[], user: User = {}): End {
  const command = [program(), ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { env, encoding: 'utf8', ...user })
  return { status, stdout, stderr }
}

interface User {
  readonly uid?: number
  readonly gid?: number
}

/** A user whom modes bind: this one, or `nobody` where this one is root. */
const ordinaryUser: User = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** Whether that user cannot run this Node, as when it is in a private home folder. */
const lacksNode = spawnSync(process.execPath, ['--version'], ordinaryUser).status !== 0

describe('the command line', () => {
  test('--check-config says what the settings are, and makes nothing', () => {
    const DATA_DIR = join(scratchFolder(), 'data')
    expect(end({ DATA_DIR }, ['--check-config'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(
        /^Settings .*\/token-server\.json\n[^]*\nThe settings are valid\.\n$/,
      ) as unknown,
      stderr: '',
    })
    expect(existsSync(DATA_DIR)).toBe(false)
  })

  test.skipIf(lacksModes || lacksNode)(
    '--check-config tells every problem of Redis, the audit folder and the ports at once [needs POSIX modes and a Node that every user can run]',
    async () => {
      const folder = scratchFolder()
      chmodSync(folder, 0o555)
      const port = await freePort()
      const { status, stderr } = end(
        {
          DATA_DIR: join(folder, 'data'),
          AUDIT_LOG: join(folder, 'audit'),
          REDIS_URL: `redis://:hunter2@127.0.0.1:${port}`,
          // An address of documentation (RFC 5737), which no machine has.
          HOST: '192.0.2.1',
          METRICS_HOST: '192.0.2.1',
          METRICS_PORT: '0',
        },
        ['--check-config'],
        ordinaryUser,
      )
      expect(status).toBe(1)
      expect(stderr.replaceAll(folder, 'FOLDER').trimEnd().split('\n')).toEqual([
        expect.stringMatching(
          /^token-server: cannot listen on 192\.0\.2\.1 port 5001, see HOST and PORT: .*EADDRNOTAVAIL/,
        ),
        expect.stringMatching(
          /^token-server: cannot listen on 192\.0\.2\.1 port 0, see METRICS_HOST and METRICS_PORT: .*EADDRNOTAVAIL/,
        ),
        'token-server: the audit folder FOLDER/audit cannot be used (EACCES)',
        `token-server: cannot use Redis at 127.0.0.1:${port}, see REDIS_URL: connect ECONNREFUSED 127.0.0.1:${port}`,
      ])
    },
  )

  test('--check-config ends with 1 for settings that are not valid, and a wrong argument with 2', () => {
    expect(end({ PORT: 'x', HOST: '' }, ['--check-config'])).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'token-server: HOST is empty; set a value or remove it\n' +
        'token-server: PORT: must be a whole number from 0 to 65535\n',
    })
    expect(end({}, ['--check'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'token-server: there is no option --check; see --help\n',
    })
  })
})

describe('a start that fails', () => {
  test.each<[string, (folder: string) => Readonly<Record<string, string>>, RegExp]>([
    ['a wrong port', () => ({ PORT: 'http' }), /PORT: must be/],
    [
      'a data folder that is a file',
      (folder) => ({ DATA_DIR: join(folder, 'settings.json') }),
      /settings\.json/,
    ],
  ])('%s: exit code 1, one line, nothing written', async (_, envOf, says) => {
    const folder = scratchFolder()
    writeFileSync(join(folder, 'settings.json'), '{}', { mode: 0o600 })
    const server = new ServerProcess(program(), { DATA_DIR: join(folder, 'data'), ...envOf(folder) })
    const { code, stdout, stderr } = await server.exited
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^token-server: [^\n]+\n$/)
    expect(stderr).toMatch(says)
    expect(readdirSync(folder)).toEqual(['settings.json'])
  })

  test.each([
    ['HOST', 'PORT'],
    ['METRICS_HOST', 'METRICS_PORT'],
  ] as const)(
    'a port that is taken, in %s and %s: no key is made for a server that cannot start',
    async (hostName, portName) => {
      const taken = createServer()
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void taken.close())
      const address = taken.address()
      const port = typeof address === 'object' ? String(address?.port) : ''
      const DATA_DIR = join(scratchFolder(), 'data')
      const { code, stderr } = await start({ DATA_DIR, [hostName]: '127.0.0.1', [portName]: port }).exited
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          new RegExp(
            `^token-server: cannot listen on 127\\.0\\.0\\.1 port ${port}, see ${hostName} and ${portName}: [^\\n]+\\n$`,
          ),
        ),
      ])
      expect(existsSync(DATA_DIR)).toBe(false)
    },
  )

  // What was opened before must not keep the process running.
  test('a folder of the audit log that cannot be used', async () => {
    const folder = scratchFolder()
    writeFileSync(join(folder, 'file'), '')
    const { code, stderr } = await start({
      DATA_DIR: join(folder, 'data'),
      AUDIT_LOG: join(folder, 'file', 'audit'),
      METRICS_PORT: '0',
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    }).exited
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^token-server: [^\n]+\n$/)])
  })

  test('a development key of another type than the one that is set', async () => {
    const DATA_DIR = join(scratchFolder(), 'data')
    const first = start({ DATA_DIR })
    await first.started()
    await first.stop()
    const { code, stderr } = await start({ DATA_DIR, SIGNING_KEY_TYPE: 'rsa-2048' }).exited
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/SIGNING_KEY_TYPE is rsa-2048, but the key in .* has another type/),
    ])
  })

  test('a development key that others can read', async () => {
    const DATA_DIR = join(scratchFolder(), 'data')
    const first = start({ DATA_DIR })
    await first.started()
    await first.stop()
    chmodSync(join(DATA_DIR, 'token-signing.pfx'), 0o644)
    const { code, stderr } = await start({ DATA_DIR }).exited
    expect([code, stderr]).toEqual([1, expect.stringMatching(/chmod 600/)])
  })
})
