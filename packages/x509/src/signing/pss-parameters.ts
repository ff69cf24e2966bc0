import { malformed, tags, type BerElement } from '../asn1/ber.ts'
import { SequenceReader } from '../asn1/sequence-reader.ts'
import { decodeInteger, unwrapExplicit } from '../asn1/values.ts'

/** RSASSA-PSS-params (RFC 4055 §3.1), with its defaults filled in. */
export interface PssParameters {
  /** As Node spells it, otherwise its OID. */
  readonly hash: string
  /** That of MGF1. Null for another mask generation function. No other is in use. */
  readonly maskHash: string | null
  readonly saltLength: number
  /** 1 stands for the trailer BC, the only one that RFC 4055 §3.1 allows. */
  readonly trailer: number
}

export const rsassaPssOid = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'

const hashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/**
 * Reads `SEQUENCE { [0] hashAlgorithm, [1] maskGenAlgorithm, [2] saltLength, [3] trailerField }`. Writers differ: the hashes come
 * with NULL and without, and defaults are left out or written.
 *
 * @param element null where an AlgorithmIdentifier has no parameters
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED`
 */
export function readPssParameters(element: BerElement | null): PssParameters {
  const source = 'the PSS parameters'
  if (element === null) return { hash: 'sha1', maskHash: 'sha1', saltLength: 20, trailer: 1 }
  const fields = new SequenceReader(element, source)
  const field = (tag: number): BerElement | null => {
    const value = fields.optional(tag)
    return value === null ? null : unwrapExplicit(value, tag, source)
  }
  const [hash, mask] = [field(tags.context0), field(tags.context1)]
  const [salt, trailer] = [field(tags.context2), field(tags.context3)]
  fields.end()
  return {
    hash: hash === null ? 'sha1' : readHash(hash, source),
    maskHash: mask === null ? 'sha1' : readMaskHash(mask, source),
    saltLength: salt === null ? 20 : decodeInteger(salt, `${source} saltLength`),
    trailer: trailer === null ? 1 : decodeInteger(trailer, `${source} trailerField`),
  }
}

/** AlgorithmIdentifier of a hash: RFC 4055 §2.1 wants both encodings of its parameters, NULL and nothing, to be read. */
function readHash(element: BerElement, source: string): string {
  const identifier = new SequenceReader(element, source)
  const oid = identifier.objectIdentifier('hash')
  const parameters = identifier.optional(tags.null)
  identifier.end()
  if (parameters !== null && parameters.content.length > 0)
    throw malformed(source, 'have a NULL with content')
  return hashes[oid] ?? oid
}

function readMaskHash(element: BerElement, source: string): string | null {
  const identifier = new SequenceReader(element, source)
  if (identifier.objectIdentifier('maskGenAlgorithm') !== mgf1) return null
  const hash = readHash(identifier.any('hash of MGF1'), source)
  identifier.end()
  return hash
}
