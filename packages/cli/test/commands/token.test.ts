import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLocalSigner } from '@sealwright/core'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makePfx } from '../support/pfx.ts'
import { scratch, sealwright, succeed } from '../support/sealwright.ts'
import { signJwt } from '../support/test-issuer.ts'

/** What the server answers: a path to a body, or a status. */
let answers: Record<string, unknown> = {}
let server: Server
let origin: string
beforeAll(async () => {
  server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    if (answer === undefined || typeof answer === 'number') {
      response.writeHead(answer ?? 404, { location: 'https://elsewhere.example/?secret' }).end()
    } else response.end(typeof answer === 'string' ? answer : JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())
beforeEach(() => {
  answers = {}
})

/** Where nothing listens any more. */
async function closedAddress(): Promise<string> {
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  return `http://127.0.0.1:${port}/jwks`
}

interface Signed {
  readonly token: string
  readonly keyId: string
  readonly key: string
  readonly args: readonly string[]
}

async function signed(...options: readonly string[]): Promise<Signed> {
  const { pfx, password, keyId } = await makePfx()
  const args = ['token', 'sign', pfx, '--password-file', password, '--issuer', origin, '--audience', 'api']
  const { out } = await succeed([...args, '--subject', 'alice', ...options])
  return { token: out.trim(), keyId, key: pfx, args: ['--key', pfx, '--password-file', password] }
}

async function jwksOf({ key, args }: Signed): Promise<unknown> {
  const { out } = await succeed(['inspect', key, ...args.slice(2), '--json'])
  const { certificates }: { certificates: { key: { keyId: string } }[] } = JSON.parse(out)
  expect(certificates).toHaveLength(1)
  const { out: pem } = await succeed(['cert', 'show', key, ...args.slice(2), '--pem'])
  return { keys: [{ ...createPublicKey(pem).export({ format: 'jwk' }), kid: certificates[0]?.key.keyId }] }
}

/** A file with the claims of a token that has expired. */
function expired(file: (name: string) => string): string {
  writeFileSync(
    file('claims.json'),
    JSON.stringify({ iat: 999_999_000, nbf: 999_999_000, exp: 1_000_000_000 }),
  )
  return file('claims.json')
}

describe('token sign', () => {
  test('signs the claims that options and a file give', async () => {
    const { pfx, password, keyId } = await makePfx()
    const args = ['token', 'sign', pfx, '--password-file', password, '--issuer', 'https://auth.example.com']
    const { out } = await succeed(
      [
        ...args,
        '--claim',
        'scope=read write',
        '--claim',
        'client_id=shop',
        '--claims',
        '-',
        '--lifetime',
        '60',
        '--json',
      ],
      { input: '{"roles":["admin"]}' },
    )
    const { token, ...said }: { token: string } = JSON.parse(out)
    expect(said).toEqual({ keyId, algorithm: 'ES256' })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: keyId, typ: 'at+jwt' })
    const { exp = 0, iat = 0, ...claims } = decodeJwt(token)
    expect(exp - iat).toBe(60)
    expect(claims).toMatchObject({ roles: ['admin'], scope: 'read write', client_id: 'shop' })
  })

  test.each([
    [['--claim', 'scope'], '', 'It is NAME=VALUE'],
    [['--claims', '-'], '[1]', 'the claims in standard input are not a JSON object'],
    [['--algorithm', 'RS256'], '', 'ES256'],
  ])('%j is refused', async (options, input, message) => {
    const { pfx, password } = await makePfx()
    const args = ['token', 'sign', pfx, '--password-file', password, '--issuer', 'https://auth.example.com']
    const { code, out, error } = await sealwright([...args, ...options], { input })
    expect(code).toBeGreaterThan(0)
    expect(out).toBe('')
    expect(error).toContain(message)
  })
})

