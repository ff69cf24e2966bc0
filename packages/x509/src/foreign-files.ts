import { malformed } from './asn1/ber.ts'

const cngBlob =
  'is a key BLOB of Windows CNG. To convert it, in .NET: CngKey.Import, then ECDsaCng or RSACng, and ExportPkcs8PrivateKeyPem'

/** Unsupported key files by how they begin, each with the command that converts it. */
const files: readonly { readonly start: Uint8Array | string; readonly problem: string }[] = [
  {
    start: Uint8Array.of(0xfe, 0xed, 0xfe, 0xed),
    problem:
      'is a Java keystore (JKS). To convert it: keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 -deststoretype PKCS12',
  },
  {
    start: Uint8Array.of(0xce, 0xce, 0xce, 0xce),
    problem:
      'is a Java keystore (JCEKS). To convert it: keytool -importkeystore -srckeystore FILE -srcstoretype JCEKS -destkeystore FILE.p12 -deststoretype PKCS12',
  },
  // The version, and the length of the salt, which is 20.
  ...[1, 2].map((version) => ({
    start: Uint8Array.of(0, 0, 0, version, 0, 0, 0, 20),
    problem:
      'is a keystore of Bouncy Castle (BKS). To convert it: keytool -importkeystore -srckeystore FILE -srcstoretype BKS -providerclass org.bouncycastle.jce.provider.BouncyCastleProvider -providerpath bcprov.jar -destkeystore FILE.p12 -deststoretype PKCS12',
  })),
  {
    start: 'PuTTY-User-Key-File-',
    problem:
      'is a key of PuTTY. To convert it: puttygen FILE -O private-openssh -o FILE.pem, then ssh-keygen -p -m PEM -f FILE.pem',
  },
  ...['RSA1', 'RSA2', 'RSA3', 'ECS1', 'ECS2', 'ECS3', 'ECS4', 'ECS5', 'ECS6'].map((start) => ({
    start,
    problem: cngBlob,
  })),
]

/** @throws SealwrightError `INVALID_ENCODING` for a file in one of these formats; the message says how to convert it */
export function assertNotForeign(file: Uint8Array): void {
  const format = files.find(({ start }) =>
    Buffer.from(file.subarray(0, start.length)).equals(Buffer.from(start)),
  )
  if (format !== undefined) throw malformed('the file', format.problem)
}
