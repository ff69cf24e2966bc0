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
 * The blocks of a PEM text, in order. Text outside of blocks is passed over (RFC 7468 §2); inside, everything but base64 of
 * any line length is refused, the headers of encrypted PEM (RFC 1421) among it.
 *
 * @param text at most 1 MiB
 * @returns empty when there is no block
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function decodePem(text: string): readonly PemBlock[] {
  if (text.length > maximumTextLength) {
    throw new SealwrightError(
      'LIMIT_EXCEEDED',
      `the PEM text has ${text.length} characters; ${maximumTextLength} are allowed`,
    )
  }
  const blocks: PemBlock[] = []
  let open: { label: string; lines: string[] } | null = null
  for (const [index, rawLine] of text.split(/\r\n|\n|\r/).entries()) {
    const line = rawLine.trimEnd()
    const boundary = /^-----(BEGIN|END) (.*)-----$/.exec(line)
    if (boundary !== null) {
      const [, kind, label = ''] = boundary
      if (kind === 'BEGIN') {
        if (open !== null) throw malformedPem(index, `a block begins before ${open.label} has ended`)
        if (!labelPattern.test(label)) throw malformedPem(index, 'the label is malformed')
        open = { label, lines: [] }
      } else {
        if (open?.label !== label) throw malformedPem(index, 'a block ends that has not begun')
        blocks.push({ label, der: decodeBase64(open.lines.join(''), index) })
        open = null
      }
    } else if (open !== null) {
      open.lines.push(line.trimStart())
    }
  }
  if (open !== null) throw new SealwrightError('INVALID_ENCODING', `the PEM block ${open.label} has no end`)
  return blocks
}

/** Canonical base64 with padding (RFC 4648 §4): what is not the encoding of its own decoding is refused. */
function decodeBase64(base64: string, line: number): Uint8Array {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.length === 0 || bytes.toString('base64') !== base64) {
    throw malformedPem(line, 'the block before does not hold base64 and nothing else')
  }
  return Uint8Array.from(bytes)
}

function malformedPem(index: number, problem: string): SealwrightError {
  return new SealwrightError('INVALID_ENCODING', `the PEM text is malformed at line ${index + 1}: ${problem}`)
}
