import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { readPkcs12, writePkcs12, type Pkcs12Profile } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { promptOutcome, runs } from '../support/fuzz.ts'
import { mutateAll, mutations } from '../support/mutations.ts'
import * as pfx from '../support/pfx.ts'
import { decode, encode, octets, sequence } from '../support/tlv.ts'

/**
 * Whatever is done to a file, reading it ends within 50 ms, with contents or with a SealwrightError. Three layers are changed: the
 * file as it is, where the MAC stops most; the AuthenticatedSafe under a right MAC; and the bags of a plain safe under one.
 * The first two also of other profiles.
 */

/** Few enough that a fuzzed count within the limit costs nothing. */
const limits = { iterations: 1000 }
interface Layer {
  readonly root: Uint8Array
  readonly wrap: (bytes: Uint8Array) => Uint8Array
}

let layers: readonly Layer[]

function safeOf(file: Uint8Array): Uint8Array {
  return decode(file).children[1]?.children[1]?.children[0]?.content ?? new Uint8Array()
}

beforeAll(async () => {
  const { privateKey, certificate } = await identity('ec-p256')
  const written = (profile: Pkcs12Profile): Promise<Uint8Array> => {
    const contents = { privateKey, certificates: [certificate], friendlyName: 'fuzz' }
    return writePkcs12(contents, pfx.password, { profile, iterations: 1 })
  }
  const [modern, compatible, pbmac1] = await Promise.all([
    written('modern'),
    written('compatible'),
    written('pbmac1'),
  ])
  const bags = sequence(
    pfx.certificateBag(certificate.raw, pfx.friendlyName('a'), pfx.localKeyId(1)),
    pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }), pfx.friendlyName('a'), pfx.localKeyId(1)),
    pfx.bag(pfx.oids.safeContentsBag, sequence(pfx.certificateBag(certificate.raw))),
  )
  layers = [
    { root: modern, wrap: (bytes) => bytes },
    { root: safeOf(modern), wrap: (bytes) => pfx.sealedBytes(bytes) },
    { root: encode(bags), wrap: (bytes) => pfx.sealed(pfx.contentInfo(pfx.oids.data, octets(bytes))) },
    { root: pbmac1, wrap: (bytes) => bytes },
    { root: safeOf(compatible), wrap: (bytes) => pfx.sealedBytes(bytes) },
  ]
})

test.each([
  { layer: 'the file', index: 0 },
  { layer: 'the AuthenticatedSafe', index: 1 },
  { layer: 'the bags', index: 2 },
  { layer: 'a file with PBMAC1', index: 3 },
  { layer: 'an AuthenticatedSafe with 3DES', index: 4 },
])('nothing but SealwrightErrors comes of changing $layer', async ({ index }) => {
  const layer = layers[index] ?? { root: new Uint8Array(), wrap: (bytes: Uint8Array) => bytes }
  const outcomes = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(mutations, async (changes) => {
      const file = layer.wrap(mutateAll(layer.root, changes))
      const outcome = await promptOutcome(() => readPkcs12(file, pfx.password, { limits }))
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }),
    runs,
  )
  // The changes have to reach different checks, or this test shows little.
  expect(outcomes.size).toBeGreaterThan(1)
})
