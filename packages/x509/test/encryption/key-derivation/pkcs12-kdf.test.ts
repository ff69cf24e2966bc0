import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  derivationDigests,
  deriveKey,
  purposes,
  sha1,
} from '../../../src/encryption/key-derivation/pkcs12-kdf.ts'

const bmp = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le').swap16()

describe.skipIf(lacks('openssl'))("OpenSSL's PKCS12KDF derives the same [needs openssl]", () => {
  const cases = derivationDigests.flatMap((digest) =>
    Object.entries(purposes).flatMap(([purpose, id]) =>
      [1, 8, 24, 64, 65, 200].map((length) => ({
        digest,
        purpose,
        id,
        length,
        // All ones, so that carries run through whole blocks.
        salt: length === 24 ? 'ff'.repeat(64) : '0a58cf64530d823f'.repeat(9),
      })),
    ),
  )
  test.each(cases)(
    '$length bytes with $digest.name for the $purpose',
    async ({ digest, id, length, ...row }) => {
      const salt = Buffer.from(row.salt, 'hex')
      const options = `digest:${digest.name} hexpass:${bmp('queeg').toString('hex')} hexsalt:${salt.toString('hex')} iter:3 id:${id}`
      const printed = run(
        `openssl kdf -keylen ${length} ${options.replaceAll(/\S+/g, '-kdfopt $&')} PKCS12KDF`,
      )
      const key = await deriveKey({ digest, salt, iterations: 3 }, id, bmp('queeg'), length)
      expect(Buffer.from(key).toString('hex')).toBe(printed.replaceAll(/[:\s]/g, '').toLowerCase())
    },
  )
})

test('several derivations leave the event loop a turn between any two slices', async () => {
  const derivations = Array.from({ length: 4 }, () =>
    deriveKey({ digest: sha1, salt: bmp('x'), iterations: 30_000 }, 1, bmp('x'), 20),
  )
  let turns = 0
  const counting = setInterval(() => turns++, 0)
  await Promise.all(derivations).finally(() => clearInterval(counting))
  // Four derivations of some 20 ms in slices of 4 ms.
  expect(turns).toBeGreaterThan(4)
})

test('the signal stops it', async () => {
  const signal = AbortSignal.timeout(10)
  const parameters = { digest: sha1, salt: bmp('x'), iterations: 10_000_000 }
  await expect(deriveKey(parameters, 1, bmp('x'), 20, signal)).rejects.toHaveProperty('name', 'TimeoutError')
})

test('the password is zeroed', async () => {
  const password = bmp('x')
  await deriveKey({ digest: sha1, salt: bmp('x'), iterations: 1 }, 1, password, 20)
  expect(password.every((byte) => byte === 0)).toBe(true)
})
