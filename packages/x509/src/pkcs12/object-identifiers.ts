/** PKCS #7 content types (RFC 2315 §14). */
export const contentTypes = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  encryptedData: '1.2.840.113549.1.7.6',
} as const

/** Kinds of SafeBag (RFC 7292 App. D). */
export const bagTypes = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  safeContents: '1.2.840.113549.1.12.10.1.6',
} as const

/** What a CertBag holds (RFC 7292 §4.2.3). */
export const certificateTypes = { x509: '1.2.840.113549.1.9.22.1' } as const

/** Attributes of a bag (RFC 2985 §5.5). */
export const bagAttributes = {
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
} as const

/** PKCS #5 (RFC 8018 App. C). */
export const pkcs5 = {
  pbes2: '1.2.840.113549.1.5.13',
  pbmac1: '1.2.840.113549.1.5.14',
} as const

/** PBES1: password-based encryption with PBKDF1 (RFC 8018 App. A.3). */
export const pkcs5Pbe = {
  md5WithDes: '1.2.840.113549.1.5.3',
  md5WithRc2: '1.2.840.113549.1.5.6',
  sha1WithDes: '1.2.840.113549.1.5.10',
  sha1WithRc2: '1.2.840.113549.1.5.11',
} as const

/** Password-based encryption with the key derivation of PKCS #12 (RFC 7292 App. C). */
export const pkcs12Pbe = {
  tripleDes: '1.2.840.113549.1.12.1.3',
  twoKeyTripleDes: '1.2.840.113549.1.12.1.4',
  rc2With128Bits: '1.2.840.113549.1.12.1.5',
  rc2With40Bits: '1.2.840.113549.1.12.1.6',
} as const

/** Names for messages of what files hold and Sealwright does not read. */
const names: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.5.1': 'PBES1 with MD2 and DES (pbeWithMD2AndDES-CBC)',
  '1.2.840.113549.1.12.1.1': 'PBES1 with 128-bit RC4 (pbeWithSHAAnd128BitRC4)',
  '1.2.840.113549.1.12.1.2': 'PBES1 with 40-bit RC4 (pbeWithSHAAnd40BitRC4)',
  '1.2.840.113549.2.5': 'MD5',
  '1.3.14.3.2.7': 'DES-CBC',
  '2.16.840.1.101.3.4.1.6': 'AES-128-GCM',
  '2.16.840.1.101.3.4.1.26': 'AES-192-GCM',
  '2.16.840.1.101.3.4.1.46': 'AES-256-GCM',
}

/** The algorithm's name for messages, with its OID. */
export function describeAlgorithm(oid: string): string {
  const name = names[oid]
  return name === undefined ? `the algorithm ${oid}` : `${name}, ${oid}`
}
