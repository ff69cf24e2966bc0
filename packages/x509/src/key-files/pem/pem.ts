import { SealwrightError } from '@sealwright/core'
import { aString, bytes, invalidArgument, limitExceeded } from '@sealwright/core/internal'

/** One block of a PEM text. */
export interface PemBlock {
  /** The text after BEGIN, such as `CERTIFICATE` or `PRIVATE KEY`. */
  readonly label: string
  /** The decoded bytes. */
  readonly der: Uint8Array
}

/** RFC 7468 §3: printable characters, single spaces or hyphens between them. */
const labelPattern = /^[!-,.-~]+(?:[ -][!-,.-~]+)*$/
const maximumTextLength = 2 ** 20
const lineLength = 64

/**
 * PEM as in RFC 7468 §3: lines of 64 characters, each ending in LF.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a label that PEM cannot hold
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * import type { X509Certificate } from 'node:crypto'
 * import { encodePem } from '@sealwright/x509'
 *
 * async function save(certificate: X509Certificate) {
 *   await writeFile('my-app.crt', encodePem('CERTIFICATE', certificate.raw))
 * }
 * ```
 */
export function encodePem(label: string, der: Uint8Array): string {
  aString('label', label)
  bytes('der', der)
  if (!labelPattern.test(label)) {
    throw invalidArgument(
      'the label of a PEM block has printable ASCII characters with single spaces or hyphens between them (RFC 7468 §3)',
    )
  }
  const base64 = Buffer.from(der).toString('base64')
  const lines = [`-----BEGIN ${label}-----`]
  for (let at = 0; at < base64.length; at += lineLength) lines.push(base64.slice(at, at + lineLength))
  lines.push(`-----END ${label}-----`, '')
  return lines.join('\n')
}

/**
 * The blocks of a PEM text, in order. Text outside of blocks is passed over (RFC 7468 §2). Inside, everything but base64 and
 * white space is refused, also the headers of encrypted PEM (RFC 1421).
 *
 * @param text at most 1 MiB
 * @returns empty when there is no block
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { decodePem, readCertificateRequest } from '@sealwright/x509'
 *
 * const [block] = decodePem(await readFile('request.pem', 'utf8'))
 * if (block?.label === 'CERTIFICATE REQUEST') console.log(readCertificateRequest(block.der).subject)
 * ```
 */
export function decodePem(text: string): readonly PemBlock[] {
  aString('text', text)
  if (text.length > maximumTextLength) {
    throw limitExceeded('the PEM text', text.length, 'characters', maximumTextLength)
  }
  const blocks: PemBlock[] = []
  let open: { label: string; start: number } | null = null
  for (const { index, 0: boundary, 1: kind, 2: label = '' } of text.matchAll(boundaryPattern)) {
    const problem = (source: string): SealwrightError => malformedPem(text, index, source)
    if (kind === 'BEGIN') {
      if (open !== null) throw problem(`a block begins before ${open.label} has ended`)
      if (!labelPattern.test(label)) throw problem('the label is malformed')
      open = { label, start: index + boundary.length }
    } else {
      if (open?.label !== label) throw problem('a block ends before it begins')
      const body = text.slice(open.start, index)
      if (/^\s*[\w-]+:/.test(body)) {
        throw new SealwrightError('INVALID_ENCODING', `the PEM block ${label} has headers`)
      }
      const der = decodeBase64(body)
      if (der === null) throw problem('the block before is not base64')
      open = null
      blocks.push({ label, der })
    }
  }
  if (open !== null) throw new SealwrightError('INVALID_ENCODING', `the PEM block ${open.label} has no end`)
  return blocks
}

/** A whole line. */
const boundaryPattern = /^-----(BEGIN|END) (.*)-----[^\S\r\n]*$/gm

/**
 * Canonical base64 with padding (RFC 4648 §4); white space may be anywhere.
 *
 * @returns null for other text and for empty text
 */
export function decodeBase64(text: string): Uint8Array | null {
  // Character by character: a text of line breaks would make a million strings.
  const octets = Buffer.from(text)
  let length = 0
  for (const octet of octets) {
    if (octet > 0x20 || octet < 0x09) octets[length++] = octet
  }
  const base64 = octets.toString('latin1', 0, length)
  const decoded = Buffer.from(base64, 'base64')
  return decoded.length === 0 || decoded.toString('base64') !== base64 ? null : Uint8Array.from(decoded)
}

/** @param at offset of the boundary that is wrong, or that ends what is wrong */
function malformedPem(text: string, at: number, problem: string): SealwrightError {
  let line = 1
  for (let index = 0; index < at; index++) {
    const character = text[index]
    if (character === '\n' || (character === '\r' && text[index + 1] !== '\n')) line++
  }
  return new SealwrightError('INVALID_ENCODING', `the PEM text is malformed at line ${line}: ${problem}`)
}
