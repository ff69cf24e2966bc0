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
  crl: '1.2.840.113549.1.12.10.1.4',
  secret: '1.2.840.113549.1.12.10.1.5',
  safeContents: '1.2.840.113549.1.12.10.1.6',
} as const

/** The contents of a CertBag (RFC 7292 §4.2.3). */
export const certificateTypes = { x509: '1.2.840.113549.1.9.22.1' } as const

/** Attributes of a bag (RFC 2985 §5.5). */
export const bagAttributes = {
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
} as const
