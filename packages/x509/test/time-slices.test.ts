import { generateKeyPairSync } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  createRevocationList,
  createSelfSignedCertificate,
  readKeyFile,
  readPkcs12,
  readRevocationList,
} from '../src/index.ts'
import { TimeSlices } from '../src/time-slices.ts'
import { identity } from './support/certificates.ts'
import * as pfx from './support/pfx.ts'
import { constructed, decode, encode, int, octets, oid, sequence } from './support/tlv.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Makes every look at the clock find that a slice is over, so that turns can be counted whatever the machine does. */
function endEverySlice(): void {
  let clock = 0
  vi.spyOn(performance, 'now').mockImplementation(() => (clock += 1000))
}

/** How often the event loop turns until the work is done, however it ends. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let running = true
  const count = (): void => {
    turns++
    if (running) setImmediate(count)
  }
  setImmediate(count)
  await work().catch(() => undefined)
  running = false
  return turns
}

test('a slice that is not over goes on', async () => {
  vi.spyOn(performance, 'now').mockImplementation(() => 0)
  const slices = new TimeSlices()
  await slices.pause()
  expect(await turnsDuring(() => slices.pause())).toBe(0)
})

test('every one of several at the same time has turns of its own', async () => {
  endEverySlice()
  const all = Array.from({ length: 10 }, () => new TimeSlices())
  expect(await turnsDuring(() => Promise.all(all.map((slices) => slices.pause())))).toBeGreaterThanOrEqual(10)
})

test('the signal ends the work', async () => {
  const reason = new Error('enough')
  await expect(new TimeSlices(AbortSignal.abort(reason)).pause()).rejects.toBe(reason)
})

describe('reading what a stranger wrote leaves the event loop a turn', () => {
  const megabyte = new Uint8Array(2 ** 20 - 1024)
  const pbes1 = (algorithm: string): Uint8Array => {
    const parameters = sequence(octets(new Uint8Array(8)), int(1))
    return pfx.sealed(pfx.encryptedSafe(sequence(oid(algorithm), parameters), megabyte))
  }

  test.each([
    { cipher: '3DES', file: pbes1('1.2.840.113549.1.12.1.3'), kilobytes: 16 },
    { cipher: 'RC2', file: pbes1('1.2.840.113549.1.12.1.6'), kilobytes: 4 },
  ])('for every $kilobytes KiB of $cipher', async ({ file, kilobytes }) => {
    endEverySlice()
    const turns = await turnsDuring(() => readPkcs12(file, pfx.password))
    expect(turns).toBeGreaterThanOrEqual(1023 / kilobytes)
  })

  test('for every 500 iterations', async () => {
    const file = pfx.sealedBytes(new Uint8Array(), { iterations: int(100_000) })
    endEverySlice()
    expect(await turnsDuring(() => readPkcs12(file, pfx.password))).toBeGreaterThanOrEqual(199)
  })

  test('for every bag', async () => {
    const { certificate } = await identity('ec-p256')
    const bags = Array.from({ length: 100 }, () => pfx.certificateBag(certificate.raw))
    endEverySlice()
    expect(
      await turnsDuring(() => readPkcs12(pfx.sealed(pfx.plainSafe(...bags)), pfx.password)),
    ).toBeGreaterThanOrEqual(100)
  })

  test('for every PEM block, every JWK, and every certificate in a list of them', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const certificates = Array.from({ length: 50 }, () => certificate)
    const keys = certificates.map(() => privateKey.export({ format: 'jwk' }))
    const [key] = keys
    const x5c = certificates.map(({ raw }) => raw.toString('base64'))
    const signedData = sequence(
      int(1),
      constructed(0x31),
      sequence(oid(pfx.oids.data)),
      constructed(0xa0, ...certificates.map(({ raw }) => decode(raw))),
      constructed(0x31),
    )
    const files = [
      Buffer.from(certificate.toString().repeat(50)),
      Buffer.from(JSON.stringify({ keys })),
      Buffer.from(JSON.stringify({ ...key, x5c })),
      encode(pfx.contentInfo(pfx.oids.signedData, signedData)),
    ]
    endEverySlice()
    for (const file of files) {
      const limits = { limits: { elements: 20_000 } }
      // oxlint-disable-next-line no-await-in-loop
      expect(await turnsDuring(() => readKeyFile(file, '', limits))).toBeGreaterThanOrEqual(50)
    }
  })

  test('while a key shows with a signature that it is that of its public key', async () => {
    // A key of 8192 bits takes tens of milliseconds, and none of them in this thread.
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const bag = pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }))
    const file = pfx.sealed(pfx.plainSafe(...Array.from({ length: 20 }, () => bag)))
    // The clock stands still, so that every turn is one that libuv's threads gave.
    vi.spyOn(performance, 'now').mockImplementation(() => 0)
    expect(await turnsDuring(() => readPkcs12(file, pfx.password))).toBeGreaterThanOrEqual(20)
  })
})

test('writing a long CRL leaves the event loop a turn for every entry', async () => {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
  const revokedAt = new Date()
  const revoked = Array.from({ length: 1000 }, (_, index) => ({
    serialNumber: `10${1000 + index}`,
    revokedAt,
  }))
  endEverySlice()
  let crl = new Uint8Array()
  const turns = await turnsDuring(async () => {
    crl = Uint8Array.from(await createRevocationList({ signer, certificate }, { number: 1, revoked }))
  })
  expect(turns).toBeGreaterThanOrEqual(1000)
  expect(readRevocationList(crl, certificate).revoked).toHaveLength(1000)
})

test('reading a long CRL from a file leaves the event loop a turn for every entry', async () => {
  const signer = createLocalSigner((await identity('ec-p256')).privateKey)
  const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
  const revokedAt = new Date()
  const revoked = Array.from({ length: 500 }, (_, index) => ({
    serialNumber: `10${1000 + index}`,
    revokedAt,
  }))
  const crl = await createRevocationList({ signer, certificate }, { number: 1, revoked })
  const signedData = sequence(
    int(1),
    constructed(0x31),
    sequence(oid(pfx.oids.data)),
    constructed(0xa1, decode(crl)),
    constructed(0x31),
  )
  const limits = { limits: { elements: 20_000 } }
  endEverySlice()
  for (const file of [crl, encode(pfx.contentInfo(pfx.oids.signedData, signedData))]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await turnsDuring(() => readKeyFile(file, '', limits))).toBeGreaterThanOrEqual(500)
  }
})
