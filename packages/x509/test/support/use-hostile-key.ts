import { createPublicKey, X509Certificate } from 'node:crypto'
import { algorithmsOf, jwkThumbprint, publicJwk } from '@sealwright/core'
import {
  describeCertificate,
  distinguishedName,
  keyWeaknesses,
  parseCertificate,
  toCryptoKey,
  writePkcs12,
  writePkcs7Certificates,
} from '@sealwright/x509'

/**
 * Gives a public key and a certificate of it, both DER in base64, to every function that takes one, and prints what each says.
 * A process of its own, as such a key may end it.
 */
const [spki = '', der = ''] = process.argv.slice(2)
const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
const certificate = new X509Certificate(Buffer.from(der, 'base64'))

const uses: Readonly<Record<string, () => unknown>> = {
  algorithmsOf: () => algorithmsOf(key),
  publicJwk: () => publicJwk(key),
  jwkThumbprint: () => jwkThumbprint(key),
  toCryptoKey: () => toCryptoKey(key),
  keyWeaknesses: () => keyWeaknesses(key),
  describeCertificate: () => {
    const { publicKey, problems, weaknesses } = describeCertificate(certificate)
    return { publicKey, problems, weaknesses }
  },
  parseCertificate: () => parseCertificate(certificate).subject,
  distinguishedName: () => distinguishedName(certificate),
  writePkcs7Certificates: () => writePkcs7Certificates([certificate]).length > 0,
  writePkcs12: async () => (await writePkcs12({ certificates: [certificate] }, '')).length > 0,
}

const results: Record<string, unknown> = {}
for (const [name, use] of Object.entries(uses)) {
  try {
    // oxlint-disable-next-line no-await-in-loop
    results[name] = await use()
  } catch (error) {
    results[name] = error instanceof Error ? `${error.name} ${String(Reflect.get(error, 'code'))}` : error
  }
}
console.log(JSON.stringify(results))
