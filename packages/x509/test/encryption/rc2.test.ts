import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { decryptRc2Cbc } from '../../src/encryption/rc2.ts'

const zeroes = new Uint8Array(8)
const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

// One block decrypts to its plaintext; a second one is needed for padding, and comes out right where the first did.
describe('RFC 2268 §5', () => {
  test.each([
    { key: '0000000000000000', bits: 63, plaintext: '0000000000000000', ciphertext: 'ebb773f993278eff' },
    { key: 'ffffffffffffffff', bits: 64, plaintext: 'ffffffffffffffff', ciphertext: '278b27e42e2f0d49' },
    { key: '3000000000000000', bits: 64, plaintext: '1000000000000001', ciphertext: '30649edf9be7d2c2' },
    { key: '88', bits: 64, plaintext: '0000000000000000', ciphertext: '61a8a244adacccf0' },
    { key: '88bca90e90875a', bits: 64, plaintext: '0000000000000000', ciphertext: '6ccf4308974c267f' },
    {
      key: '88bca90e90875a7f0f79c384627bafb2',
      bits: 64,
      plaintext: '0000000000000000',
      ciphertext: '1a807d272bbe5db1',
    },
    {
      key: '88bca90e90875a7f0f79c384627bafb2',
      bits: 128,
      plaintext: '0000000000000000',
      ciphertext: '2269552ab0f85ca6',
    },
    {
      key: '88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e',
      bits: 129,
      plaintext: '0000000000000000',
      ciphertext: '5b78d3a43dfff1f1',
    },
  ])('$bits effective bits of $key', async ({ key, bits, plaintext, ciphertext }) => {
    // The vector is chosen so that all eight bytes come out as padding, which is taken off.
    const vector = bytes(plaintext).map((byte) => byte ^ 8)
    expect(hex(await decryptRc2Cbc(bytes(key), bits, vector, bytes(ciphertext)))).toBe('')
    const other = bytes(plaintext).map((byte) => byte ^ 1)
    expect(hex(await decryptRc2Cbc(bytes(key), bits, other, bytes(ciphertext)))).toBe('01'.repeat(7))
  })
})

describe.skipIf(lacks('openssl'))("OpenSSL's legacy provider encrypts [needs openssl]", () => {
  test.each([0, 1, 7, 8, 9, 1000])('%d bytes', async (length) => {
    const plaintext = Uint8Array.from({ length }, (_, index) => index)
    const encrypt = (cipher: string, key: string): string =>
      run(
        `openssl enc -${cipher} -provider legacy -provider default -K ${key} -iv 0102030405060708 -a -A`,
        plaintext,
      )
    const iv = bytes('0102030405060708')
    const key128 = '00112233445566778899aabbccddeeff'
    expect(
      hex(await decryptRc2Cbc(bytes(key128), 128, iv, Buffer.from(encrypt('rc2-cbc', key128), 'base64'))),
    ).toBe(hex(plaintext))
    expect(
      hex(
        await decryptRc2Cbc(
          bytes('a1b2c3d4e5'),
          40,
          iv,
          Buffer.from(encrypt('rc2-40-cbc', 'a1b2c3d4e5'), 'base64'),
        ),
      ),
    ).toBe(hex(plaintext))
  })
})

test.each([0, 1, 7, 9])('a ciphertext of %d bytes is refused', async (length) => {
  await expect(decryptRc2Cbc(bytes('88'), 64, zeroes, new Uint8Array(length))).rejects.toThrow(RangeError)
})

test('wrong padding is refused', async () => {
  await expect(decryptRc2Cbc(bytes('88'), 64, zeroes, bytes('61a8a244adacccf0'))).rejects.toThrow(RangeError)
})
