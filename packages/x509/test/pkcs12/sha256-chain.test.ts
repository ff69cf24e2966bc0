import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256Chain } from '../../src/pkcs12/sha256-chain.ts'

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest())
}

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('is OpenSSL applied once to any 32 bytes', () => {
  fc.assert(
    fc.property(digest, (bytes) => {
      expect(sha256Chain(bytes, 1)).toEqual(sha256(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('is OpenSSL applied many times, and leaves its input alone', () => {
  fc.assert(
    fc.property(digest, fc.nat(300), (bytes, times) => {
      const before = bytes.slice()
      let expected: Uint8Array = before
      for (let done = 0; done < times; done++) expected = sha256(expected)
      expect(sha256Chain(bytes, times)).toEqual(expected)
      expect(bytes).toEqual(before)
    }),
  )
})

test('extremes of every word', () => {
  for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
    const bytes = new Uint8Array(32).fill(byte)
    expect(sha256Chain(bytes, 1)).toEqual(sha256(bytes))
  }
})

test('takes a view into a larger buffer', () => {
  const large = Uint8Array.from({ length: 64 }, (_, index) => index)
  expect(sha256Chain(large.subarray(5, 37), 1)).toEqual(sha256(large.subarray(5, 37)))
})
