import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { buildCertificate } from '../x509/builder.ts'
import {
  basicConstraints,
  extendedKeyUsage,
  keyIdentifiers,
  keyUsage,
  subjectAlternativeName,
} from '../x509/extensions.ts'
import { pem } from '../x509/pem.ts'
import { parseName } from '../x509/distinguished-name.ts'

/** A certificate and its private key, both PEM. */
export interface PemPair {
  readonly certificate: string
  readonly privateKey: string
}

const day = 86_400_000
const authorityName = 'CN=Key Vault emulator CA'

/** The emulator's certificate authority, which clients have to trust. */
export function createCertificateAuthority(): PemPair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = parseName(authorityName)
  return pemPair(
    buildCertificate({
      subject: name,
      issuer: name,
      subjectKey: privateKey,
      issuerKey: privateKey,
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 3650 * day),
      extensions: [
        keyUsage(['keyCertSign', 'cRLSign']),
        basicConstraints(true, 0),
        ...keyIdentifiers(privateKey, privateKey),
      ],
    }),
    privateKey,
  )
}

/** A server certificate for these names. A name that is an IP address goes in as one. @param privateKey default: a new one */
export function createServerCertificate(
  authority: PemPair,
  hosts: readonly string[],
  privateKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
): PemPair {
  const authorityKey = createPrivateKey(authority.privateKey)
  const names = subjectAlternativeName({
    dns_names: hosts.filter((host) => !isAddress(host)),
    ipAddresses: hosts.filter(isAddress),
  })
  return pemPair(
    buildCertificate({
      subject: parseName('CN=Key Vault emulator'),
      issuer: parseName(authorityName),
      subjectKey: privateKey,
      issuerKey: authorityKey,
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 397 * day),
      extensions: [
        keyUsage(['digitalSignature']),
        basicConstraints(false, undefined),
        extendedKeyUsage(['1.3.6.1.5.5.7.3.1']),
        ...(names === null ? [] : [names]),
        ...keyIdentifiers(privateKey, authorityKey),
      ],
    }),
    privateKey,
  )
}

function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host)
}

function pemPair(certificate: Buffer, key: KeyObject): PemPair {
  return {
    certificate: pem('CERTIFICATE', certificate),
    privateKey: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  }
}
