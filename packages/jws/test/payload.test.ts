import { describe, expect, test } from 'vitest'
import type { JwtClaims } from '../src/index.ts'
import { PayloadEncoder } from '../src/payload.ts'

const [issuer, audience, lifetime] = ['https://auth.example.com', 'https://api.example.com', 3_600]
const now = 1_700_000_000
/** What every usual payload begins with. */
const start = `"iss":"${issuer}","aud":"${audience}","iat":${now},"nbf":${now},"exp":${now + lifetime}`

function encoderAt(clock: () => number): PayloadEncoder {
  return new PayloadEncoder({ issuer, audience, lifetime, clock: () => new Date(clock() * 1_000 + 999) })
}

/** The payloads for both ways of signing, as text. The `jti` is replaced where it is a random one. */
function textsOf(claims: JwtClaims, encoder = encoderAt(() => now)): string[] {
  const texts = [Buffer.from(encoder.encode(claims), 'base64url').toString(), encoder.text(claims)]
  return texts.map((text) => text.replace(/"jti":"[\w-]{22}"/, '"jti":"random"'))
}

test.each<[JwtClaims, string]>([
  [{ sub: 'alice' }, `{"jti":"random",${start},"sub":"alice"}`],
  [{ sub: 'Zoë €🔑' }, `{"jti":"random",${start},"sub":"Zoë €🔑"}`],
  [{}, `{"jti":"random",${start}}`],
  [{ jti: 'mine' }, `{${start},"jti":"mine"}`],
  [{ aud: 'b' }, `{"jti":"random",${start.replace(`"aud":"${audience}",`, '')},"aud":"b"}`],
  [{ iat: 10 }, `{"jti":"random","iss":"${issuer}","aud":"${audience}","nbf":10,"exp":3610,"iat":10}`],
  [{ nbf: 10 }, `{"jti":"random",${start.replace(`"nbf":${now},`, '')},"nbf":10}`],
  [{ exp: now + 1 }, `{"jti":"random",${start.replace(`,"exp":${now + lifetime}`, '')},"exp":${now + 1}}`],
])('%o is in the payload once, beside what the issuer adds', (claims, text) => {
  expect(textsOf(claims)).toEqual([text, text])
})

test.each([4_000, 4_095, 4_096, 4_097, 20_000])('claims of %d characters are whole', (length) => {
  for (const unit of ['x', '日']) {
    const encoder = encoderAt(() => now)
    const text = unit.repeat(length - '{"text":""}'.length)
    const expected = `{"jti":"random",${start},"text":"${text}"}`
    expect(textsOf({ text }, encoder)).toEqual([expected, expected])
    // Nothing of it is in the next.
    expect(textsOf({ a: 1 }, encoder)[0]).toBe(`{"jti":"random",${start},"a":1}`)
  }
})

describe('the times', () => {
  test.each([0, 1])('are right in second %d of 1970, as on a machine that has just started', (second) => {
    const times = `"iat":${second},"nbf":${second},"exp":${second + lifetime}`
    for (const text of textsOf(
      { a: 1 },
      encoderAt(() => second),
    ))
      expect(text).toContain(times)
  })

  test('follow the clock from second to second, and back', () => {
    let second = now
    const encoder = encoderAt(() => second)
    for (second of [now, now, now + 1, now + 100, now - 50])
      for (const text of textsOf({ a: 1 }, encoder)) expect(text).toContain(`"iat":${second},`)
  })
})

test('each payload has another jti, also where its start is the same', () => {
  const encoder = encoderAt(() => now)
  const ids = [{}, { a: 1 }, { a: 1 }].flatMap((claims) =>
    [Buffer.from(encoder.encode(claims), 'base64url').toString(), encoder.text(claims)].map(
      (text) => /"jti":"([\w-]{22})"/.exec(text)?.[1],
    ),
  )
  expect(new Set(ids).size).toBe(6)
})

test('both ways refuse the same claims', () => {
  const encoder = encoderAt(() => now)
  for (const claims of [{ sub: '' }, { a: Number.NaN }, { exp: 1 }, { iss: 'x' } as never]) {
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    expect(() => encoder.encode(claims)).toThrow(refused)
    expect(() => encoder.text(claims)).toThrow(refused)
  }
})
