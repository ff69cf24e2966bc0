import { publicJwk, type Signer } from '@sealwright/core'
import { expect, test } from 'vitest'
import type { SealLine } from '../../src/format/lines.ts'
import { signSeal } from '../../src/format/seal.ts'
import { checkSeal } from '../../src/verifier/seal-checks.ts'
import { newSigner, signer } from '../support/logs.ts'

const stream = '20261126T120000Z-0123456789abcdef'
const mark = { sequence: 7, chain: 'A'.repeat(43) }
const trusted = new Set([signer.keyId])
const { keyId: kid } = signer

async function sealBy(by: Signer, name = stream, head = mark, jwkOf: Signer = signer): Promise<SealLine> {
  const jws = await signSeal(by, name, head, new AbortController().signal)
  return {
    sequence: 8,
    time: '2026-11-26T12:00:00.000Z',
    event: 'seal',
    jws,
    jwk: { ...publicJwk(jwkOf.publicKey) },
  }
}

test('a seal of the mark before it is that of its key', async () => {
  const seal = await sealBy(signer)
  for (const keys of [trusted, null])
    expect(checkSeal(seal, stream, mark, keys)).toEqual({ kid, problem: null })
})

const mismatch = 'the seal does not match the lines up to 7: they were changed, or the seal was moved'

test('what is wrong with a seal is said', async () => {
  const seal = await sealBy(signer)
  const check = (line: SealLine, head: typeof mark | null = mark) => checkSeal(line, stream, head, trusted)
  expect(check({ ...seal, jws: 'e30.e30.AA' })).toEqual({
    kid: null,
    problem: 'the seal is not a JWS of the right type',
  })
  expect(check(seal, null)).toEqual({ kid, problem: 'there is no unsealed mark before the seal' })
  for (const head of [
    { ...mark, sequence: 6 },
    { ...mark, chain: 'B'.repeat(43) },
  ])
    expect(check(await sealBy(signer, stream, head))).toEqual({ kid, problem: mismatch })
  expect(check(await sealBy(signer, stream.replace('f', 'e')))).toEqual({ kid, problem: mismatch })
  expect(check({ ...seal, jwk: { ...publicJwk(newSigner().publicKey) } })).toEqual({
    kid,
    problem: 'the kid of the seal is not the thumbprint of its key',
  })
  expect(check({ ...seal, jws: seal.jws.replace(/.{6}$/, 'AAAAAA') })).toEqual({
    kid,
    problem: 'the signature of the seal is wrong',
  })
})

test('a seal of a key that is not trusted is no more than that', async () => {
  const other = newSigner()
  const seal = await sealBy(other, stream, mark, other)
  expect(checkSeal(seal, stream, mark, trusted)).toEqual({
    kid: other.keyId,
    problem: `the seal was made with the key ${other.keyId}, which is not one of yours`,
    isUntrusted: true,
  })
  expect(checkSeal(seal, stream, mark, null)).toEqual({ kid: other.keyId, problem: null })
})
