import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { algorithm, createLocalSigner, jwkThumbprint, type Signer } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  encodePem,
  issueCertificate,
  readCertificateRequest,
  readKeyFile,
  readPkcs12,
  readRevocationList,
} from '../src/index.ts'
import { identity } from './support/certificates.ts'
import * as pfx from './support/pfx.ts'
import { constructed, decode, encode, int, nul, oid, primitive, sequence } from './support/tlv.ts'

/** RSA with the public exponent 1, and with it the private exponent 1: each padded digest is its own signature. */
const privateJwk = {
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  e: 'AQ',
  d: 'AQ',
  dp: 'AQ',
  dq: 'AQ',
}
const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' })
const publicKey = createPublicKey(privateKey)

const refused = expect.objectContaining({
  code: 'UNSUPPORTED_KEY',
  message: expect.stringContaining('the RSA key has the public exponent 1,') as string,
}) as Error

/** What signs with any key, as a signer of somebody else might. */
function signerOf(key: KeyObject): Signer {
  return {
    algorithm: algorithm('RS256'),
    keyId: jwkThumbprint(key),
    publicKey: createPublicKey(key),
    sign: (data) => Promise.resolve(sign('sha256', data, key)),
  }
}

/** A certificate authority with an ordinary RSA key. */
async function authority(): Promise<{ readonly signer: Signer; readonly certificate: X509Certificate }> {
  const { privateKey: key } = await identity('rsa-2048')
  const signer = createLocalSigner(key)
  return {
    signer,
    certificate: await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' }),
  }
}

describe('an RSA key with the public exponent 1 is refused', () => {
  test.each<[string, () => Uint8Array]>([
    ['PKCS#8', () => privateKey.export({ format: 'der', type: 'pkcs8' })],
    ['PKCS#8 in PEM', () => Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }))],
    ['PKCS#1', () => privateKey.export({ format: 'der', type: 'pkcs1' })],
    ['a JWK', () => Buffer.from(JSON.stringify(privateJwk))],
    ['a JWK Set', () => Buffer.from(JSON.stringify({ keys: [privateJwk] }))],
  ])('as private key in %s', async (_, file) => {
    await expect(readKeyFile(file(), '')).rejects.toThrow(refused)
  })

  test('as private key in PKCS#12', async () => {
    const bag = pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }))
    await expect(readPkcs12(pfx.sealed(pfx.plainSafe(bag)), pfx.password)).rejects.toThrow(refused)
  })

  test('as public key of a certificate', async () => {
    const weak = signerOf(privateKey)
    await expect(createSelfSignedCertificate(weak, { subject: 'CN=a' })).rejects.toThrow(refused)
    await expect(issueCertificate(await authority(), { subject: 'CN=a', publicKey })).rejects.toThrow(refused)
  })

  test('as key of an issuer, which signs and vouches for nothing', async () => {
    const { signer, certificate } = await authority()
    // The public key is the seventh field; nothing here depends on the signature of the certificate.
    const tree = decode(certificate.raw)
    const fields = tree.children[0]?.children ?? []
    fields[6] = decode(publicKey.export({ format: 'der', type: 'spki' }))
    const weakCertificate = new X509Certificate(encode(tree))
    const weak = { signer: signerOf(privateKey), certificate: weakCertificate }
    const { publicKey: anyKey } = generateKeyPairSync('ed25519')
    await expect(issueCertificate(weak, { subject: 'CN=a', publicKey: anyKey })).rejects.toThrow(refused)
    const crlOptions = { number: 1, revoked: [] }
    await expect(createRevocationList(weak, crlOptions)).rejects.toThrow(refused)

    const list = decode(await createRevocationList({ signer, certificate }, crlOptions))
    const [info] = list.children
    if (info === undefined) throw new Error('no TBSCertList')
    list.children[2] = primitive(0x03, [0, ...sign('sha256', encode(info), privateKey)])
    expect(() => readRevocationList(encode(list), weakCertificate)).toThrow(refused)
  })

  test('as public key of a certificate request, made and read', async () => {
    await expect(createCertificateRequest(signerOf(privateKey), { subject: 'CN=a' })).rejects.toThrow(refused)
    const spki = decode(publicKey.export({ format: 'der', type: 'spki' }))
    const info = sequence(int(0), sequence(), spki, constructed(0xa0))
    const signature = sign('sha256', encode(info), privateKey)
    const algorithmIdentifier = sequence(oid('1.2.840.113549.1.1.11'), nul())
    const request = encode(sequence(info, algorithmIdentifier, primitive(0x03, [0, ...signature])))
    expect(() => readCertificateRequest(request)).toThrow(refused)
    // What is read to be shown is marked.
    const pem = Buffer.from(encodePem('CERTIFICATE REQUEST', request))
    await expect(readKeyFile(pem, '')).resolves.toMatchObject({
      requests: [{ weaknesses: ['an RSA key with the public exponent 1'] }],
    })
  })
})

/** The private key of a file that holds this JWK. */
async function keyOf(jwk: object): Promise<KeyObject> {
  const [key] = (await readKeyFile(Buffer.from(JSON.stringify(jwk)), '')).keys
  if (key === undefined) throw new Error('no key')
  return key.privateKey
}

describe('what a JWK says of its use stays with its key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  const secp256k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
    format: 'jwk',
  })

  test('alg is the one algorithm it signs with', async () => {
    const key = await keyOf({ ...rsa, alg: 'PS256' })
    expect(createLocalSigner(key).algorithm.name).toBe('PS256')
    expect(() => createLocalSigner(key, { algorithm: 'RS256' })).toThrow(/it can sign with PS256$/)
    const { keys } = await readKeyFile(Buffer.from(JSON.stringify({ keys: [{ ...rsa, alg: 'PS512' }] })), '')
    expect(keys.map((each) => createLocalSigner(each.privateKey).algorithm.name)).toEqual(['PS512'])
  })

  test.each([{ use: 'enc' }, { key_ops: ['decrypt'] }, { alg: 'RSA-OAEP' }])(
    'with %j it is read and does not sign',
    async (members) => {
      const key = await keyOf({ ...rsa, ...members })
      expect(() => createLocalSigner(key)).toThrow(/^the JWK is not for signatures: /)
    },
  )

  test('Key Vault’s name of secp256k1 is known', async () => {
    const key = await keyOf({ ...secp256k1, crv: 'P-256K' })
    expect(createLocalSigner(key).algorithm.name).toBe('ES256K')
  })
})
