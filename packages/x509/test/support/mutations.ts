import * as fc from 'fast-check'
import { allOf, decode, encode, encodeIndefinite, octets, sequence, type Tlv } from './tlv.ts'

/** Changes to DER that know its structure, and some that do not. */

/** What is done to the bytes, or to one value of the tree; numbers are taken modulo what there is. */
export type Mutation =
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

/** One to three changes. */
export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(mutation, { minLength: 1, maxLength: 3 })

/**
 * The first of them on the tree while it is one, the others on whatever came of that.
 *
 * @param bytes DER
 */
export function mutateAll(bytes: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  return changes.reduce((current, change, index) => {
    const needsTree = !['truncate', 'insert', 'flip', 'splice', 'length'].includes(change.kind)
    return needsTree && index > 0 ? current : mutate(current, change)
  }, bytes)
}
