import { generateKeyPairSync } from 'node:crypto'
import { createLocalSigner } from '../../packages/core/src/index.ts'
import * as x509 from '../../packages/x509/src/index.ts'
import type { Calls } from './calls.ts'

/** The functions of x509. */
export async function validCalls(): Promise<Calls> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = createLocalSigner(privateKey)
  const rootOptions = { subject: 'CN=ca', profile: 'rootCa' } as const
  const certificate = await x509.createSelfSignedCertificate(signer, rootOptions)
  const issuer = { signer, certificate }
  const pair = await x509.generateKeyPair('ec-p256', { extractable: true })
  const { publicKey } = generateKeyPairSync('ed25519')
  const request = await x509.createCertificateRequest(signer, { subject: 'CN=a' })
  const now = new Date()
  const revoked = [{ serialNumber: '01', revokedAt: now, reason: 'superseded' }] as const
  const crl = await x509.createRevocationList(issuer, { number: 1, revoked })
  const pfx = await x509.writePkcs12({ privateKey, certificates: [certificate] }, 'pw', { iterations: 1 })
  const limits = { bytes: 2 ** 20, iterations: 1000 }
  const name = { type: 'dns', value: 'a.example' }
  const extensions = {
    basicConstraints: { ca: true, pathLength: 1 },
    keyUsage: ['keyCertSign'],
    extendedKeyUsage: ['serverAuth'],
    issuerAltNames: [name, { type: 'otherName', typeId: '1.2.3', value: Uint8Array.of(5, 0) }],
    certificatePolicies: [{ policy: '1.2.3', cps: 'https://a.example/' }],
    nameConstraints: { permitted: [name], excluded: [{ type: 'ip', value: '10.0.0.0/8' }] },
    crlDistributionPoints: ['https://a.example/'],
    authorityInfoAccess: { ocsp: ['https://a.example/'], caIssuers: ['https://a.example/'] },
    custom: [{ oid: '1.2.3.4', critical: false, value: Uint8Array.of(5, 0) }],
  }
  const options = {
    profile: 'rootCa',
    notBefore: now,
    serialNumber: '01',
    subjectAltNames: [name],
    extensions,
  }
  return {
    createCertificateRequest: [
      x509.createCertificateRequest,
      signer,
      { subject: 'CN=a', subjectAltNames: [name], extensions },
    ],
    createRevocationList: [
      x509.createRevocationList,
      issuer,
      { number: 1, thisUpdate: now, nextUpdate: new Date(now.getTime() + 1e6), revoked },
    ],
    createSelfSignedCertificate: [x509.createSelfSignedCertificate, signer, { subject: 'CN=a', ...options }],
    decodePem: [x509.decodePem, certificate.toString()],
    describeCertificate: [x509.describeCertificate, certificate],
    describeCertificateRequest: [x509.describeCertificateRequest, request, { certificateRequestBytes: 9000 }],
    describeRevocationList: [x509.describeRevocationList, crl, { revocationListElements: 9000 }],
    distinguishedName: [x509.distinguishedName, certificate],
    encodePem: [x509.encodePem, 'CERTIFICATE', certificate.raw],
    encryptPrivateKey: [x509.encryptPrivateKey, privateKey, 'pw', { iterations: 1 }],
    generateKeyPair: [x509.generateKeyPair, 'ec-p256', { algorithm: 'ES256', extractable: false }],
    generatePrivateKey: [x509.generatePrivateKey, 'ec-p256', {}],
    issueCertificate: [
      x509.issueCertificate,
      issuer,
      { subject: 'CN=a', publicKey },
      { ...options, profile: 'tokenSigning', extensions: {} },
    ],
    keyWeaknesses: [x509.keyWeaknesses, publicKey],
    normalizeDistinguishedName: [x509.normalizeDistinguishedName, 'CN=a'],
    isSelfIssued: [x509.isSelfIssued, certificate],
    parseCertificate: [x509.parseCertificate, certificate],
    readCertificateRequest: [x509.readCertificateRequest, request, { certificateRequestBytes: 9000 }],
    readKeyFile: [x509.readKeyFile, pfx, 'pw', { limits }],
    readPkcs12: [x509.readPkcs12, pfx, 'pw', { acceptMissingMac: true, limits }],
    readRevocationList: [x509.readRevocationList, crl, certificate, { revocationListElements: 9000 }],
    renewCertificate: [x509.renewCertificate, certificate, signer, { notBefore: now, serialNumber: '02' }],
    signerCrypto: [x509.signerCrypto, signer],
    signerFromCryptoKey: [x509.signerFromCryptoKey, pair, { algorithm: 'ES256' }],
    toCryptoKey: [x509.toCryptoKey, publicKey, { algorithm: 'Ed25519', extractable: true }],
    writePkcs12: [
      x509.writePkcs12,
      [{ privateKey, certificates: [certificate], friendlyName: 'a' }],
      'pw',
      { profile: 'modern', iterations: 1 },
    ],
    writePkcs7Certificates: [x509.writePkcs7Certificates, [certificate]],
  }
}
