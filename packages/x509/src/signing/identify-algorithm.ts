import { algorithms, type SignatureAlgorithm } from '@sealwright/core'
import { AlgorithmIdentifier } from 'pkijs'
import type { BerElement } from '../asn1/ber.ts'
import { encodeDer } from '../asn1/encode.ts'
import { decodeObjectIdentifier } from '../asn1/values.ts'
import { signatureAlgorithmIdentifier } from './algorithm-identifiers.ts'
import { readPssParameters, rsassaPssOid } from './pss-parameters.ts'

/**
 * The first row of core's table with that AlgorithmIdentifier. For ECDSA it names the hash; the key has the curve.
 *
 * @returns undefined for an algorithm that is not in the table
 * @throws SealwrightError `INVALID_ENCODING`, `LIMIT_EXCEEDED` for PSS parameters that cannot be read
 */
export function signatureAlgorithmByIdentifier(identifier: BerElement): SignatureAlgorithm | undefined {
  rowsByEncoding ??= encodings()
  return rowsByEncoding.get(keyOf(identifier.bytes)) ?? pssRow(identifier)
}

/** The encodings that are known beforehand. Made once: every certificate is looked up. */
let rowsByEncoding: ReadonlyMap<string, SignatureAlgorithm> | undefined

function encodings(): ReadonlyMap<string, SignatureAlgorithm> {
  const rows = new Map<string, SignatureAlgorithm>()
  const add = (identifier: AlgorithmIdentifier, row: SignatureAlgorithm): void => {
    const key = keyOf(encodeDer(identifier))
    if (!rows.has(key)) rows.set(key, row)
  }
  for (const row of algorithms) {
    const identifier = signatureAlgorithmIdentifier(row)
    add(identifier, row)
    // RFC 4055 §5: NULL is written, and its absence is read as well.
    if (row.kty === 'RSA' && row.pss === null) {
      add(new AlgorithmIdentifier({ algorithmId: identifier.algorithmId }), row)
    }
  }
  return rows
}

function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

/** PSS parameters have several encodings, so their values are compared. */
function pssRow({ children }: BerElement): SignatureAlgorithm | undefined {
  const [oid, parameters = null] = children
  if (oid === undefined || decodeObjectIdentifier(oid, 'the signature algorithm') !== rsassaPssOid)
    return undefined
  const { hash, maskHash, saltLength, trailer } = readPssParameters(parameters)
  return algorithms.find(
    (row) => row.pss?.saltLength === saltLength && row.digest === hash && maskHash === hash && trailer === 1,
  )
}
