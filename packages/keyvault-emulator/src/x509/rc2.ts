// So that other packages, which compile these sources in tests, find the types of node-forge.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./node-forge.d.ts" />

import rc2 from 'node-forge/lib/rc2.js'
import util from 'node-forge/lib/util.js'

/**
 * RC2 decryption in CBC mode with PKCS#7 padding (RFC 2268), for the PKCS#12 files that old Windows, Java and OpenSSL
 * wrote and that the service takes. OpenSSL 3 has RC2 in a provider that Node does not load.
 *
 * @param effectiveBits T1 of RFC 2268 §2: 40 or 128 in PKCS#12
 * @throws Error when the padding is wrong, as it is after a wrong key
 */
export function decryptRc2(key: Buffer, effectiveBits: number, iv: Buffer, data: Uint8Array): Buffer {
  const cipher = rc2.createDecryptionCipher(key.toString('latin1'), effectiveBits)
  cipher.start(iv.toString('latin1'))
  cipher.update(util.createBuffer(Buffer.from(data).toString('latin1')))
  if (!cipher.finish()) throw new Error('bad decrypt')
  return Buffer.from(cipher.output.getBytes(), 'latin1')
}
