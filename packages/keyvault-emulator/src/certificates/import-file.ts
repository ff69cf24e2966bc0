import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { badParameter } from '../protocol/errors.ts'
import { pemContentType } from '../x509/pem.ts'
import { readPkcs12 } from '../x509/pkcs12.ts'

/** A certificate with its key, as an import brings it. */
export interface CertificateFile {
  readonly privateKey: KeyObject
  /** DER, the certificate of the key first. */
  readonly chain: readonly Buffer[]
  /** The same certificates in the order of the file. */
  readonly inFileOrder: readonly Buffer[]
  /** The content type of the imported file. */
  readonly contentType: string
}

/**
 * Reads what `certificates/import` takes: PKCS#12 in base64, or PEM with a PKCS#8 key, as it is or in
 * base64 (as the client for Python sends it).
 *
 * @throws ServiceError 400 when it is neither, has no key, or no certificate of its key
 */
export function readCertificateFile(value: string, password: string): CertificateFile {
  const bytes = Buffer.from(value, 'base64')
  const text = [value, bytes.toString('latin1')].find((candidate) => candidate.includes('-----BEGIN '))
  const { privateKeys, certificates } = text === undefined ? readPkcs12(bytes, password) : readPem(text)
  const [privateKey] = privateKeys
  if (privateKey === undefined) {
    throw badParameter(
      'Private key is not specified in the specified X.509 certificate content. Please specify private key in the X.509 ' +
        'certificate content.',
    )
  }
  const own = certificates.find((der) => new X509Certificate(der).checkPrivateKey(privateKey))
  if (own === undefined) {
    throw badParameter(
      'The public key of the end-entity certificate in the specified X.509 certificate content does not match the public ' +
        'part of the specified private key. Please check if certificate is valid.',
    )
  }
  return {
    privateKey,
    chain: [own, ...certificates.filter((der) => der !== own)],
    inFileOrder: certificates,
    contentType: text === undefined ? 'application/x-pkcs12' : pemContentType,
  }
}

function readPem(text: string): { privateKeys: KeyObject[]; certificates: Buffer[] } {
  const blocks = text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? []
  try {
    return {
      privateKeys: blocks
        .filter((block) => block.startsWith('-----BEGIN PRIVATE KEY-----'))
        .map((block) => createPrivateKey(block)),
      certificates: blocks
        .filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'))
        .map((block) => new X509Certificate(block).raw),
    }
  } catch {
    throw badParameter(
      'The specified PEM X.509 certificate content is in an unexpected format. Please check if certificate is in valid PEM ' +
        'format.',
    )
  }
}
