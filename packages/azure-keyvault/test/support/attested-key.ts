import {
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  sign,
  type KeyObject,
  type X509Certificate,
} from 'node:crypto'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { createSelfSignedCertificate, issueCertificate } from '@sealwright/x509'

/** A module as its maker sells it: a root, the certificate of the module, and a partition that signs attestations. */
export interface HardwareModule {
  readonly root: X509Certificate
  readonly module: X509Certificate
  readonly partition: X509Certificate
  readonly partitionKey: KeyObject
}

const newSigner = (): Signer =>
  createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)

/** Makes a module with a root of its own. */
export async function makeModule(maker = 'Maker'): Promise<HardwareModule> {
  const [rootSigner, moduleSigner] = [newSigner(), newSigner()]
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const root = await createSelfSignedCertificate(rootSigner, { subject: `CN=${maker}`, profile: 'rootCa' })
  const module = await issueCertificate(
    { signer: rootSigner, certificate: root },
    { subject: `CN=module of ${maker}`, publicKey: moduleSigner.publicKey },
    { profile: 'issuingCa' },
  )
  const partition = await issueCertificate(
    { signer: moduleSigner, certificate: module },
    { subject: 'CN=partition', publicKey },
  )
  return { root, module, partition, partitionKey: privateKey }
}

/** PKCS#11's attributes by number. */
export type AttributeList = readonly (readonly [type: number, value: Uint8Array])[]

/** Attributes of a private key that was made in the module and never leaves it. */
export function attributesOf(
  publicKey: KeyObject,
  {
    privateKey = true,
    id = 'pool/my-app-auth/0123',
  }: { readonly privateKey?: boolean; readonly id?: string } = {},
): AttributeList {
  const { n } = publicKey.export({ format: 'jwk' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return [
    [0x0000, Uint8Array.of(privateKey ? 3 : 2)],
    [0x0102, Buffer.from(`${id}${privateKey ? '\0\0' : '\0'}`)],
    [0x0162, Uint8Array.of(0)],
    [0x0163, Uint8Array.of(1)],
    [0x0164, Uint8Array.of(1)],
    [0x1003, createHash('sha256').update(spki).digest()],
    ...(n === undefined ? [] : [[0x0120, Buffer.from(n, 'base64url')] as const]),
  ]
}

const u32 = (...values: number[]): Buffer =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes
    }),
  )

function encodeObject(attributes: AttributeList): Buffer {
  const values = Buffer.concat(attributes.flatMap(([type, value]) => [u32(type, value.length), value]))
  return Buffer.concat([u32(7, attributes.length, values.length), values])
}

/** The layout with headers, for one key or two, signed with PKCS #1 v1.5. */
export function attestPair(keys: readonly AttributeList[], partitionKey: KeyObject): Buffer {
  const objects = keys.map(encodeObject)
  const info = Buffer.alloc(8)
  info.writeUInt16BE(8, 4)
  info.writeUInt16BE(objects.length === 2 ? 8 + (objects[0]?.length ?? 0) : 0, 6)
  const buffer = Buffer.concat([info, ...objects])
  const signed = Buffer.concat([u32(0, 0, 16 + buffer.length + 256, buffer.length), buffer])
  return Buffer.concat([signed, sign('sha256', signed, partitionKey)])
}

/** The layout with one key at byte 20, signed with a block that ends with the digest. */
export function attestSingle(attributes: AttributeList, partitionKey: KeyObject): Buffer {
  const signed = Buffer.concat([Buffer.alloc(20, 0xff), encodeObject(attributes)])
  const block = Buffer.alloc(256, 1)
  block[0] = 0
  createHash('sha256').update(signed).digest().copy(block, 224)
  const signature = privateEncrypt({ key: partitionKey, padding: constants.RSA_NO_PADDING }, block)
  return Buffer.concat([signed, signature])
}
