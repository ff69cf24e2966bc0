import type { Password } from '@sealwright/core'
import { bytes } from '@sealwright/core/internal'
import { malformed } from '../asn1/ber.ts'
import { checkLength } from '../encryption/limits.ts'
import { resolveLimits } from '../limits.ts'
import { readOptions } from '../pkcs12/read.ts'
import { passwordAsker } from '../encryption/password.ts'
import { defaultKeyFileLimits, type KeyFile, type ReadKeyFileOptions } from './key-file.ts'
import { KeyFileReader } from './key-file-reader.ts'

/**
 * Reads any file of keys or certificates. The format is determined from the contents, not from the file name.
 *
 * - PKCS#12; PKCS#8 of version 1 and 2, encrypted or not; SEC1; PKCS#1; public keys; certificates, certificate requests and CRLs;
 *   PKCS#7
 * - each in DER or BER, PEM, bare base64 or hexadecimal; PEM also encrypted as in RFC 1421, indented, on one line, with `\n`
 *   written out, in base64, in UTF-16, with any text around it
 * - JWK and JWK Set; JSON with keys in it, such as that of `az keyvault`, Google's service accounts, Kubernetes secrets and
 *   IdentityServer; XML with RSAKeyValue or X509Certificate
 * - Microsoft's .pvk and key BLOBs
 *
 * An item that cannot be read is skipped: `skipped` lists it with the reason.
 *
 * @param file at most 1 MiB unless a limit says otherwise
 * @param password for encrypted items, or a function that is called when one is found; `''` for none
 * @throws SealwrightError `INVALID_ENCODING` for a file of another format, or a damaged one; the message names the
 *   command that converts it where there is one. `WRONG_PASSWORD` when the password does not open an encrypted key or
 *   the file. Where nothing in the file can be read, the error of its first item. Otherwise as `readPkcs12`
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { readKeyFile } from '@sealwright/x509'
 *
 * const { format, keys, certificates, skipped } = await readKeyFile(await readFile('tls.pem'), '')
 * console.log(format, keys.length, certificates.length, skipped)
 * ```
 */
export async function readKeyFile(
  file: Uint8Array,
  password: Password,
  options: ReadKeyFileOptions = {},
): Promise<KeyFile> {
  bytes('file', file)
  readOptions('options', options)
  const ask = passwordAsker(password)
  const limits = resolveLimits(defaultKeyFileLimits, options.limits ?? {})
  checkLength(file, limits, 'the file')
  if (file.length === 0) throw malformed('the file', 'is empty; it should hold keys or certificates')
  // A copy: the caller cannot change it while it is read.
  return new KeyFileReader(ask, options, limits).read(new Uint8Array(file))
}
