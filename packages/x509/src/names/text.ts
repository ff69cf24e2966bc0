import { tags, type BerElement } from '../asn1/ber.ts'

/** Null unless it is a character string with characters that its type allows. */
export function decodeText({ tag, constructed, content }: BerElement): string | null {
  if (constructed) return null
  switch (tag) {
    case tags.printableString:
    case tags.ia5String: {
      const text = Buffer.from(content).toString('latin1')
      return isAscii(text) ? text : null
    }
    // In practice Latin-1, whatever T.61 says.
    case tags.teletexString:
      return Buffer.from(content).toString('latin1')
    case tags.utf8String:
      return decodeStrictly(utf8, content)
    case tags.bmpString:
      return decodeStrictly(utf16, content)
    default:
      return null
  }
}

// Making one takes longer than decoding a name.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })

function decodeStrictly(decoder: InstanceType<typeof TextDecoder>, content: Uint8Array): string | null {
  try {
    return decoder.decode(content)
  } catch {
    return null
  }
}

export function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text)
}

/** The characters of a PrintableString (X.680 §41.4). */
export function isPrintable(text: string): boolean {
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text)
}
