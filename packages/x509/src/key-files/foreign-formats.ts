import { SealwrightError } from '@sealwright/core'
import { malformed } from '../asn1/ber.ts'

/** Files of keys that are not read here, by how they begin, each with the command that makes of it one that is. */
const files: readonly { readonly start: Uint8Array; readonly problem: string }[] = [
  {
    start: Uint8Array.of(0xfe, 0xed, 0xfe, 0xed),
    problem:
      'is a Java keystore (JKS): keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12 makes a PKCS#12 file of it',
  },
  {
    start: Uint8Array.of(0xce, 0xce, 0xce, 0xce),
    problem:
      'is a Java keystore (JCEKS): keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore FILE.p12 -deststoretype PKCS12 makes a PKCS#12 file of it',
  },
  {
    start: new TextEncoder().encode('PuTTY-User-Key-File-'),
    problem:
      'is a key of PuTTY: puttygen FILE -O private-openssh -o FILE.pem, and then ssh-keygen -p -m PEM -f FILE.pem, turn it into PEM',
  },
]

/** @throws SealwrightError `INVALID_ENCODING` for a file in one of these formats; the message says what to do about it */
export function assertNotForeign(file: Uint8Array): void {
  const format = files.find(({ start }) => Buffer.compare(file.subarray(0, start.length), start) === 0)
  if (format !== undefined) throw malformed('the file', format.problem)
}

/**
 * Refuses PEM blocks by their label, before they are decrypted.
 *
 * @throws SealwrightError `INVALID_ENCODING` for another format, the message says what to do about it; `UNSUPPORTED_KEY`
 */
export function assertLabelNotForeign(label: string): void {
  if (label === 'OPENSSH PRIVATE KEY') {
    throw malformed(
      `the PEM block ${label}`,
      "is in OpenSSH's own format: ssh-keygen -p -m PEM -f FILE turns an RSA or EC key into PEM",
    )
  }
  if (label === 'DSA PRIVATE KEY') {
    throw new SealwrightError(
      'UNSUPPORTED_KEY',
      `the PEM block ${label} is a key that no token can be signed with`,
    )
  }
}
