export { distinguishedName, normalizeDistinguishedName } from './names/distinguished-name.ts'
export { generatePrivateKey, type GeneratePrivateKeyOptions } from './keys/generate-private-key.ts'
export { decodePem, encodePem, type PemBlock } from './key-files/pem.ts'
export { type Pkcs12Limits } from './encryption/limits.ts'
export { type Pkcs12Profile } from './pkcs12/profiles.ts'
export { type Pkcs12Contents, type Pkcs12Key } from './pkcs12/contents.ts'
export { readPkcs12, type ReadPkcs12Options } from './pkcs12/read.ts'
export { writePkcs12, type Pkcs12Entry, type WritePkcs12Options } from './pkcs12/write.ts'
export { type WebCrypto } from './webcrypto/provider.ts'
export {
  createCertificate,
  createSelfSignedCertificate,
  issueCertificate,
  renewCertificate,
  type CertificateOptions,
  type IssueCertificateOptions,
  type Issuer,
} from './certificates/create-certificate.ts'
export { type ValidityOptions } from './certificates/certificate-fields.ts'
export {
  createCertificateRequest,
  readCertificateRequest,
  type CertificateRequest,
  type CertificateRequestOptions,
} from './certificates/certificate-request.ts'
export {
  type AuthorityInfoAccess,
  type BasicConstraints,
  type CertificateExtensions,
  type CertificatePolicy,
  type CustomExtension,
  type ReadExtensions,
} from './certificates/extensions.ts'
export { type KeyUsage } from './certificates/key-usage.ts'
export { parseCertificate, type ParsedCertificate } from './certificates/parse-certificate.ts'
export { type CertificateProfile } from './certificates/profiles.ts'
export {
  createRevocationList,
  readRevocationList,
  type RevocationList,
  type RevocationListOptions,
  type RevocationReason,
  type RevokedCertificate,
} from './certificates/revocation-list.ts'
export { type GeneralName, type NameConstraint, type SubjectAltName } from './names/general-name.ts'
export { readKeyFile, type KeyFile, type KeyFileFormat } from './key-files/read-key-file.ts'
export { type Protection } from './encryption/password-scheme.ts'
