import { createHmac, createPrivateKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto'
import {
  ContentInfo,
  EncryptedContent,
  EncryptedContentInfo,
  id_data,
  id_encryptedData,
} from '@peculiar/asn1-cms'
import {
  AuthenticatedSafe,
  CertBag,
  MacData,
  PFX,
  PKCS12Attribute,
  PKCS8ShroudedKeyBag,
  SafeBag,
  SafeContents,
  id_certBag,
  id_keyBag,
  id_pkcs8ShroudedKeyBag,
  id_x509Certificate,
} from '@peculiar/asn1-pfx'
import { EncryptedPrivateKeyInfo } from '@peculiar/asn1-pkcs8'
import { DigestInfo } from '@peculiar/asn1-rsa'
import { AsnConvert, AsnProp, AsnPropTypes, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { berToDer } from './ber.ts'
import { badParameter, ServiceError } from '../protocol/errors.ts'
import {
  boundedIterations,
  decrypt,
  deriveBytes,
  deriveTripleDesKey,
  encryptTripleDes,
  type TripleDesKey,
} from './pkcs12-encryption.ts'

/** EncryptedData (RFC 5652 §8), which asn1-cms does not have. */
class EncryptedData {
  version = 0
  encryptedContentInfo = new EncryptedContentInfo()
}
AsnProp({ type: AsnPropTypes.Integer })(EncryptedData.prototype, 'version')
AsnProp({ type: EncryptedContentInfo })(EncryptedData.prototype, 'encryptedContentInfo')

/** The private keys and certificates of a PKCS#12 file. */
export interface Pkcs12Content {
  readonly privateKeys: readonly KeyObject[]
  /** DER, in the order of the file. */
  readonly certificates: readonly Buffer[]
}

const sha1 = '1.3.14.3.2.26'
/** Digests of the MAC by OID. */
const digests: Readonly<Record<string, string>> = {
  [sha1]: 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
const localKeyId = '1.2.840.113549.1.9.21'
/** As the service's own files have it. */
const iterations = 2000

interface OwnKeys {
  readonly encryption: TripleDesKey
  readonly macSalt: Buffer
  readonly mac: Buffer
}

/**
 * The protection of written files. Derived once: the empty password hides nothing, and the derivation takes longer than
 * the rest of a certificate.
 */
let ownKeys: OwnKeys | null = null

function deriveOwnKeys(): OwnKeys {
  const macSalt = randomBytes(20)
  return {
    encryption: deriveTripleDesKey('', randomBytes(8), iterations),
    macSalt,
    mac: macKey('sha1', '', macSalt, iterations),
  }
}

/**
 * Reads a PKCS#12 file (RFC 7292) after checking its MAC, if it has one.
 *
 * @param password empty for none
 * @throws ServiceError 400 for another kind of file, an unsupported protection, or a wrong password
 */
export function readPkcs12(file: Uint8Array, password: string): Pkcs12Content {
  try {
    const pfx = AsnConvert.parse(berToDer(file), PFX)
    const authenticatedSafe = octets(pfx.authSafe.content)
    // Without a MAC there is nothing to check; asn1-pfx then leaves the algorithm empty.
    if (pfx.macData.mac.digestAlgorithm.algorithm !== '') {
      requireMac(pfx.macData, authenticatedSafe, password)
    }
    const bags = [...AsnConvert.parse(berToDer(authenticatedSafe), AuthenticatedSafe)].flatMap((content) =>
      safeBags(content, password),
    )
    return {
      privateKeys: bags.flatMap((bag) => privateKey(bag, password)),
      certificates: bags.flatMap(certificate),
    }
  } catch (error) {
    if (error instanceof ServiceError) throw error
    throw badParameter(
      'The specified PKCS#12 X.509 certificate content can not be read. Please check if certificate is in valid PKCS#12 ' +
        'format.',
    )
  }
}

/**
 * Writes a PKCS#12 file as the service's secrets hold it: the key in 3DES, the certificates in 3DES, a SHA-1 MAC,
 * and the empty password.
 *
 * @param key null leaves it out, as for a certificate that is not exportable
 * @param certificates DER, the key's own first
 */
export function writePkcs12(key: KeyObject | null, certificates: readonly Uint8Array[]): Buffer {
  const { encryption, macSalt, mac } = (ownKeys ??= deriveOwnKeys())
  const attributes = [localKeyIdAttribute()]
  const contents: ContentInfo[] = []
  if (key !== null) {
    const shrouded = encryptTripleDes(key.export({ format: 'der', type: 'pkcs8' }), encryption)
    const bag = new PKCS8ShroudedKeyBag({
      encryptionAlgorithm: shrouded.algorithm,
      encryptedData: new OctetString(shrouded.data),
    })
    contents.push(
      dataContent(
        new SafeContents([
          new SafeBag({
            bagId: id_pkcs8ShroudedKeyBag,
            bagValue: AsnConvert.serialize(bag),
            bagAttributes: attributes,
          }),
        ]),
      ),
    )
  }
  const certificateBags = certificates.map(
    (der, index) =>
      new SafeBag({
        bagId: id_certBag,
        bagValue: AsnConvert.serialize(
          new CertBag({ certId: id_x509Certificate, certValue: derOctets(der) }),
        ),
        ...(index === 0 ? { bagAttributes: attributes } : {}),
      }),
  )
  contents.push(encryptedContent(new SafeContents(certificateBags), encryption))
  const authenticatedSafe = Buffer.from(AsnConvert.serialize(new AuthenticatedSafe(contents)))
  const pfx = new PFX({
    version: 3,
    authSafe: new ContentInfo({ contentType: id_data, content: derOctets(authenticatedSafe) }),
    macData: new MacData({
      mac: new DigestInfo({
        digestAlgorithm: new AlgorithmIdentifier({ algorithm: sha1, parameters: Uint8Array.of(5, 0).buffer }),
        digest: new OctetString(createHmac('sha1', mac).update(authenticatedSafe).digest()),
      }),
      macSalt: new OctetString(macSalt),
      iterations,
    }),
  })
  return Buffer.from(AsnConvert.serialize(pfx))
}

/** Ties the key to its certificate. */
function localKeyIdAttribute(): PKCS12Attribute {
  const attribute = new PKCS12Attribute()
  // Set one by one: the constructor of asn1-pfx 2 forgets its argument.
  attribute.attrId = localKeyId
  attribute.attrValues = [derOctets(Uint8Array.of(1, 0, 0, 0))]
  return attribute
}

function requireMac(macData: MacData, content: Buffer, password: string): void {
  const { mac: info, macSalt, iterations: rounds } = macData
  const hash = digests[info.digestAlgorithm.algorithm]
  if (hash === undefined) {
    throw badParameter(`The MAC ${info.digestAlgorithm.algorithm} of the PKCS#12 content is not supported.`)
  }
  const expected = Buffer.from(info.digest.buffer)
  const key = macKey(hash, password, Buffer.from(macSalt.buffer), boundedIterations(rounds))
  const actual = createHmac(hash, key).update(content).digest()
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw badParameter('The specified password does not open the PKCS#12 X.509 certificate content.')
  }
}

function macKey(hash: string, password: string, salt: Uint8Array, rounds: number): Buffer {
  const length = createHmac(hash, '').digest().length
  return deriveBytes(hash, password, salt, rounds, 3, length)
}

function safeBags(content: ContentInfo, password: string): SafeBag[] {
  switch (content.contentType) {
    case id_data:
      return [...AsnConvert.parse(berToDer(octets(content.content)), SafeContents)]
    case id_encryptedData: {
      const { encryptedContentInfo } = AsnConvert.parse(content.content, EncryptedData)
      const { value, constructedValue } = encryptedContentInfo.encryptedContent ?? {}
      const parts = value === undefined ? (constructedValue ?? []) : [value]
      const encrypted = Buffer.concat(parts.map((part) => Buffer.from(part.buffer)))
      const plain = decrypt(encryptedContentInfo.contentEncryptionAlgorithm, encrypted, password)
      return [...AsnConvert.parse(berToDer(plain), SafeContents)]
    }
    default:
      throw badParameter(`The PKCS#12 content has a part of type ${content.contentType}.`)
  }
}

function privateKey(bag: SafeBag, password: string): KeyObject[] {
  switch (bag.bagId) {
    case id_keyBag:
      return [pkcs8(Buffer.from(bag.bagValue))]
    case id_pkcs8ShroudedKeyBag: {
      const info = AsnConvert.parse(bag.bagValue, EncryptedPrivateKeyInfo)
      return [pkcs8(decrypt(info.encryptionAlgorithm, Buffer.from(info.encryptedData.buffer), password))]
    }
    default:
      return []
  }
}

function certificate(bag: SafeBag): Buffer[] {
  if (bag.bagId !== id_certBag) return []
  const { certId, certValue } = AsnConvert.parse(bag.bagValue, CertBag)
  return certId === id_x509Certificate ? [octets(certValue)] : []
}

function pkcs8(der: Buffer): KeyObject {
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function dataContent(contents: SafeContents): ContentInfo {
  return new ContentInfo({
    contentType: id_data,
    content: derOctets(Buffer.from(AsnConvert.serialize(contents))),
  })
}

function encryptedContent(contents: SafeContents, key: TripleDesKey): ContentInfo {
  const { algorithm, data } = encryptTripleDes(Buffer.from(AsnConvert.serialize(contents)), key)
  const encrypted = new EncryptedData()
  encrypted.encryptedContentInfo = new EncryptedContentInfo({
    contentType: id_data,
    contentEncryptionAlgorithm: algorithm,
    encryptedContent: new EncryptedContent({ value: new OctetString(data) }),
  })
  return new ContentInfo({ contentType: id_encryptedData, content: AsnConvert.serialize(encrypted) })
}

function octets(der: ArrayBuffer): Buffer {
  return Buffer.from(AsnConvert.parse(der, OctetString).buffer)
}

function derOctets(bytes: Uint8Array): ArrayBuffer {
  return AsnConvert.serialize(new OctetString(bytes))
}
