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

/** Names, for messages, of algorithms that are not read. */
const names: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.5.1': 'PBES1 with MD2 and DES (pbeWithMD2AndDES-CBC)',
  '1.2.840.113549.1.12.1.1': 'PBES1 with 128-bit RC4 (pbeWithSHAAnd128BitRC4)',
  '1.2.840.113549.1.12.1.2': 'PBES1 with 40-bit RC4 (pbeWithSHAAnd40BitRC4)',
  '1.2.840.113549.2.5': 'MD5',
  '2.16.840.1.101.3.4.1.6': 'AES-128-GCM',
  '2.16.840.1.101.3.4.1.26': 'AES-192-GCM',
  '2.16.840.1.101.3.4.1.46': 'AES-256-GCM',
}

/** The algorithm's name for messages, with its OID. */
export function describeAlgorithm(oid: string): string {
  const name = names[oid]
  return name === undefined ? `the algorithm ${oid}` : `${name}, ${oid}`
}
