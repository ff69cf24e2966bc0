import { createHash } from 'node:crypto'
import { createLocalSigner, type Signer, type SigningKey, type SignOptions } from '@sealwright/core'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import * as fc from 'fast-check'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { createJwtIssuer, type JwtClaims, type JwtIssuer, type JwtIssuerOptions } from '../src/index.ts'
import { certificate, decode, remote, signingKey, verifyWithNode } from './support/keys.ts'

const issuerUrl = 'https://auth.example.com'
const audience = 'https://api.example.com'
const now = 1_700_000_000
const clock = (): Date => new Date(now * 1000 + 999)
const signer = createLocalSigner(privateKey('ES256'))

function issuerWith(options: Partial<JwtIssuerOptions> = {}, key: SigningKey | Signer = signer): JwtIssuer {
  return createJwtIssuer(key, { issuer: issuerUrl, audience, clock, ...options })
}

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(decode(token).payload) as Record<string, unknown>
}

describe('a token', () => {
  test('says who issued it, for whom, when, and what the caller claims', () => {
    const token = issuerWith().issueSync({ sub: 'alice', client_id: 'shop', scope: 'read write' })
    expect(decode(token).header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: signer.keyId })
    expect(payloadOf(token)).toEqual({
      jti: expect.stringMatching(/^[\w-]{22}$/) as string,
      iss: issuerUrl,
      aud: audience,
      iat: now,
      nbf: now,
      exp: now + 3600,
      sub: 'alice',
      client_id: 'shop',
      scope: 'read write',
    })
  })

  test.for([...privateKeys.keys()])('%s: sync and async, verified by Node', async (algorithm) => {
    const issuer = issuerWith({ algorithm }, signingKey(privateKey(algorithm)))
    expect(issuer.algorithm.name).toBe(algorithm)
    for (const token of [issuer.issueSync({ sub: 'alice' }), await issuer.issue({ sub: 'alice' })]) {
      expect(verifyWithNode(token, algorithm, signingKey(privateKey(algorithm)).publicKey)).toBe(true)
      expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: issuer.keyId })
    }
  })

  // jose has no ES256K.
  test.for([...privateKeys.keys()].filter((name) => name !== 'ES256K'))(
    '%s: as an access token verified by jose',
    async (algorithm) => {
      const key = signingKey(privateKey(algorithm))
      const issuer = issuerWith({ algorithm, clock: undefined }, key)
      const { payload } = await jwtVerify(await issuer.issue({ sub: 'alice' }), key.publicKey, {
        algorithms: [algorithm],
        issuer: issuerUrl,
        audience,
        typ: 'at+jwt',
        requiredClaims: ['sub', 'iat', 'nbf', 'exp', 'jti'],
        maxTokenAge: 60,
      })
      expect(payload.sub).toBe('alice')
    },
  )

  test('no claims at all', () => {
    expect(Object.keys(payloadOf(issuerWith({ audience: undefined }).issueSync({}))).toSorted()).toEqual([
      'exp',
      'iat',
      'iss',
      'jti',
      'nbf',
    ])
  })

  test.for([
    ['of usual length', 100],
    ['that just goes through the buffer', 4096 - '{"text":""}'.length],
    ['one longer', 4096 - '{"text":""}'.length + 1],
    ['long', 200_000],
  ] as const)('claims beyond ASCII, %s', ([, length]) => {
    for (const unit of ['x', 'é', '日']) {
      const issuer = issuerWith({ audience: ['日本'.repeat(100)] })
      const text = unit.repeat(length)
      const token = issuer.issueSync({ text })
      expect(payloadOf(token)['text']).toBe(text)
      expect(verifyWithNode(token, 'ES256', signer.publicKey)).toBe(true)
      expect(payloadOf(issuer.issueSync({ text: 'short' }))['text']).toBe('short')
    }
  })

  test('one issuer after another, interleaved and concurrently, nothing of one token is in the next', async () => {
    const issuers = [issuerWith(), issuerWith({ issuer: 'https://other.example', typ: 'JWT' })]
    const pending = Array.from({ length: 200 }, (_, index) => {
      const claims = { sub: `user-${index}`, filler: 'f'.repeat((index * 37) % 300) }
      const issuer = issuers[index % 2] as JwtIssuer
      return { claims, sync: issuer.issueSync(claims), async: issuer.issue(claims) }
    })
    for (const { claims, sync, async } of pending) {
      for (const token of [sync, await async]) {
        expect(verifyWithNode(token, 'ES256', signer.publicKey)).toBe(true)
        expect(payloadOf(token)).toMatchObject(claims)
      }
    }
  })

  test('times may be as early and as late as a token can have them', () => {
    const issuer = issuerWith()
    const times = { iat: 0, nbf: 0, exp: 1, auth_time: 0 }
    expect(payloadOf(issuer.issueSync(times))).toMatchObject(times)
    expect(payloadOf(issuer.issueSync({ exp: now + 31_622_400 }))['exp']).toBe(now + 31_622_400)
    expect(payloadOf(issuer.issueSync({ auth_time: 1e11 }))['auth_time']).toBe(1e11)
    // A machine without a clock of its own starts in 1970.
    for (const seconds of [0, 1]) {
      const started = issuerWith({ clock: () => new Date(seconds * 1000) })
      expect(payloadOf(started.issueSync({ sub: 'alice' }))).toMatchObject({ iat: seconds, sub: 'alice' })
    }
  })

  test('every token has a jti of its own', () => {
    const issuer = issuerWith()
    const ids = Array.from({ length: 1000 }, (_, index) =>
      payloadOf(issuer.issueSync(index % 2 === 0 ? {} : { sub: 'alice' })),
    ).map(({ jti }) => jti)
    expect(new Set(ids).size).toBe(1000)
  })

  test('times follow the clock from one second to the next, and back', () => {
    let seconds = now
    const issuer = issuerWith({ clock: () => new Date(seconds * 1000), lifetime: 10 })
    for (seconds of [now, now, now + 1, now + 100, now - 50]) {
      expect(payloadOf(issuer.issueSync({ sub: 'alice' }))).toMatchObject({
        iat: seconds,
        nbf: seconds,
        exp: seconds + 10,
      })
    }
  })

  test('its times are those of this machine unless a clock is given', () => {
    const before = Math.floor(Date.now() / 1000)
    const { iat } = payloadOf(issuerWith({ clock: undefined }).issueSync({}))
    expect(iat).toBeGreaterThanOrEqual(before)
    expect(iat).toBeLessThanOrEqual(Math.floor(Date.now() / 1000))
  })
})

