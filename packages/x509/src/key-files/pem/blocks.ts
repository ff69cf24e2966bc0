import { SealwrightError } from '@sealwright/core'
import { decodeBase64 } from './pem.ts'

/** One block of a PEM text: RFC 7468, with the headers of RFC 1421 §4.4. */
export interface FoundBlock {
  readonly label: string
  /** The lines before the blank one, where the first has a colon; null if absent. With them, `der` may be encrypted. */
  readonly headers: string | null
  readonly der: Uint8Array
  /** The flaw that other readers refuse; null without one. */
  readonly remark: string | null
}

/** A block that cannot be read; the others can. */
export interface BrokenBlock {
  readonly label: string
  readonly error: SealwrightError
}

/**
 * Finds the blocks of a PEM text that may be indented, on one line, or have its line breaks written out as `\n` or
 * `\\n`. `decodePem` takes only PEM as in RFC 7468.
 *
 * Yields one block at a time, so that a caller can stop early.
 */
export function* findPemBlocks(text: string): Generator<FoundBlock | BrokenBlock> {
  const lines = withLineBreaks(text)
  let open: { label: string; start: number; line: number } | null = null
  let line = 1
  let counted = 0
  for (const { index, 0: boundary, 1: kind, 2: label = '' } of lines.matchAll(boundaryPattern)) {
    line += lines.slice(counted, index).match(/\r\n|\r|\n/g)?.length ?? 0
    counted = index
    const end = index + boundary.length
    if (kind === 'BEGIN') {
      if (open !== null) yield broken(open, 'has no END')
      open = { label, start: end, line }
    } else if (open?.label !== label) {
      yield broken({ label, line }, open === null ? 'has no BEGIN' : `ends where ${open.label} should end`)
      open = null
    } else {
      yield readBlock(
        open,
        lines.slice(open.start, index),
        remarkOn(lines.startsWith('-----BEGIN', end), line),
      )
      open = null
    }
  }
  if (open !== null) yield broken(open, 'has no END')
}

/** Whether there may be a block in the text. */
export function hasPemBoundary(text: string): boolean {
  return text.includes('-----BEGIN ')
}

/** A label has no five hyphens in it. Nothing after them is checked, so that glued boundaries are found. */
const boundaryPattern = /-----(BEGIN|END) ((?:(?!-----)[^\r\n]){1,64})-----/g

function withLineBreaks(text: string): string {
  return /-----(?:\\+r)?\\+n/.test(text) ? text.replaceAll(/(?<!\\)\\+[rn]/g, '\n') : text
}

interface OpenBlock {
  readonly label: string
  /** Where it begins, or where it is broken. */
  readonly line: number
}

function remarkOn(isGlued: boolean, line: number): string | null {
  return isGlued
    ? `END and BEGIN are on one line, line ${line}: other readers refuse the file until there is a line break between them`
    : null
}

function readBlock(open: OpenBlock, body: string, remark: string | null): FoundBlock | BrokenBlock {
  const [headers, base64] = splitHeaders(body)
  const der = decodeBase64(plain(base64))
  return der === null ? broken(open, 'is not base64') : { label: open.label, headers, der, remark }
}

/** White space of any kind, as in texts that were copied, base64url, and base64 without its padding. */
function plain(base64: string): string {
  if (/^[A-Za-z0-9+/=\r\n]*$/.test(base64) && base64.includes('=')) return base64
  const joined = base64.replaceAll(/\s/g, '').replaceAll('-', '+').replaceAll('_', '/')
  return joined.padEnd(Math.ceil(joined.length / 4) * 4, '=')
}

/** RFC 1421 §4.4: headers end with a blank line. */
function splitHeaders(body: string): [headers: string | null, base64: string] {
  const trimmed = body.trimStart()
  if (!/^[\w-]{1,64}:/.test(trimmed)) return [null, body]
  const blank = /\r?\n[^\S\r\n]*\r?\n/.exec(trimmed)
  if (blank === null) return [trimmed, '']
  return [trimmed.slice(0, blank.index), trimmed.slice(blank.index)]
}

function broken({ label, line }: OpenBlock, problem: string): BrokenBlock {
  const error = new SealwrightError('INVALID_ENCODING', `the PEM block ${label} at line ${line} ${problem}`)
  return { label, error }
}
