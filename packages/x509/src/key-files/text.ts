import { decodeBase64 } from './pem/pem.ts'

/**
 * The text of a file that is not binary: UTF-8 or UTF-16, with or without a byte order mark, otherwise Latin-1, as in
 * comments of old PEM files. Byte order marks are removed everywhere, because joined files have them in the middle. So
 * are zero-width characters, which text copied from web pages may contain.
 */
export function decodeFile(bytes: Uint8Array): string {
  return unescaped(decodeBytes(bytes).replaceAll(/[\ufeff\u200b-\u200d\u2060\0]/g, ''))
}

/** PEM in the headers of proxies is percent-encoded: nginx's `$ssl_client_escaped_cert`, Envoy's `x-forwarded-client-cert`. */
function unescaped(text: string): string {
  if (!text.includes('-----BEGIN%20')) return text
  return text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function decodeBytes(bytes: Uint8Array): string {
  const encoding = utf16Encoding(bytes)
  try {
    return new TextDecoder(encoding ?? 'utf-8', { fatal: true }).decode(bytes)
  } catch {
    // The mark of UTF-8, as Latin-1 has it.
    return Buffer.from(bytes).toString('latin1').replaceAll('\u00ef\u00bb\u00bf', '')
  }
}

/** By the byte order mark, or by the zeros in the first characters, which are ASCII. Null for other encodings. */
function utf16Encoding(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const [first = 0, second = 0, third = 0, fourth = 0] = bytes
  if (bytes.length % 2 !== 0) return null
  if ((first === 0xff && second === 0xfe) || (first > 0 && second === 0 && third > 0 && fourth === 0)) {
    return 'utf-16le'
  }
  if ((first === 0xfe && second === 0xff) || (first === 0 && second > 0 && third === 0 && fourth > 0)) {
    return 'utf-16be'
  }
  return null
}

/**
 * The bytes of a text that is only base64, base64url or hexadecimal, as in settings, secrets and `data:` URLs, with or
 * without quotes. Null for other text.
 */
export function decodeBareText(text: string): Uint8Array | null {
  const bare = unquoted(text.trim()).replace(/^data:[\w.+/-]{0,100};base64,/i, '')
  const hex = /^0x(?=[0-9a-f])|^(?=30|0[67]\s?02)/i.test(bare)
    ? bare.replace(/^0x/i, '').replaceAll(/[\s:]/g, '')
    : ''
  if (hex.length > 4 && hex.length % 2 === 0 && /^[0-9a-f]+$/i.test(hex)) return Buffer.from(hex, 'hex')
  if (/[-_]/.test(bare) && !/[+/]/.test(bare)) {
    return decodeBase64(padded(bare.replaceAll('-', '+').replaceAll('_', '/').replaceAll(/\s/g, '')))
  }
  const joined = bare.replaceAll(/\\r|\\n/g, '')
  return decodeBase64(joined.length % 4 === 0 || /\s/.test(joined) ? joined : padded(joined))
}

function padded(base64: string): string {
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
}

function unquoted(text: string): string {
  const quote = text.at(0)
  return text.length > 1 && (quote === "'" || quote === '"' || quote === '`') && text.endsWith(quote)
    ? text.slice(1, -1)
    : text
}