describe('the caller can give what the issuer would', () => {
  test.for<[string, JwtClaims, Record<string, unknown>]>([
    ['aud', { aud: ['a', 'b'] }, { aud: ['a', 'b'], iat: now }],
    ['iat', { iat: now - 5 }, { iat: now - 5, nbf: now - 5, exp: now - 5 + 3600 }],
    ['nbf', { nbf: now - 60 }, { iat: now, nbf: now - 60, exp: now + 3600 }],
    ['exp', { exp: now + 1 }, { iat: now, exp: now + 1 }],
    ['jti', { jti: 'mine' }, { jti: 'mine', iat: now }],
    ['all', { aud: 'a', iat: 1, nbf: 2, exp: 3, jti: 'j' }, { aud: 'a', iat: 1, nbf: 2, exp: 3, jti: 'j' }],
  ])('%s, and it is in the token once', ([, claims, expected]) => {
    const { payload } = decode(issuerWith().issueSync({ sub: 'alice', ...claims }))
    expect(JSON.parse(payload)).toMatchObject({ iss: issuerUrl, sub: 'alice', ...expected })
    for (const name of ['iss', 'aud', 'iat', 'nbf', 'exp', 'jti']) {
      expect(payload.split(`"${name}":`)).toHaveLength(2)
    }
  })

  test('a nested claim of that name is not a registered one', () => {
    const token = issuerWith().issueSync({ act: { iss: 'https://other.example', aud: 'x' } })
    expect(payloadOf(token)).toMatchObject({ iss: issuerUrl, aud: audience })
  })

  test('names on Object.prototype do not stand in for the issuer’s own', () => {
    const prototype = Object.prototype as Record<string, unknown>
    Object.assign(prototype, { aud: 'everyone', exp: now + 9, jti: 'fixed' })
    try {
      const { payload } = decode(issuerWith().issueSync({ sub: 'alice' }))
      expect(payload).toContain(`"aud":"${audience}"`)
      expect(payload).toContain(`"exp":${now + 3600}`)
      expect(payload).toMatch(/"jti":"[\w-]{22}"/)
    } finally {
      for (const name of ['aud', 'exp', 'jti']) delete prototype[name]
    }
  })
})

