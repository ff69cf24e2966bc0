import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodePem,
  describeCertificate,
  encodePem,
  keyWeaknesses,
  readKeyFile,
  writePkcs12,
} from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { promptOutcome, runs } from '../support/fuzz.ts'
import { mutateAll, mutations } from '../support/mutations.ts'

/** Whatever is done to a file of any kind, reading it ends within 50 ms, with contents or with a SealwrightError. */

const password = 'correct-horse'
/** Few enough that a fuzzed count within the limit costs nothing. */
const limits = { iterations: 1000 }
const skipped = lacks('openssl')

interface Files {
  /** Changed by its structure. */
  readonly der: readonly Uint8Array[]
  /** PEM, JSON and .pvk, changed byte by byte. */
  readonly others: readonly Uint8Array[]
}

let made: Promise<Files> | undefined

/** The files as people have them; those that take long when they are read as they are, are too large to be fuzzed. */
const cases = readdirSync(new URL('cases/', import.meta.url))
  .map((file) => Uint8Array.from(readFileSync(new URL(`cases/${file}`, import.meta.url))))
  .filter(({ length }) => length < 6000)

async function makeFiles(): Promise<Files> {
  const { privateKey, certificate } = await identity('ec-p256')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const folder = scratchFolder()
  const [key, rsaKey, certificates, out] = ['key', 'rsa', 'certificates', 'out'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  writeFileSync(key, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  writeFileSync(rsaKey, rsa.export({ format: 'pem', type: 'pkcs8' }))
  writeFileSync(certificates, certificate.toString())
  const written = (command: string): Uint8Array => {
    run(`openssl ${command} -out ${out}`)
    return Uint8Array.from(readFileSync(out))
  }
  const secret = `-passout pass:${password}`
  const encrypted = written(`pkcs8 -topk8 -in ${key} -iter 2 ${secret}`)
  const der = [
    written(`pkcs8 -topk8 -nocrypt -outform DER -in ${key}`),
    written(`pkcs8 -topk8 -nocrypt -outform DER -in ${rsaKey}`),
    written(`ec -outform DER -in ${key}`),
    written(`rsa -traditional -outform DER -in ${rsaKey}`),
    written(`pkcs8 -topk8 -outform DER -in ${key} -iter 2 ${secret}`),
    written(`pkcs8 -topk8 -outform DER -in ${key} -scrypt -scrypt_N 4 -scrypt_r 2 -scrypt_p 2 ${secret}`),
    written(`pkcs8 -topk8 -outform DER -in ${key} -v1 PBE-SHA1-3DES -iter 2 ${secret}`),
    written(`crl2pkcs7 -nocrl -certfile ${certificates} -outform DER`),
    written(`req -new -key ${key} -subj /CN=a -outform DER`),
    written(`pkey -pubout -outform DER -in ${key}`),
    written(`rsa -RSAPublicKey_out -outform DER -in ${rsaKey}`),
    await writePkcs12({ privateKey, certificates: [certificate] }, password, { iterations: 1 }),
    ...cases.filter((bytes) => bytes[0] === 0x30),
  ]
  const others = [
    written(`ec -aes256 -in ${key} ${secret}`),
    written(`rsa -traditional -des3 -in ${rsaKey} ${secret}`),
    encrypted,
    Buffer.from(certificate.toString() + String(privateKey.export({ format: 'pem', type: 'sec1' }))),
    Buffer.from(JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })] })),
    Buffer.from(
      JSON.stringify({ ...rsa.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] }),
    ),
    written(`rsa -in ${rsaKey} -outform PVK -pvk-none`),
    written(`rsa -in ${rsaKey} -outform PVK -pvk-strong -provider legacy -provider default ${secret}`),
    Buffer.from(Buffer.from(decodePem(Buffer.from(encrypted).toString())[0]?.der ?? []).toString('base64')),
    ...cases.filter((bytes) => bytes[0] !== 0x30),
  ]
  return { der, others }
}

async function outcomesOf(
  inputs: fc.Arbitrary<Uint8Array>,
  numRuns = runs.numRuns,
): Promise<ReadonlySet<string>> {
  const outcomes = new Set<string>()
  await fc.assert(
    fc.asyncProperty(inputs, async (file) => {
      outcomes.add(await promptOutcome(() => readAndDescribe(file)))
    }),
    { ...runs, numRuns },
  )
  return outcomes
}

/** All that `inspect` shows of a file. */
async function readAndDescribe(file: Uint8Array): Promise<void> {
  const { keys, publicKeys, certificates } = await readKeyFile(file, password, {
    limits,
    acceptMissingMac: true,
  })
  for (const { privateKey } of keys) keyWeaknesses(privateKey)
  for (const publicKey of publicKeys) keyWeaknesses(publicKey)
  for (const certificate of certificates) describeCertificate(certificate)
}

function pick(files: readonly Uint8Array[], index: number): Uint8Array {
  return files[index % files.length] ?? new Uint8Array()
}

const labels = [
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'RSA PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
  'PKCS7',
  'X',
] as const

test.skipIf(skipped)('nothing but SealwrightErrors comes of changed DER [needs openssl]', async () => {
  const { der } = await (made ??= makeFiles())
  const inputs = fc
    .tuple(fc.nat(1000), mutations, fc.option(fc.constantFrom(...labels)))
    .map(([which, changes, label]) => {
      const changed = mutateAll(pick(der, which), changes)
      return label === null ? changed : Buffer.from(encodePem(label, changed))
    })
  // The changes have to reach different checks, or this test shows little.
  expect((await outcomesOf(inputs)).size).toBeGreaterThan(2)
})

test.skipIf(skipped)(
  'nothing but SealwrightErrors comes of changed texts and .pvk files [needs openssl]',
  async () => {
    const { others } = await (made ??= makeFiles())
    const octet = fc.tuple(fc.nat(5000), fc.nat(255)).map(([at, value]): Change => [at, 1, [value]])
    // What means something in PEM and JSON.
    const tokens = ['\n', '\r', '-----', '-----BEGIN X-----\n', ':', '"', '{', ',', '=', '\0', ' ', 'é']
    const token = fc
      .tuple(fc.nat(5000), fc.nat(40), fc.constantFrom(...tokens))
      .map(([at, removed, text]): Change => [at, removed, Buffer.from(text)])
    const inputs = fc
      .tuple(
        fc.nat(1000),
        fc.array(fc.oneof(octet, token), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(5000)),
      )
      .map(([which, changes, length]) =>
        changes.reduce(splice, pick(others, which)).subarray(0, length ?? undefined),
      )
    // Texts are read quickly, and one in some hundred changed ones is still encrypted. The keys differ each time.
    expect((await outcomesOf(inputs, Math.max(runs.numRuns, 4_000))).size).toBeGreaterThan(2)
  },
)

/** Where it starts, how many bytes are taken out, and what takes their place. */
type Change = readonly [at: number, removed: number, by: Uint8Array | readonly number[]]

function splice(file: Uint8Array, [at, removed, by]: Change): Uint8Array {
  const start = at % (file.length + 1)
  return Buffer.concat([file.subarray(0, start), Uint8Array.from(by), file.subarray(start + removed)])
}
