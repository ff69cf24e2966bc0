import { rsaNames, rsaParameters } from './json.ts'
import type { JsonObject } from './jwk.ts'

/** The findings in an XML document. */
export interface XmlContents {
  /** RSAKeyValue, as a JWK. */
  readonly jwks: readonly JsonObject[]
  /** Base64 of certificates. */
  readonly certificates: readonly string[]
}

/**
 * Finds keys and certificates of XML Signature in XML: `RSAKeyValue` (RFC 3275 §4.4.2.2) with the private numbers that
 * .NET's `ToXmlString(true)` adds, and `X509Certificate`, as in SAML and WS-Federation metadata. The document is not
 * parsed, so attacks with XML entities have no effect.
 */
export function findInXml(text: string): XmlContents {
  const jwks: JsonObject[] = []
  for (const body of elements(text, 'RSAKeyValue')) {
    const numbers: Record<string, string> = {}
    for (const name of rsaNames.keys()) {
      const [base64] = elements(body, name)
      if (base64 !== undefined) numbers[name] = base64
    }
    const jwk = rsaParameters(numbers)
    if (jwk !== null) jwks.push(jwk)
  }
  return { jwks, certificates: elements(text, 'X509Certificate') }
}

/** The contents of all elements of a name, whatever their prefix. */
function elements(text: string, name: string): readonly string[] {
  const tag = new RegExp(`<(/?)(?:[\\w-]{1,64}:)?${name}(?:\\s[^<>]*)?>`, 'g')
  const contents: string[] = []
  let start: number | null = null
  for (const { 0: whole, 1: slash, index } of text.matchAll(tag)) {
    if (slash === '') start = index + whole.length
    else if (start !== null) {
      contents.push(text.slice(start, index))
      start = null
    }
  }
  return contents
}
