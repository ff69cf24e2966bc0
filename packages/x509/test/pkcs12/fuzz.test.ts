import * as fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { readPkcs12, writePkcs12, type Pkcs12Profile } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import { allOf, decode, encode, encodeIndefinite, octets, sequence, type Tlv } from '../support/tlv.ts'

/**
 * Whatever is done to a file, reading it ends soon, with contents or with a SealwrightError. Three layers are changed: the
 * file as it is, where the MAC stops most; the AuthenticatedSafe under a right MAC; and the bags of a plain safe under one.
 * The first two also of other profiles.
 */

/** Few enough that a fuzzed count within the limit costs nothing. */
const limits = { iterations: 1000 }
/** More inputs than in a normal run, for a nightly one. */
const numRuns = Number(process.env['SEALWRIGHT_FUZZ_RUNS'] ?? 400)

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

/** What is done to the bytes, or to one value of the tree; numbers are taken modulo what there is. */
type Mutation =
  | { readonly kind: 'truncate' | 'insert' | 'flip'; readonly at: number; readonly byte: number }
  | { readonly kind: 'splice'; readonly at: number; readonly from: number; readonly length: number }
  | {
      readonly kind: 'drop' | 'double' | 'nest' | 'retag' | 'empty'
      readonly at: number
      readonly byte: number
    }
  | { readonly kind: 'swap'; readonly at: number; readonly from: number }
  | { readonly kind: 'number'; readonly at: number; readonly content: Uint8Array }
  | { readonly kind: 'length'; readonly at: number; readonly length: Uint8Array }
  | { readonly kind: 'indefinite'; readonly segment: number }

const at = fc.nat(100_000)
const byte = fc.nat(255)
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom('truncate', 'insert', 'flip'), at, byte }),
  fc.record({ kind: fc.constant('splice'), at, from: at, length: fc.nat(200) }),
  fc.record({ kind: fc.constantFrom('drop', 'double', 'nest', 'retag', 'empty'), at, byte }),
  fc.record({ kind: fc.constant('swap'), at, from: at }),
  fc.record({ kind: fc.constant('number'), at, content: fc.uint8Array({ maxLength: 9 }) }),
  fc.record({ kind: fc.constant('length'), at, length: fc.uint8Array({ minLength: 1, maxLength: 6 }) }),
  fc.record({ kind: fc.constant('indefinite'), segment: fc.integer({ min: 1, max: 50 }) }),
)

function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
  switch (change.kind) {
    case 'truncate':
      return bytes.subarray(0, change.at % (bytes.length + 1))
    case 'insert':
      return spliced(bytes, change.at, Uint8Array.of(change.byte), 0)
    case 'flip':
      return spliced(
        bytes,
        change.at,
        Uint8Array.of((bytes[change.at % bytes.length] ?? 0) ^ (change.byte || 1)),
        1,
      )
    case 'splice':
      return spliced(
        bytes,
        change.at,
        bytes.subarray(change.from % bytes.length).subarray(0, change.length),
        change.length,
      )
    case 'length':
      // Over the length of some value, or over whatever is there.
      return spliced(bytes, change.at, change.length, 1)
    default:
      return mutateTree(bytes, change)
  }
}

function spliced(bytes: Uint8Array, offset: number, replacement: Uint8Array, removed: number): Uint8Array {
  const start = offset % (bytes.length + 1)
  return Uint8Array.from([...bytes.subarray(0, start), ...replacement, ...bytes.subarray(start + removed)])
}

function mutateTree(
  bytes: Uint8Array,
  change: Exclude<Mutation, { kind: 'truncate' | 'splice' | 'length' }>,
): Uint8Array {
  const root = decode(bytes)
  if (change.kind === 'indefinite') return encodeIndefinite(root, change.segment)
  const nodes = allOf(root)
  const node = pick(nodes, change.at)
  const parent = nodes.find((candidate) => candidate.children.includes(node))
  switch (change.kind) {
    case 'drop':
      if (parent !== undefined) parent.children = parent.children.filter((child) => child !== node)
      break
    case 'double':
      parent?.children.push(node)
      break
    case 'nest':
      replace(node, sequence({ ...node }))
      break
    case 'retag':
      node.tag = change.byte
      break
    case 'empty':
      replace(node, { tag: node.tag, children: [], content: new Uint8Array() })
      break
    case 'swap':
      replace(node, decode(encode(pick(nodes, change.from))))
      break
    case 'number':
      replace(
        pick(
          nodes.filter(({ tag }) => tag === 0x02),
          change.at,
        ),
        { tag: 0x02, children: [], content: change.content },
      )
      break
    default:
      break
  }
  return encode(root)
}

function pick(nodes: readonly Tlv[], index: number): Tlv {
  return nodes[index % nodes.length] ?? octets([])
}

function replace(node: Tlv, by: Tlv): void {
  Object.assign(node, by)
}

/** The first of them on the tree while it is one, the others on whatever came of that. */
function mutateAll(bytes: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  return changes.reduce((current, change, index) => {
    const needsTree = !['truncate', 'insert', 'flip', 'splice', 'length'].includes(change.kind)
    return needsTree && index > 0 ? current : mutate(current, change)
  }, bytes)
}

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
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (changes) => {
      const outcome = await outcomeOf(layer.wrap(mutateAll(layer.root, changes)))
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }),
    { numRuns },
  )
  // The changes have to reach different checks, or this test shows little.
  expect(outcomes.size).toBeGreaterThan(index === 1 ? 2 : 1)
})

/** @throws whatever is no SealwrightError */
async function outcomeOf(file: Uint8Array): Promise<string> {
  try {
    await readPkcs12(file, pfx.password, { limits })
    return 'read'
  } catch (error) {
    if (error instanceof Error && error.name === 'SealwrightError') return String(Reflect.get(error, 'code'))
    throw error
  }
}
