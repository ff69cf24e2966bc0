import { createHmac } from 'node:crypto'
import { lacks, run } from '@sealwright/test-kit/tools'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBer } from '../../src/asn1/ber.ts'
import { defaultLimits, Pkcs12Budget } from '../../src/encryption/limits.ts'
import { readMac, verifyMac } from '../../src/pkcs12/mac.ts'
import { encode, int, nul, octets, oid, sequence } from '../support/tlv.ts'

const digests = [
  { name: 'sha1', oid: '1.3.14.3.2.26', length: 20 },
  { name: 'sha224', oid: '2.16.840.1.101.3.4.2.4', length: 28 },
  { name: 'sha256', oid: '2.16.840.1.101.3.4.2.1', length: 32 },
  { name: 'sha384', oid: '2.16.840.1.101.3.4.2.2', length: 48 },
  { name: 'sha512', oid: '2.16.840.1.101.3.4.2.3', length: 64 },
] as const

type Digest = (typeof digests)[number]

const content = Buffer.from('what the MAC covers')

/** Whether our reading of a MAC with that key and these parameters verifies. */
async function verifies(
  digest: Digest,
  key: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  secret: string,
): Promise<boolean> {
  const value = createHmac(digest.name, key).update(content).digest()
  const macData = sequence(
    sequence(sequence(oid(digest.oid), nul()), octets(value)),
    octets(salt),
    int(iterations),
  )
  const budget = new Pkcs12Budget(defaultLimits)
  const mac = readMac(readBer(encode(macData), 'MacData', budget), budget)
  return (await verifyMac(mac, content, secret, budget)) !== null
}

describe("OpenSSL's PKCS12KDF derives the same key", () => {
  const cases = digests.flatMap((digest) => [
    { digest, secret: 'smeg', salt: '0a58cf64530d823f', iterations: 1 },
    { digest, secret: 'queeg', salt: '05dec959acff72f7', iterations: 1000 },
    { digest, secret: 'x'.repeat(100), salt: '00'.repeat(200), iterations: 2 },
    { digest, secret: 'ένα😀', salt: 'ff', iterations: 3 },
    { digest, secret: '', salt: 'ff'.repeat(64), iterations: 3 },
  ])
  test.skipIf(lacks('openssl')).each(cases)(
    '$digest.name, $iterations iterations of $secret [needs openssl]',
    async ({ digest, secret, salt, iterations }) => {
      const bmp = Buffer.from(`${secret}\0`, 'utf16le').swap16().toString('hex')
      const options = `digest:${digest.name} hexpass:${bmp} hexsalt:${salt} iter:${iterations} id:3`
      const printed = run(
        `openssl kdf -keylen ${digest.length} ${options.replaceAll(/\S+/g, '-kdfopt $&')} PKCS12KDF`,
      )
      const key = Buffer.from(printed.replaceAll(/[:\s]/g, ''), 'hex')
      expect(key).toHaveLength(digest.length)
      expect(await verifies(digest, key, Buffer.from(salt, 'hex'), iterations, secret)).toBe(true)
      expect(await verifies(digest, key, Buffer.from(salt, 'hex'), iterations, `${secret}x`)).toBe(false)
      expect(await verifies(digest, key, Buffer.from(salt, 'hex'), iterations + 1, secret)).toBe(false)
    },
  )
})

test('no key verifies by chance', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.string(), async (key, secret) => {
      expect(await verifies(digests[1], key, Buffer.from('salt'), 1, secret)).toBe(false)
    }),
    { numRuns: 50 },
  )
})

test('the event loop turns while the key is derived', async () => {
  let turns = 0
  let running = true
  const count = (): void => {
    turns++
    if (running) setImmediate(count)
  }
  setImmediate(count)
  await verifies(digests[1], Buffer.alloc(32), Buffer.from('salt'), 100_000, 'secret')
  running = false
  // 50 ms or more in slices of 4 ms; done in one piece it would be a turn or two.
  expect(turns).toBeGreaterThan(4)
})