describe('any claims', () => {
  // RFC 7493 §2.2: what other parsers read as it is. Half of a surrogate pair and -0 are not among it.
  const text = fc.string({ unit: 'binary' })
  const number = fc
    .oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    .filter((value) => !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value)))
  const name = fc.oneof(
    { weight: 8, arbitrary: text },
    // Names that mean something to JavaScript or JSON, and some that sort in an order of their own.
    fc.constantFrom(
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '',
      '0',
      '10',
      '4294967295',
      '\u2028',
    ),
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      text,
      number,
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('value'), { maxLength: 5 }),
    object: fc.dictionary(name, tie('value'), { maxKeys: 5 }),
  }))
  const registered = fc.record(
    {
      sub: text.filter((each) => each !== ''),
      aud: fc.oneof(fc.constant('one'), fc.constant(['a', 'grüße'])),
      iat: fc.constant(now - 5),
      nbf: fc.constant(now - 60),
      exp: fc.constant(now + 1),
      jti: fc.constant('mine'),
    },
    { requiredKeys: [] },
  )
  const reserved = new Set([
    'iss',
    'sub',
    'client_id',
    'aud',
    'iat',
    'nbf',
    'exp',
    'jti',
    'auth_time',
    'toJSON',
  ])
  const others = fc
    .array(
      fc.tuple(
        name.filter((each) => !reserved.has(each)),
        value,
      ),
      { maxLength: 8 },
    )
    // fromEntries defines members, so an own __proto__ is one as well.
    .map((entries) => Object.fromEntries(entries))
  // Of every width in UTF-8, and around the lengths at which payloads take another way.
  const filler = fc.oneof(
    fc.constant(''),
    fc
      .tuple(fc.constantFrom('x', 'é', '日', '😀', '"', '\u0000'), fc.nat(5000))
      .map(([unit, length]) => unit.repeat(length)),
    fc.tuple(fc.constantFrom(2700, 4080, 4500), fc.nat(60)).map(([base, more]) => 'x'.repeat(base + more)),
  )

  test('are in the token as they are, each once, beside the issuer’s own, whatever came before', async () => {
    const issuers = [
      issuerWith(),
      issuerWith({ audience: undefined }),
      issuerWith({ audience: ['日本', 'b'] }),
    ]
    const audiences = [audience, undefined, ['日本', 'b']]
    await fc.assert(
      fc.asyncProperty(fc.nat(2), registered, others, filler, async (which, given, more, long) => {
        const claims: JwtClaims = { ...more, ...given, ...(long !== '' && { long }) }
        const before = structuredClone(claims)
        const issuer = issuers[which] as JwtIssuer
        const { iat = now } = given
        const expected = {
          ...(audiences[which] !== undefined && { aud: audiences[which] }),
          iss: issuerUrl,
          iat,
          nbf: iat,
          exp: iat + 3600,
          jti: expect.stringMatching(/^[\w-]{22}$/) as string,
          ...claims,
        }
        for (const token of [issuer.issueSync(claims), await issuer.issue(claims)]) {
          const { payload } = decode(token)
          const parsed = JSON.parse(payload) as object
          expect(parsed).toEqual(expected)
          // No own member of a name that has a meaning got lost or became a prototype.
          expect(Object.keys(parsed).toSorted()).toEqual(Object.keys(expected).toSorted())
          // A name that came twice would be shorter read and written again.
          expect(JSON.stringify(parsed)).toHaveLength(payload.length)
          expect(verifyWithNode(token, 'ES256', signer.publicKey)).toBe(true)
        }
        expect(claims).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  test('whose getter, and an issuer whose clock, issues a token meanwhile', () => {
    const tokens: string[] = []
    let isWithin = false
    const within = (): void => {
      if (isWithin) return
      isWithin = true
      tokens.push(issuer.issueSync({ sub: 'within', filler: 'w'.repeat(500) }))
      isWithin = false
    }
    const issuer = issuerWith({
      clock: () => {
        within()
        return clock()
      },
    })
    for (let index = 0; index < 3; index++) {
      tokens.push(
        issuer.issueSync({
          sub: 'alice',
          get role() {
            within()
            return 'reader'
          },
        }),
      )
    }
    for (const token of tokens) expect(verifyWithNode(token, 'ES256', signer.publicKey)).toBe(true)
    const payloads = tokens.map(payloadOf)
    expect(payloads.filter(({ sub }) => sub === 'alice')).toHaveLength(3)
    for (const payload of payloads) {
      expect(payload).toMatchObject(
        payload['sub'] === 'alice' ? { role: 'reader', exp: now + 3600 } : { filler: 'w'.repeat(500) },
      )
    }
    expect(new Set(payloads.map(({ jti }) => jti)).size).toBe(tokens.length)
  })
})

describe('claims that are refused, with nothing signed', () => {
  const untouched: Signer = {
    ...remote(signer),
    sign: () => Promise.reject(new Error('signed')),
  }

  test.for<[string, unknown]>([
    ['claims.address.zip is NaN', { address: { zip: Number.NaN } }],
    ['claims.sub is undefined', { sub: undefined }],
    ['claims.exp is a Date', { exp: new Date() }],
    ['claims must be an object', null],
    ['claims must be an object', 'sub'],
    ['claims must be an object', ['sub']],
    ['claims.iss is set by the issuer', { iss: issuerUrl }],
    ['claims.sub must be a string', { sub: 7 }],
    ['claims.sub must be a string', { sub: '' }],
    ['claims.sub must be a string', { sub: null }],
    ['claims.client_id must be a string', { client_id: ['a'] }],
    ['claims.jti must be a string', { jti: 1 }],
    ['claims.aud must be a string or a list', { aud: 1 }],
    ['claims.aud must be a string or a list', { aud: [] }],
    ['claims.aud must be a string or a list', { aud: '' }],
    ['claims.aud must be a string or a list', { aud: ['a', ''] }],
    ['claims.aud must be a string or a list', { aud: ['a', 2] }],
    ['claims.aud must be a string or a list', { aud: { 0: 'a' } }],
    ['claims.exp must be a whole number of seconds', { exp: String(now + 60) }],
    ['claims.exp must be a whole number of seconds', { exp: now + 0.5 }],
    ['claims.nbf must be a whole number of seconds', { nbf: -1 }],
    ['claims.iat must be a whole number of seconds', { iat: null }],
    ['claims.auth_time must be a whole number of seconds', { auth_time: true }],
    ['claims.exp is not in seconds', { exp: (now + 60) * 1000 }],
    ['claims.iat is not in seconds', { iat: now * 1000 }],
    ['claims.auth_time is not in seconds', { auth_time: now * 1000 }],
    ['claims.exp must be after claims.iat', { exp: now }],
    ['claims.exp must be after claims.iat', { exp: now - 1 }],
    ['claims.exp must be after claims.iat', { nbf: now - 60, exp: now }],
    ['claims.exp must be after claims.iat and claims.nbf', { nbf: now + 3600 }],
    ['claims.exp must be after claims.iat and claims.nbf', { nbf: now - 60, exp: now - 30 }],
    ['claims.exp is more than 31622400 seconds after', { exp: now + 31_622_401 }],
  ])('%s', async ([message, claims]) => {
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message) as string,
    })
    await expect(issuerWith({}, untouched).issue(claims as JwtClaims)).rejects.toEqual(refused)
    expect(() => issuerWith().issueSync(claims as JwtClaims)).toThrow(refused)
  })

  test('after a refusal the next token is right', () => {
    const issuer = issuerWith()
    issuer.issueSync({ sub: 'alice' })
    expect(() => issuer.issueSync({ sub: 'mallory', n: Number.NaN })).toThrow('claims.n')
    expect(payloadOf(issuer.issueSync({ role: 'x' }))).not.toHaveProperty('sub')
  })
})

