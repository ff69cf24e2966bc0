import { expect, test } from 'vitest'
import { encryptPbes2 } from '../../src/encryption/encrypt.ts'
import { usualPassword } from '../../src/encryption/password.ts'
import { nodeWebCrypto, type WebCrypto } from '../../src/webcrypto/provider.ts'

test('the derived key is zeroed, also when WebCrypto does not import it', async () => {
  const keys: Uint8Array[] = []
  let derived = 0
  const crypto = {
    getRandomValues: (bytes: Uint8Array) => nodeWebCrypto.getRandomValues(bytes),
    subtle: {
      async importKey(_format: string, key: Uint8Array): Promise<never> {
        keys.push(key)
        derived = key.filter((byte) => byte !== 0).length
        throw new Error('no AES here')
      },
    },
  } as unknown as WebCrypto
  const encrypting = encryptPbes2(Uint8Array.of(1), usualPassword('correct-horse'), 1, crypto)
  await expect(encrypting).rejects.toThrow('no AES here')
  expect(derived).toBeGreaterThan(16)
  expect(keys.map((key) => [...key])).toEqual([Array.from({ length: 32 }, () => 0)])
})