describe('token verify', () => {
  test('verifies with the key, its certificate, a JWK Set, its URL, and the issuer', async () => {
    const { file } = scratch()
    const it = await signed()
    const jwks = await jwksOf(it)
    const cer = file('a.cer')
    await succeed(['cert', 'export', it.key, ...it.args.slice(2), '--out', cer])
    writeFileSync(file('jwks.json'), JSON.stringify(jwks))
    writeFileSync(file('token'), `Bearer ${it.token}\n`)
    answers = {
      '/jwks': jwks,
      '/.well-known/openid-configuration': { issuer: origin, jwks_uri: `${origin}/jwks` },
    }
    const sources = [
      it.args,
      ['--certificate', cer],
      ['--jwks', file('jwks.json')],
      ['--jwks', `${origin}/jwks`],
      ['--issuer', origin],
    ]
    for (const source of sources) {
      const { out } = await succeed(['token', 'verify', file('token'), ...source, '--audience', 'api'])
      expect(out).toContain(`valid token, signed with ES256 by ${it.keyId}`)
      expect(out).toContain('sub:        alice')
    }
    answers = {
      '/.well-known/oauth-authorization-server/t': { issuer: `${origin}/t`, jwks_uri: `${origin}/jwks` },
      '/jwks': jwks,
    }
    const { code, error } = await sealwright(['token', 'verify', file('token'), '--issuer', `${origin}/t`])
    expect({ code, error }).toMatchObject({ code: 3, error: expect.stringContaining('its claim iss is') })
  })

  test('says why a token is not valid, with an exit code of its own', async () => {
    const { file } = scratch()
    const it = await signed()
    const other = await signed()
    writeFileSync(file('jwks.json'), JSON.stringify(await jwksOf(other)))
    const [head, body, signature] = it.token.split('.')
    const flipped = `${head}.${body}.${signature?.startsWith('A') === true ? 'B' : 'A'}${signature?.slice(1)}`
    // The last character is A, Q, g or w, whose four unused bits are 0. The next character sets one of them.
    const last = String.fromCharCode(it.token.charCodeAt(it.token.length - 1) + 1)
    const old = await signed('--claims', expired(file))
    const cases: readonly (readonly [string, readonly string[], string])[] = [
      [
        flipped,
        it.args,
        `its signature is wrong: it was changed, or signed with another key (its kid is ${it.keyId})`,
      ],
      [it.token, other.args, 'its signature is wrong'],
      [it.token, ['--jwks', file('jwks.json')], `the set has ${other.keyId}`],
      [it.token, [...it.args, '--audience', 'shop'], 'its claim aud is "api", not "shop"'],
      [old.token, old.args, 'it expired at 2001-09-09T01:46:40.000Z'],
      ['a.b', it.args, 'it is not a JWT in compact form'],
      [it.token.slice(0, -1) + last, it.args, 'other programs may read it differently'],
    ]
    for (const [token, args, message] of cases) {
      const { code, out, error } = await sealwright(['token', 'verify', ...args, '--json'], { input: token })
      expect({ code, error }).toMatchObject({ code: 3, error: expect.stringContaining(message) })
      expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: expect.stringMatching(/^ERR_J/) } })
      expect(error).not.toContain(it.token)
    }
  })

  test('what cannot be checked is a failure, and no answer', async () => {
    const { token } = await signed()
    answers = {
      '/empty?code=hidden': {},
      '/text': 'hello',
      '/moved': 302,
      '/broken': 500,
      '/empty': {},
      '/slash/.well-known/openid-configuration': { issuer: `${origin}/slash/`, jwks_uri: 'x' },
    }
    const cases: readonly (readonly [readonly string[], string])[] = [
      [[], 'no keys to verify with; use --issuer URL'],
      [['--jwks', `${origin}/absent`], `there is nothing at ${origin}/absent (404)`],
      [['--jwks', `${origin}/text`], 'is not JSON; is it the right address?'],
      [
        ['--jwks', `${origin}/moved`],
        'redirects to another address; use that one: https://elsewhere.example/\n',
      ],
      [['--jwks', `${origin}/broken`], 'the server answers 500'],
      [['--jwks', `${origin}/empty?code=hidden`], `${origin}/empty is not a JWK Set: it has no array "keys"`],
      [['--jwks', await closedAddress()], 'is the server running, and is the port right?'],
      [['--jwks', 'http://api.example/jwks'], 'is http, which a network attacker can change; use https'],
      [['--issuer', `${origin}/slash`], 'they differ in the slash at the end'],
      [['--jwks', '/absent.json'], '/absent.json: no such file or folder'],
    ]
    for (const [args, message] of cases) {
      const { code, error } = await sealwright(['token', 'verify', ...args], { input: token })
      expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining(message) })
    }
    for (const word of [token, `Bearer ${token}`]) {
      const argument = await sealwright(['token', 'verify', word])
      expect(argument.error).toContain('other users can read a token on the command line')
      expect(argument.error).not.toContain(token)
    }
  })

  test('a time can be any number, as in microseconds', async () => {
    const { file } = scratch()
    const soon = Math.floor(Date.now() / 1000) + 60
    const cases: readonly (readonly [Record<string, number>, number, string])[] = [
      [{ iat: 1e18, exp: soon }, 0, 'iat:        not a time'],
      [{ iat: 1, exp: 1e18 }, 0, 'exp:        not a time'],
      [{ iat: 1, exp: soon, nbf: 1e18 }, 3, 'it is valid from not a time on'],
      [{ iat: 1, exp: -1e18 }, 3, 'it expired at not a time'],
    ]
    const { pfx, password, keyId } = await makePfx()
    const key = ['--key', pfx, '--password-file', password]
    await succeed([
      'cert',
      'convert',
      pfx,
      '--password-file',
      password,
      '--out',
      file('a.pem'),
      '--no-out-password',
    ])
    const signer = createLocalSigner(createPrivateKey(readFileSync(file('a.pem'))))
    for (const [claims, code, text] of cases) {
      const token = await signJwt(signer, { alg: 'ES256', kid: keyId }, claims)
      const outcome = await sealwright(['token', 'verify', ...key], { input: token })
      expect([outcome.code, outcome.out + outcome.error]).toEqual([code, expect.stringContaining(text)])
    }
  })
})
