import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import type { KeyObject } from 'node:crypto'

/** Bytes of a private key in one form, and what they are. */
export interface Trace {
  readonly name: string
  readonly bytes: Buffer
}

/** A part of each of the three secret numbers of an RSA key, long enough never to occur by chance. */
const length = 24

/** What gives an RSA key away in a heap snapshot: its numbers as text, in each encoding, as V8 writes them to the file. */
export function tracesInSnapshot(key: KeyObject): readonly Trace[] {
  return secretNumbers(key).flatMap(({ name, bytes }) => {
    // A multiple of three bytes from an offset of 0, 1 and 2, because the text before it shifts base64.
    const shifted = [0, 1, 2].map((offset) => bytes.subarray(offset, offset + length))
    const [part = bytes] = shifted
    const texts = [
      { encoding: 'hex', text: part.toString('hex') },
      { encoding: 'HEX', text: part.toString('hex').toUpperCase() },
      ...shifted.flatMap((each) => [
        { encoding: 'base64', text: each.toString('base64') },
        { encoding: 'base64url', text: each.toString('base64url') },
      ]),
      { encoding: 'raw', text: escapeAsV8(part.toString('latin1')) },
    ]
    return texts.map(({ encoding, text }) => ({ name: `${name} in ${encoding}`, bytes: Buffer.from(text) }))
  })
}

/** What gives an RSA key away in the memory of a process: its numbers in bytes, big-endian, and little-endian as in OpenSSL. */
export function tracesInMemory(key: KeyObject): readonly Trace[] {
  return secretNumbers(key).flatMap(({ name, bytes }) => {
    const part = bytes.subarray(0, length)
    return [
      { name: `${name}, big-endian`, bytes: part },
      { name: `${name}, little-endian`, bytes: Buffer.from(part.toReversed()) },
    ]
  })
}

/** The names of the traces that are there, each once. */
export function find(traces: readonly Trace[], data: Buffer): readonly string[] {
  return [...new Set(traces.filter(({ bytes }) => data.includes(bytes)).map(({ name }) => name))]
}

/** The names of the traces that are in the writable memory of a process on Linux, which this process may read as its parent. */
export function findInMemory(traces: readonly Trace[], pid: number): readonly string[] {
  const found = new Set<string>()
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const chunk = Buffer.alloc(8 * 1024 * 1024)
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const [, start = '', end = '', isWritable] = /^([\da-f]+)-([\da-f]+) r(w)/.exec(line) ?? []
      if (isWritable === undefined) continue
      const last = Number.parseInt(end, 16)
      // Chunks overlap by one trace, so that none is cut.
      for (let at = Number.parseInt(start, 16); at < last; at += chunk.length - length) {
        const read = readAt(memory, chunk, Math.min(chunk.length, last - at), at)
        for (const name of find(traces, chunk.subarray(0, read))) found.add(name)
      }
    }
  } finally {
    closeSync(memory)
  }
  return [...found]
}

/** @returns the number of bytes; 0 for a page that was freed meanwhile or cannot be read */
function readAt(file: number, buffer: Buffer, size: number, position: number): number {
  try {
    return readSync(file, buffer, 0, size, position)
  } catch {
    return 0
  }
}

/** Of each secret number a part with no byte 0 or 255: V8 writes the first as a space, and leaves the other out. */
function secretNumbers(key: KeyObject): readonly Trace[] {
  const { d = '', p = '', q = '' } = key.export({ format: 'jwk' })
  return Object.entries({ d, p, q }).map(([name, text]) => {
    const bytes = Buffer.from(text, 'base64url')
    const starts = Array.from({ length: bytes.length - length - 2 }, (_, index) => index)
    const start = starts.find(
      (at) => !bytes.subarray(at, at + length + 2).some((byte) => byte === 0 || byte === 255),
    )
    if (start === undefined) throw new Error('the key has no part that can be searched for')
    return { name, bytes: bytes.subarray(start) }
  })
}

/** The JSON of a snapshot escapes control characters, and every character beyond ASCII, with capital letters. */
function escapeAsV8(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\u[\da-f]{4}|[\u0080-\u00ff]/g, (part) => {
      const code = part.length === 1 ? part.charCodeAt(0) : Number.parseInt(part.slice(2), 16)
      return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
    })
}
