export { distinguishedName, normalizeDistinguishedName } from './names/distinguished-name.ts'
export { generatePrivateKey, type GeneratePrivateKeyOptions } from './keys/generate-private-key.ts'
export { decodePem, encodePem, type PemBlock } from './key-files/pem/pem.ts'
export { type RevocationListLimits } from './certificates/revocation/limits.ts'
export { type KeyLimits } from './keys/key-limits.ts'
export { type Pkcs12Limits } from './encryption/limits.ts'
export { type Pkcs12Profile } from './pkcs12/profiles.ts'
export { type Pkcs12Contents, type Pkcs12Key } from './pkcs12/contents.ts'
export { readPkcs12, type ReadPkcs12Options } from './pkcs12/read.ts'
export { writePkcs12, type Pkcs12Entry, type WritePkcs12Options } from './pkcs12/write.ts'
export { type WebCrypto } from './webcrypto/provider.ts'
export { generateKeyPair, type GenerateKeyPairOptions } from './webcrypto/generate-key-pair.ts'
export { signerCrypto, type SignerCrypto } from './webcrypto/signer-crypto.ts'
export { signerFromCryptoKey, type CryptoKeySignerOptions } from './webcrypto/signer-from-crypto-key.ts'
export { toCryptoKey, type ToCryptoKeyOptions } from './webcrypto/to-crypto-key.ts'
export { createSelfSignedCertificate, type SelfSignedCertificateOptions } from './certificates/self-signed.ts'
export { issueCertificate, type CertificateSubject } from './certificates/issue.ts'
export { renewCertificate, type RenewCertificateOptions } from './certificates/renew.ts'
export { type CertificateOptions } from './certificates/certificate-content.ts'
export { type Issuer } from './certificates/issuer.ts'
export { type ValidityOptions } from './certificates/validity.ts'
export {
  createCertificateRequest,
  readCertificateRequest,
  type CertificateRequest,
  type CertificateRequestLimits,
  type CertificateRequestOptions,
} from './certificates/certificate-request.ts'
export {
  type CertificateExtensions,
  type ReadExtensions,
} from './certificates/extensions/certificate-extensions.ts'
export { type AuthorityInfoAccess } from './certificates/extensions/authority-info-access.ts'
export { type BasicConstraints } from './certificates/extensions/basic-constraints.ts'
export { type CertificatePolicy } from './certificates/extensions/certificate-policies.ts'
export { type CustomExtension } from './certificates/extensions/extension.ts'
export { type KeyUsage } from './certificates/extensions/key-usage.ts'
export { type NameConstraints, type ReadNameConstraints } from './certificates/extensions/name-constraints.ts'
export { isSelfIssued, parseCertificate, type ParsedCertificate } from './certificates/parse-certificate.ts'
export { type CertificateProfile } from './certificates/profiles.ts'
export { createRevocationList } from './certificates/revocation/create.ts'
export { readRevocationList } from './certificates/revocation/read.ts'
export {
  revocationReasons,
  type RevocationList,
  type RevocationListOptions,
  type RevocationReason,
  type RevokedCertificate,
} from './certificates/revocation/revocation-list.ts'
export { type GeneralName, type SubjectAltName } from './names/general-name.ts'
export { type NameConstraint } from './names/name-constraint.ts'
export { readKeyFile } from './key-files/read-key-file.ts'
export {
  defaultKeyFileLimits,
  type KeyFile,
  type KeyFileLimits,
  type ReadKeyFileOptions,
} from './key-files/key-file.ts'
export { type KeyFileFormat } from './key-files/identify.ts'
export { type SkippedItem } from './skipped-items.ts'
export { keyWeaknesses } from './keys/weaknesses.ts'
export { describeCertificate, type DescribedCertificate } from './certificates/show/certificate.ts'
export { describeCertificateRequest, type DescribedRequest } from './certificates/show/request.ts'
export {
  describeRevocationList,
  type DescribedRevocation,
  type DescribedRevocationList,
  type RevocationListScope,
} from './certificates/show/revocation-list.ts'
export { encryptPrivateKey, type EncryptPrivateKeyOptions } from './pkcs12/encrypt-private-key.ts'
export { writePkcs7Certificates } from './key-files/write-pkcs7.ts'
export { type Protection } from './encryption/password-scheme.ts'
