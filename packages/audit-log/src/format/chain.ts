import { createHash, type Hash } from 'node:crypto'

/** A place in a stream: the last line of a batch, and its chain value. */
export interface Head {
  /** The sequence number of the line. */
  readonly sequence: number
  /** The chain value: SHA-256, base64url. */
  readonly chain: string
}

/** The place before the first line of a stream. */
export const start: Head = { sequence: 0, chain: '' }

/** The member is the last one of a line, so a reader finds it without parsing the line. */
const before = ',"chain":"'
const after = '"}'
const chainLength = 43
const memberLength = before.length + chainLength + after.length
const chainMember = /^,"chain":"([\w-]{43})"\}$/

/** The end of a line whose chain value is not known yet. */
export const chainPlaceholder: string = `${before}${' '.repeat(chainLength)}${after}`

/** Starts the chain value that follows another one. Update it with the bytes between the two. */
export function nextChain(previous: string): Hash {
  return createHash('sha256').update(previous, 'latin1')
}

/**
 * Puts the chain value into the last line of a batch.
 *
 * @param batch the lines, each with a line break, the last one ending with {@link chainPlaceholder}
 * @returns the chain value
 */
export function finishBatch(previous: string, batch: Buffer): string {
  const end = batch.length - memberLength - 1
  const chain = nextChain(previous).update(batch.subarray(0, end)).digest('base64url')
  batch.write(chain, end + before.length, 'latin1')
  return chain
}

/**
 * Splits the last line of a batch.
 *
 * @param line without its line break
 * @returns null for a line without a chain value
 */
export function splitChain(line: Buffer): { readonly body: Buffer; readonly chain: string } | null {
  if (line.length <= memberLength) return null
  const end = line.length - memberLength
  const [, chain] = chainMember.exec(line.toString('latin1', end)) ?? []
  return chain === undefined ? null : { body: line.subarray(0, end), chain }
}
