import { SealwrightError } from '@sealwright/core'

/** One block of a PEM text. */
export interface PemBlock {
  /** What stands after BEGIN, such as `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string
  readonly der: Uint8Array
}

/** RFC 7468 §3: printable characters, single spaces or hyphens between them. */
const labelPattern = /^[!-,.-~]+(?:[ -][!-,.-~]+)*$/
const maximumTextLength = 2 ** 20
const lineLength = 64

/**
 * PEM as RFC 7468 §3 has it written: lines of 64 characters, each with LF at its end.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a label that PEM cannot hold
 */
export function encodePem(label: string, der: Uint8Array): string {
  if (!labelPattern.test(label)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${JSON.stringify(label)} cannot be the label of a PEM block`,
    )
  }
  const base64 = Buffer.from(der).toString('base64')
  const lines = [`-----BEGIN ${label}-----`]
  for (let at = 0; at < base64.length; at += lineLength) lines.push(base64.slice(at, at + lineLength))
  lines.push(`-----END ${label}-----`, '')
  return lines.join('\n')
}

/**
 * The blocks of a PEM text, in order. Text outside of blocks is passed over (RFC 7468 §2); inside, everything but base64 and
 * white space is refused, the headers of encrypted PEM (RFC 1421) among it.
 *
 * @param text at most 1 MiB
 * @returns empty when there is no block
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function decodePem(text: string): readonly PemBlock[] {
  return [...decodePemWithHeaders(text)].map(({ label, headers, der }) => {
    if (headers !== null) throw new SealwrightError('INVALID_ENCODING', `the PEM block ${label} has headers`)
    return { label, der }
  })
}

/** One block of a PEM text as RFC 1421 §4.4 had it. */
export interface PemBlockWithHeaders extends PemBlock {
  /** The lines before the blank one, where the first has a colon; null where there are none. With them, `der` may be encrypted. */
  readonly headers: string | null
}

/**
 * The same, with headers, and one block after the other: who has enough need not wait for the rest.
 *
 * @throws SealwrightError as {@link decodePem}
 */
export function* decodePemWithHeaders(text: string): Generator<PemBlockWithHeaders> {
  if (text.length > maximumTextLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the PEM text has ${text.length} characters; ${maximumTextLength} are allowed`,
    )
  }
  let open: { label: string; start: number } | null = null
  for (const { index, 0: boundary, 1: kind, 2: label = '' } of text.matchAll(boundaryPattern)) {
    const problem = (what: string): SealwrightError => malformedPem(text, index, what)
    if (kind === 'BEGIN') {
      if (open !== null) throw problem(`a block begins before ${open.label} has ended`)
      if (!labelPattern.test(label)) throw problem('the label is malformed')
      open = { label, start: index + boundary.length }
    } else {
      if (open?.label !== label) throw problem('a block ends that has not begun')
      const [headers, base64] = splitHeaders(text.slice(open.start, index))
      const der = decodeBase64(base64)
      if (der === null) throw problem('the block before does not hold base64 and nothing else')
      open = null
      yield { label, headers, der }
    }
  }
  if (open !== null) throw new SealwrightError('INVALID_ENCODING', `the PEM block ${open.label} has no end`)
}

/** A whole line. */
const boundaryPattern = /^-----(BEGIN|END) (.*)-----[^\S\r\n]*$/gm

/** RFC 1421 §4.4: headers end with a blank line. */
function splitHeaders(body: string): [headers: string | null, base64: string] {
  if (!/^\s*[\w-]+:/.test(body)) return [null, body]
  const blank = /\r?\n[^\S\r\n]*\r?\n/.exec(body.trimStart())
  if (blank === null) return [body, '']
  return [body.trimStart().slice(0, blank.index), body.trimStart().slice(blank.index)]
}

/**
 * Canonical base64 with padding (RFC 4648 §4), white space anywhere: what is not the encoding of its own decoding is refused.
 *
 * @returns null for what is none, or empty
 */
export function decodeBase64(text: string): Uint8Array | null {
  // Character by character: a text of line breaks would make a million strings.
  const octets = Buffer.from(text)
  let length = 0
  for (const octet of octets) {
    if (octet > 0x20 || octet < 0x09) octets[length++] = octet
  }
  const base64 = octets.toString('latin1', 0, length)
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length === 0 || bytes.toString('base64') !== base64 ? null : Uint8Array.from(bytes)
}

/** @param at offset of the boundary that is wrong, or comes after what is */
function malformedPem(text: string, at: number, problem: string): SealwrightError {
  let line = 1
  for (let index = 0; index < at; index++) {
    const character = text[index]
    if (character === '\n' || (character === '\r' && text[index + 1] !== '\n')) line++
  }
  return new SealwrightError('INVALID_ENCODING', `the PEM text is malformed at line ${line}: ${problem}`)
}
