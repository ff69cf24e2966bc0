import { createPublicKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createLocalSigner, type SigningKey } from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { privateKey } from '@sealwright/test-kit/keys'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openFolderRing, serve } from './support/rotation.ts'

const page = readFileSync(new URL('../../../docs/from-jsonwebtoken.md', import.meta.url), 'utf8')

interface Block {
  readonly section: string
  readonly side: 'before' | 'after'
  readonly code: string
}

/** The blocks of the page by their heading. */
const blocks: readonly Block[] = page
  .split(/^## /m)
  .slice(1)
  .flatMap((text) => {
    const [section = ''] = text.split('\n')
    return [...text.matchAll(/```js (before|after)\n(.*?)```/gs)].map(([, side, code = '']): Block => ({
      section,
      side: side === 'before' ? 'before' : 'after',
      code,
    }))
  })

type Names = Readonly<Record<string, unknown>>

/** Runs a block with these names, and returns the names that it declares. */
async function run(code: string, given: Names): Promise<Record<string, unknown>> {
  const names: Record<string, unknown> = { ...given }
  const imports = /^import (?:\{ (.*) \}|(\w+)) from '(.*)'$/gm
  for (const [, named, whole, specifier = ''] of code.matchAll(imports)) {
    const module = (await import(specifier)) as Names
    if (whole !== undefined) names[whole] = module['default']
    for (const name of named?.split(', ') ?? []) {
      expect(module, name).toHaveProperty(name)
      names[name] = module[name]
    }
  }
  const declared = [...code.matchAll(/^const (?:\{ (.*?) \}|(\w+)) =/gm)].flatMap(([, several, one]) =>
    several === undefined ? [one ?? ''] : several.split(', '),
  )
  const body = `return (async () => {\n${code.replaceAll(imports, '')}\nreturn { ${declared.join(', ')} }\n})()`
  // oxlint-disable-next-line typescript/no-implied-eval -- the page's own code
  const program = new Function(...Object.keys(names), body) as (
    ...args: unknown[]
  ) => Promise<Record<string, unknown>>
  return program(...Object.values(names))
}

const key = privateKey('ES256')
const pem = key.export({ type: 'pkcs8', format: 'pem' })
const signer = createLocalSigner(key)
const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' })
const names: Names = { key: pem, signer, publicKey }

const inSection = (section: string, side: Block['side']): Block[] =>
  blocks.filter((block) => block.section === section && block.side === side)

/** The header and the claims of a token, without what is of its moment or of its key. */
function contents(token: unknown): unknown {
  const { alg, typ } = decodeProtectedHeader(String(token))
  const { iat = 0, nbf = iat, exp = 0, jti, ...claims } = decodeJwt(String(token))
  return {
    header: { alg, typ },
    claims,
    lifetime: exp - iat,
    begins: nbf - iat,
    ...(jti === 'a1' && { jti }),
  }
}

let token: string
beforeAll(async () => {
  token = await createJwtIssuer(signer, {
    issuer: 'https://auth.example.com',
    audience: 'https://api.example.com',
  }).issue({ sub: 'alice' })
})

/** How many blocks there are before and after. */
const count = (section: string): readonly number[] =>
  (['before', 'after'] as const).map((side) => inSection(section, side).length)

test('every block of the page is run below', () => {
  expect(Object.fromEntries(blocks.map(({ section }) => [section, count(section)]))).toEqual({
    'The key': [1, 2],
    sign: [1, 1],
    'sign with a callback, or synchronously': [1, 2],
    'Claims that depend on the moment': [1, 1],
    'A payload that is not JSON': [1, 1],
    'The kid': [0, 1],
    'verify stays': [1, 0],
    'verify goes to jose': [0, 1],
    decode: [1, 1],
  })
})

test('the key: from a PEM file, or made in a store', async () => {
  const home = process.cwd()
  process.chdir(scratchFolder())
  onTestFinished(() => process.chdir(home))
  writeFileSync('key.pem', pem)
  const [local, stored] = inSection('The key', 'after')
  expect((await run(inSection('The key', 'before')[0]?.code ?? '', {}))['key']).toEqual(Buffer.from(pem))
  expect((await run(local?.code ?? '', {}))['signer']).toMatchObject({ keyId: signer.keyId })
  const { signer: made } = await run(stored?.code ?? '', {})
  const sign = inSection('sign', 'after')[0]?.code ?? ''
  const { token: signed } = await run(sign, { signer: made })
  expect(contents(signed)).toMatchObject({ header: { alg: 'ES256', typ: 'JWT' }, claims: { sub: 'alice' } })
})

describe.each(['sign', 'sign with a callback, or synchronously', 'Claims that depend on the moment'])(
  '%s',
  (section) => {
    test('is the same token before and after, but for the iss that there always is', async () => {
      const [before] = inSection(section, 'before')
      const old = contents((await run(before?.code ?? '', names))['token'])
      for (const { code } of inSection(section, 'after')) {
        const { token: now } = await run(code, names)
        expect(decodeProtectedHeader(String(now)).kid).toBe(signer.keyId)
        expect(contents(now)).toEqual({
          ...Object(old),
          claims: { iss: 'https://auth.example.com', ...Object(Reflect.get(Object(old), 'claims')) },
        })
      }
    })
  },
)

test('a payload of text is the same before and after', async () => {
  const [before] = inSection('A payload that is not JSON', 'before')
  const [after] = inSection('A payload that is not JSON', 'after')
  const payloads = await Promise.all(
    [before, after].map(async (block) => {
      const [, payload] = String((await run(block?.code ?? '', names))['token']).split('.')
      return Buffer.from(payload ?? '', 'base64url').toString()
    }),
  )
  expect(payloads).toEqual(['a text', 'a text'])
})

test('the kid: a ring publishes the key under its old name, too', async () => {
  const { ring } = await openFolderRing('ec-p256')
  const opened: { close(): void }[] = []
  const found = await run(inSection('The kid', 'after')[0]?.code ?? '', {
    signer: ring.signingKey() satisfies SigningKey,
  })
  opened.push(found['ring'] as { close(): void })
  onTestFinished(() => {
    for (const each of opened) each.close()
  })
  expect(found['jwks']).toMatchObject([{ kid: ring.signer().keyId }, { kid: 'my-key' }])
})

test('verify stays: jsonwebtoken verifies the tokens', async () => {
  const { payload } = await run(inSection('verify stays', 'before')[0]?.code ?? '', { ...names, token })
  expect(payload).toMatchObject({ sub: 'alice' })
})

test('verify goes to jose, with the JWK Set', async () => {
  const jwk = { ...signer.publicKey.export({ format: 'jwk' }), kid: signer.keyId, alg: 'ES256' }
  const origin = await serve(() => (_request, response) => void response.end(JSON.stringify({ keys: [jwk] })))
  const code = (inSection('verify goes to jose', 'after')[0]?.code ?? '').replace(
    'https://auth.example.com/.well-known',
    origin,
  )
  const { payload } = await run(code, { token })
  expect(payload).toMatchObject({ sub: 'alice' })
})

test('decode is the same before and after', async () => {
  const [old, now] = await Promise.all(
    (['before', 'after'] as const).map((side) =>
      run(inSection('decode', side)[0]?.code ?? '', { ...names, token }),
    ),
  )
  expect(now).toEqual(old)
  expect(now?.['payload']).toMatchObject({ sub: 'alice' })
})