describe('options', () => {
  test.for<[string, Record<string, unknown>]>([
    ['options.issuer must be a string', { issuer: '' }],
    ['options.issuer must be a string', { issuer: undefined }],
    ['options.issuer has a lone surrogate', { issuer: 'https://\ud800' }],
    ['options.audience must be a string or a list', { audience: [] }],
    ['options.audience[0] has a lone surrogate', { audience: ['\ud800'] }],
    ['options.typ must be a string', { typ: '' }],
    ['options.lifetime must be a whole number', { lifetime: 0 }],
    ['options.lifetime must be a whole number', { lifetime: -1 }],
    ['options.lifetime must be a whole number', { lifetime: 1.5 }],
    ['options.lifetime must be a whole number', { lifetime: Number.NaN }],
    ['options.lifetime must be a whole number', { lifetime: '60' }],
    ['options.lifetime must be a whole number of seconds from 1 to 31622400', { lifetime: 31_622_401 }],
    ['options.x5c needs a signing key with a certificate', { x5c: true }],
    ['options.x5tS256 needs a signing key with a certificate', { x5tS256: true }],
    ['the header has', { typ: 'x'.repeat(400) }],
    [
      'options.expiresIn is not an option; the options are issuer, audience, lifetime, typ, algorithm, x5c, x5tS256, clock',
      { expiresIn: '1h' },
    ],
    ['options.algorithm must be a string', { algorithm: 256 }],
    ['options.x5c must be true or false', { x5c: [] }],
    ['options.clock must be a function', { clock: new Date() }],
  ])('%s', ([message, options]) => {
    expect(() => issuerWith(options as Partial<JwtIssuerOptions>)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message) as string,
      }),
    )
  })

  test.for([new Date(Number.NaN), new Date(-1000), new Date(8.64e15), 1_800_000_000, '2030-01-01'])(
    'a clock that tells %s',
    (time) => {
      const issuer = issuerWith({ clock: () => time as Date })
      expect(() => issuer.issueSync({})).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: 'options.clock must return a Date after 1970',
        }),
      )
    },
  )

  test.for<[string, unknown]>([
    ['PEM', String(privateKey('ES256').export({ format: 'pem', type: 'pkcs8' }))],
    ['a KeyObject', privateKey('ES256')],
    ['a JWK', privateKey('ES256').export({ format: 'jwk' })],
    ['nothing', undefined],
  ])('%s is not a key to issue with, and is not quoted', ([, key]) => {
    expect(() => createJwtIssuer(key as Signer, { issuer: 'https://id.example' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message:
          'key must be a Signer or a SigningKey; createLocalSigner(privateKey) returns a Signer for a KeyObject',
      }),
    )
  })

  test('options of one token are checked', async () => {
    await expect(issuerWith({}).issue({}, { timeout: 1 } as SignOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'options.timeout is not an option; the only option is signal',
    })
  })

  test('the algorithm comes from the key', () => {
    expect(issuerWith({}, signingKey(privateKey('RS256'))).algorithm.name).toBe('RS256')
    expect(issuerWith({ algorithm: 'ES256' }).algorithm.name).toBe('ES256')
    for (const key of [signer, signingKey(privateKey('ES256'))]) {
      expect(() => issuerWith({ algorithm: 'RS256' }, key)).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_ALGORITHM' }),
      )
    }
  })

  test('what the caller does to the options afterwards changes nothing', () => {
    const audiences = ['a']
    const issuer = issuerWith({ audience: audiences })
    audiences.push('b')
    expect(payloadOf(issuer.issueSync({}))['aud']).toEqual(['a'])
  })

  test('x5t#S256 and x5c name and carry the certificates', () => {
    const key = signingKey(privateKey('ES256'), [certificate, certificate])
    const header = (options: Partial<JwtIssuerOptions>): unknown =>
      decode(issuerWith(options, key).issueSync({})).header
    const plain = { alg: 'ES256', typ: 'at+jwt', kid: key.keyId }
    const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url')
    const der = certificate.raw.toString('base64')
    expect(header({})).toEqual(plain)
    expect(header({ x5tS256: true })).toEqual({ ...plain, 'x5t#S256': thumbprint })
    expect(header({ x5c: true })).toEqual({ ...plain, x5c: [der, der] })
    expect(header({ x5c: true, x5tS256: true })).toEqual({
      ...plain,
      'x5t#S256': thumbprint,
      x5c: [der, der],
    })
    expect(() => issuerWith({ x5c: true }, signingKey(privateKey('ES256')))).toThrow('options.x5c needs')
  })
})

describe('a key that is not in this process', () => {
  const issuer = issuerWith({}, remote(signer))

  test('issues through the promise only', async () => {
    expect(issuer.canIssueSync).toBe(false)
    expect(issuerWith().canIssueSync).toBe(true)
    expect(() => issuer.issueSync({})).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_OPERATION' }))
    expect(verifyWithNode(await issuer.issue({}), 'ES256', signer.publicKey)).toBe(true)
  })

  test('gets the signal, and its failure reaches the caller', async () => {
    const reason = new Error('enough')
    await expect(issuer.issue({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
