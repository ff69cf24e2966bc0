import { createPublicKey, generateKeyPairSync, getCurves, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { algorithmsOf, jwkThumbprint } from '../../src/index.ts'
import { forgeryFlaw } from '../../src/internal.ts'

const oakley = 'Oakley-EC2N-3'

function generate(namedCurve: string, paramEncoding: 'named' | 'explicit' = 'named'): KeyObject[] {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve, paramEncoding })
  return [privateKey, publicKey]
}

/** `SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING 00 }`: SEC 1 §2.3.3. */
function pointAtInfinity(): KeyObject[] {
  const key = Buffer.from('3019301306072a8648ce3d020106082a8648ce3d03010703020000', 'hex')
  return [createPublicKey({ key, format: 'der', type: 'spki' })]
}

test.for<[string, () => KeyObject[], RegExp]>([
  [
    'explicit parameters',
    () => generate('P-256', 'explicit'),
    /has explicit parameters instead of a named curve .RFC 5480 §2.1.1./,
  ],
  // What OpenSSL says of it depends on its version.
  [
    'the point at infinity',
    pointAtInfinity,
    /(?:has the point at infinity as its public key|cannot be encoded: .* or its curve has no OID)/,
  ],
  [
    'a curve without an OID',
    () => (getCurves().includes(oakley) ? generate(oakley) : []),
    /cannot be encoded: its public key is the point at infinity, or its curve has no OID/,
  ],
])('an EC key with %s is refused, before Node is asked for its details', ([, make, problem]) => {
  for (const key of make()) {
    const matching = (start: string): string =>
      expect.stringMatching(new RegExp(`^${start} ${problem.source}$`)) as string
    const message = matching('the EC key')
    expect(forgeryFlaw(key)).toEqual({ message, weakness: matching('an EC key that') })
    for (const use of [algorithmsOf, jwkThumbprint])
      expect(() => use(key)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_KEY', message }))
  }
})
