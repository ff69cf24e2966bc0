import type { X509Certificate } from 'node:crypto'
import type { Signer } from '@sealwright/core'
import { aSignerOfX509 } from '../signing/algorithm-identifiers.ts'
import { encodeDistinguishedName } from '../names/distinguished-name.ts'
import { selfSignedOptions } from './arguments.ts'
import { readCertificateFields } from './parse-certificate.ts'
import { resolveContent, signCertificate, type CertificateOptions } from './certificate-content.ts'

/** What a self-signed certificate says. */
export interface SelfSignedCertificateOptions extends CertificateOptions {
  /**
   * The distinguished name, such as `CN=my-app-auth,O=Contoso` (RFC 4514): the most specific part first, special characters
   * escaped with a backslash. The spellings of .NET and OpenSSL are read too. Or a certificate whose subject is copied
   * byte for byte: for a name that this package would not write, such as one with two common names.
   */
  readonly subject: string | X509Certificate
}

/**
 * Creates a certificate that is signed by the key it certifies: for signing tokens, or with another profile a root CA's. The
 * signer may be a key in this process or one in a vault. Its signature is verified before the certificate is returned.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for a malformed subject, name, time or extension, or a key usage that keys of that
 *   type cannot have, before anything is signed; `INVALID_SIGNATURE` when the signer's signature does not verify; or what the
 *   signer throws
 * @example
 * ```ts
 * import { createLocalSigner } from '@sealwright/core'
 * import { createSelfSignedCertificate, generatePrivateKey } from '@sealwright/x509'
 *
 * const signer = createLocalSigner(await generatePrivateKey('ec-p256'))
 * const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=my-app-auth,O=Contoso' })
 * ```
 */
export async function createSelfSignedCertificate(
  signer: Signer,
  options: SelfSignedCertificateOptions,
): Promise<X509Certificate> {
  aSignerOfX509('signer', signer)
  selfSignedOptions('options', options)
  const subject =
    typeof options.subject === 'string'
      ? encodeDistinguishedName(options.subject)
      : readCertificateFields(options.subject).subject.bytes
  const content = resolveContent(options, { subject, publicKey: signer.publicKey, issuer: null })
  return signCertificate(signer, content, null)
}
