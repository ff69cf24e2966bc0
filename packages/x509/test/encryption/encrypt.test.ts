import { expect, test } from 'vitest'
import { encryptPbes2 } from '../../src/encryption/encrypt.ts'
import { usualPassword } from '../../src/encryption/password.ts'
import { nodeWebCrypto, type WebCrypto } from '../../src/webcrypto/provider.ts'

test.each(['importKey', 'encrypt'] as const)('a key is wiped, also when %s fails', async (failing) => {
  let key: Uint8Array | undefined
  const subtle = {
    async importKey(...args: Parameters<WebCrypto['subtle']['importKey']>): Promise<unknown> {
      key = args[1] as Uint8Array
      if (failing === 'importKey') throw new Error('no AES here')
      return {}
    },
    async encrypt(): Promise<never> {
      expect(key?.some((byte) => byte !== 0)).toBe(true)
      throw new Error('no AES here')
    },
  }
  const crypto = {
    getRandomValues: (bytes: Uint8Array) => nodeWebCrypto.getRandomValues(bytes),
    subtle,
  } as unknown as WebCrypto
  const encrypting = encryptPbes2(Uint8Array.of(1), usualPassword('correct-horse'), 1, crypto)
  await expect(encrypting).rejects.toThrow('no AES here')
  expect(Uint8Array.from(key ?? [])).toEqual(new Uint8Array(32))
})
