import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { schema } from '../../src/settings/schema/schema.ts'
import type { Settings } from '../../src/settings/settings.ts'
import { client, settingsFile } from '../support/server.ts'

/** Reads settings in a folder of the test's own. */
function reader(): (file: object, env?: Readonly<Record<string, string>>) => Settings {
  const path = join(scratchFolder(), 'settings.json')
  return (file, env = {}) => {
    writeFileSync(path, JSON.stringify(file))
    return loadSettings({ TOKEN_SERVER_SETTINGS: path, ...env })
  }
}

function problems(file: object, env: Readonly<Record<string, string>>): readonly string[] {
  try {
    reader()(file, env)
  } catch (error) {
    return (error as Error).message.replace(/\/\S*\//g, '').split('\n')
  }
  return []
}

/** Every value of the settings, under the name that a variable may have. */
function* variables(
  value: unknown,
  path: readonly string[],
  spell: (path: readonly string[]) => string,
): Generator<[string, string]> {
  if (typeof value === 'object' && value !== null) {
    for (const [step, inner] of Object.entries(value)) yield* variables(inner, [...path, step], spell)
  } else yield [spell(path), String(value)]
}

/** Without the names of the settings, which differ. */
const comparable = ({ signingKey, ...others }: Settings): unknown => ({
  ...others,
  variables: null,
  signingKey: { ...signingKey, source: null },
})

describe('the same settings', () => {
  const publicJwk = {
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    key_ops: ['verify'],
  }
  const lifetime = fc.integer({ min: 1, max: 86_400 })
  const name = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,12}$/)

  const anyClient = (scopes: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
    fc.record(
      {
        clientId: fc.stringMatching(/^[\x20-\x7e]{1,12}$/),
        description: fc.string({ minLength: 1, maxLength: 5 }).filter((text) => !text.includes('\0')),
        secrets: fc.array(
          fc.record({
            sha256: fc
              .uint8Array({ minLength: 32, maxLength: 32 })
              .map((bytes) => Buffer.from(bytes).toString('hex')),
          }),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        jwks: fc.constant({ keys: [publicJwk] }),
        grantTypes: fc.constant(['client_credentials']),
        scopes: fc.subarray([...scopes], { minLength: 1 }),
        accessTokenLifetime: lifetime,
      },
      { requiredKeys: ['clientId', 'secrets', 'scopes'] },
    )

  const settings = fc.uniqueArray(name, { minLength: 2, maxLength: 6 }).chain((scopes) =>
    fc.record(
      {
        issuer: fc.constantFrom('https://id.example', 'http://localhost:1/a'),
        host: fc.constantFrom('localhost', '0.0.0.0', '::1'),
        port: fc.integer({ min: 0, max: 65_535 }),
        logLevel: fc.constantFrom('info', 'silent'),
        welcomePage: fc.boolean(),
        accessTokenLifetime: lifetime,
        resources: fc.integer({ min: 1, max: scopes.length - 1 }).chain((at) =>
          fc.tuple(name, name).map(([one, other]) => [
            { audience: one, scopes: scopes.slice(0, at) },
            { audience: other, scopes: scopes.slice(at) },
          ]),
        ),
        clients: fc.uniqueArray(anyClient(scopes), {
          minLength: 1,
          maxLength: 12,
          selector: ({ clientId }) => clientId,
        }),
        dataDir: fc.constant('/data'),
        signingKey: fc.record(
          { type: fc.constant('ec-p256'), rotationDays: fc.integer({ min: 30, max: 99 }) },
          { requiredKeys: [] },
        ),
        keyRing: fc.record(
          { jwksMaxAge: fc.integer({ min: 60, max: 600 }), clockSkew: fc.constant(30) },
          { requiredKeys: [] },
        ),
        additionalSigningKeys: fc.array(
          fc.record(
            {
              uri: fc.constant('store:./keys?name=a'),
              signs: fc.boolean(),
              createdAt: fc.constant('2025-01-01T00:00:00Z'),
            },
            { requiredKeys: ['uri'] },
          ),
          { minLength: 1, maxLength: 2 },
        ),
        identityServerKeyIds: fc.boolean(),
      },
      { requiredKeys: ['resources', 'clients'] },
    ),
  )

  test('come out of a file and out of the environment', () => {
    const read = reader()
    fc.assert(
      fc.property(settings, fc.infiniteStream(fc.nat(2)), (file, random) => {
        const choose = (): number => Number(random.next().value)
        const spell = (path: readonly string[]): string => {
          const [first = '', ...others] = path
          // A name of one part must be exactly that of the file. Members of a JWK have case-sensitive names.
          if (others.length === 0) return first
          return path.reduce((text, step) => {
            const cased = path.includes('jwks')
              ? step
              : ([step, step.toUpperCase(), step.toLowerCase()][choose()] ?? step)
            return text === '' ? cased : text + (choose() === 0 ? ':' : '__') + cased
          }, '')
        }
        const env = Object.fromEntries(variables(file, [], spell))
        expect(comparable(read({}, env))).toEqual(comparable(read(file)))
      }),
      { numRuns: 20 },
    )
  })

  test('come out of the variables that have names of their own', () => {
    const read = reader()
    const file = settingsFile({
      issuer: 'https://other.example',
      host: '127.0.0.1',
      port: 7,
      logLevel: 'warn',
      welcomePage: true,
      dataDir: '/elsewhere',
      signingKey: {
        uri: 'https://v.vault.azure.net/certificates/c',
        algorithm: 'ES256',
        type: 'ec-p256',
        create: true,
        quota: 5,
        rotationDays: 40,
      },
    })
    const env = {
      ISSUER: 'https://other.example',
      HOST: '127.0.0.1',
      PORT: '7',
      LOG_LEVEL: 'warn',
      WELCOME_PAGE: 'True',
      DATA_DIR: '/elsewhere',
      SIGNING_KEY: 'https://v.vault.azure.net/certificates/c',
      SIGNING_ALGORITHM: 'ES256',
      SIGNING_KEY_TYPE: 'ec-p256',
      SIGNING_KEY_CREATE: 'true',
      SIGNING_KEY_QUOTA: '5',
      SIGNING_KEY_ROTATION_DAYS: '40',
    }
    const fromEnvironment = read(settingsFile(), env)
    expect(comparable(fromEnvironment)).toEqual(comparable(read(file)))
    expect(fromEnvironment.variables).toEqual(Object.keys(env))
  })
})

test('every variable with a name of its own is the variable of one setting', () => {
  const all = Object.entries(schema).flatMap(([section, each]) =>
    Object.entries(each.variables ?? {}).map(([name, path]) => ({
      name,
      path: [section, ...path].join('__'),
    })),
  )
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  for (const { name, path } of all) {
    expect(problems(settingsFile(), { [name]: 'x', [path]: 'x' }).join()).not.toContain('no such setting')
  }
})

describe('the environment', () => {
  test('changes a part of what the file has, and adds to its lists', () => {
    const settings = reader()(settingsFile(), {
      clients__0__accessTokenLifetime: '30',
      'Clients:0:Scopes:1': 'other1',
      RESOURCES__2__AUDIENCE: '123',
      resources__2__scopes__0: 'more',
      accessTokenLifetime: '40',
    })
    expect(settings.clients.get('client')).toMatchObject({
      accessTokenLifetime: 30,
      scopes: ['api1', 'other1'],
    })
    expect(settings.resources[2]).toMatchObject({ audience: '123', scopes: ['more'] })
  })

  test('may have variables of other programs', () => {
    const env = {
      // One part counts only as it is in the file.
      LOGLEVEL: 'VERBOSE',
      Port: 'x',
      CLIENTS: 'x',
      // The first part is no section.
      Serilog__MinimumLevel: 'Debug',
      npm_config__auth: 'x',
      __CF_USER_TEXT_ENCODING: 'x',
      constructor__a: 'x',
      IdentityServer__Clients__0: 'x',
    }
    expect(problems(settingsFile(), env)).toEqual([])
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'a setting that does not exist',
      { clients__0__scope: 'x' },
      'clients__0__scope: there is no such setting',
    ],
    ['a member of a value', { port__a: 'x' }, 'port__a: there is no such setting'],
    [
      'a list with a name',
      { clients__first__clientId: 'x' },
      'clients__first__clientId: there is no such setting',
    ],
    ['an object with a number', { keyRing__0: '1' }, 'keyRing__0: there is no such setting'],
    [
      'an index that is too high',
      { clients__0__scopes__3: 'api1' },
      'clients__0__scopes__3: the items before it are missing; the first item of a list is 0',
    ],
    [
      'an enormous index',
      { clients__999999__clientId: 'x' },
      'clients__999999__clientId: the items before it are missing; the first item of a list is 0',
    ],
    [
      'an index with a leading zero',
      { clients__00__clientId: 'x' },
      'clients__00__clientId: there is no such setting',
    ],
    ['an empty part', { clients____0: 'x' }, 'clients____0: there is no such setting'],
    ['a text for a list', { clients: 'x' }, 'clients: must be a list'],
    ['a text for an object', { keyRing: 'x' }, 'keyRing: must be an object'],
    [
      'a text for a member that is an object',
      { clients__0__jwks: 'x' },
      'clients__0__jwks: must be an object',
    ],
    [
      'a number in words',
      { keyRing__maxSetAge: '1e5' },
      'keyRing__maxSetAge: must be a whole number of seconds',
    ],
    ['neither true nor false', { welcomePage: 'yes' }, 'welcomePage: must be true or false'],
    [
      'a prototype',
      { 'clients:0:jwks:constructor:x': 'x' },
      'clients:0:jwks:constructor:x: there is no such setting',
    ],
    [
      'a prototype in a JWK',
      { 'clients:0:jwks:keys:0:constructor:prototype': 'x' },
      'clients:0:jwks:keys:0:constructor:prototype: there is no such setting',
    ],
    ['very many parts', { [`clients${'__0'.repeat(1_000)}`]: 'x' }, `clients${'__0'.repeat(331)}…`],
    [
      'an empty value',
      { clients__0__clientId: '' },
      'clients__0__clientId is empty; set a value or remove it',
    ],
    [
      'one setting in two ways',
      { PORT: '1', port: '2' },
      'PORT and port are the same setting with different values; remove one of them',
    ],
    [
      'a client without its rest',
      { clients__1__clientId: 'x' },
      'clients[1].scopes in the environment: is missing',
    ],
  ])('refuses %s', (_, env, problem) => {
    expect(problems(settingsFile(), env)).toEqual([problem])
  })

  test('does not hide what is wrong in the file', () => {
    const file = settingsFile({ clients: { client: client() }, port: 'x' })
    expect(problems(file, { clients__0__clientId: 'x' })).toEqual([
      'settings.json: port: must be a whole number from 0 to 65535',
      'settings.json: clients: must be a list',
    ])
  })

  test('cannot change the prototypes of objects', () => {
    problems(settingsFile(), {
      'clients:0:__proto__:polluted': 'x',
      'keyRing:constructor:prototype:polluted': 'x',
    })
    expect({}).not.toHaveProperty('polluted')
  })
})
