import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha1Chain } from '../../../src/encryption/key-derivation/sha1-chain.ts'
import { sha256Chain } from '../../../src/encryption/key-derivation/sha256-chain.ts'

describe.each([
  { name: 'sha1', length: 20, chain: sha1Chain },
  { name: 'sha256', length: 32, chain: sha256Chain },
])('$name', ({ name, length, chain }) => {
  const digest = fc.uint8Array({ minLength: length, maxLength: length })

  function openssl(bytes: Uint8Array): Uint8Array {
    return Uint8Array.from(createHash(name).update(bytes).digest())
  }

  test('is OpenSSL applied once to any digest', () => {
    fc.assert(
      fc.property(digest, (bytes) => {
        expect(chain(bytes, 1)).toEqual(openssl(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  test('is OpenSSL applied many times, and leaves its input alone', () => {
    fc.assert(
      fc.property(digest, fc.nat(300), (bytes, times) => {
        const before = bytes.slice()
        let expected: Uint8Array = before
        for (let done = 0; done < times; done++) expected = openssl(expected)
        expect(chain(bytes, times)).toEqual(expected)
        expect(bytes).toEqual(before)
      }),
    )
  })

  test('extremes of every word', () => {
    for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
      const bytes = new Uint8Array(length).fill(byte)
      expect(chain(bytes, 1)).toEqual(openssl(bytes))
    }
  })

  test('takes a view into a larger buffer', () => {
    const large = Uint8Array.from({ length: 64 }, (_, index) => index)
    const view = large.subarray(5, 5 + length)
    expect(chain(view, 1)).toEqual(openssl(view))
  })
})
