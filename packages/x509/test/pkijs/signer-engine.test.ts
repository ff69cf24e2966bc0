import { verify, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { algorithm, createLocalSigner } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { privateKey, privateKeys } from '@sealwright/test-kit/keys'
import { lacks, run } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import {
  createSelfSignedCertificate,
  generatePrivateKey,
  parseCertificate,
  readCertificateRequest,
} from '../../src/index.ts'
import { SignerEngine } from '../../src/pkijs/index.ts'
import { signCms } from '../examples/sign-cms.ts'
import { pkijs, pkijsCertificate, pkijsRequest } from '../support/pkijs.ts'
import { remoteSigner } from '../support/remote-signer.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const lacksMlDsa = major < 24 || (major === 24 && minor < 7)
const names = [...privateKeys.keys()].filter((name) => name !== 'EdDSA')

test.each(names)("pkijs's own sign() makes certificates and requests with a remote key: %s", async (name) => {
  const signer = remoteSigner(name)
  const engine = new SignerEngine(signer)
  const certificate = await pkijsCertificate(signer, (document) =>
    document.sign(engine.privateKey, undefined, engine),
  )
  const made = new X509Certificate(Buffer.from(certificate.toSchema().toBER()))
  expect(made.verify(signer.publicKey)).toBe(true)
  expect(parseCertificate(made).signatureAlgorithm).toBe(name === 'ES256K' ? 'ES256' : name)
  const request = await pkijsRequest(signer, (document) =>
    document.sign(engine.privateKey, undefined, engine),
  )
  const read = readCertificateRequest(new Uint8Array(request.toSchema().toBER()))
  expect(read.publicKey.equals(signer.publicKey)).toBe(true)
})

test.skipIf(lacksMlDsa)("pkijs's own sign() makes a certificate with ML-DSA [needs ML-DSA]", async () => {
  const signer = createLocalSigner(await generatePrivateKey('ml-dsa-87'))
  const engine = new SignerEngine(signer)
  const certificate = await pkijsCertificate(signer, (document) =>
    document.sign(engine.privateKey, undefined, engine),
  )
  const made = new X509Certificate(Buffer.from(certificate.toSchema().toBER()))
  expect([made.verify(signer.publicKey), parseCertificate(made).signatureAlgorithm]).toEqual([
    true,
    'ML-DSA-87',
  ])
})

test("pkijs's own verify() takes what the engine signs", async () => {
  const signer = remoteSigner('PS384')
  const engine = new SignerEngine(signer)
  const certificate = await pkijsCertificate(signer, (document) =>
    document.sign(engine.privateKey, undefined, engine),
  )
  expect(await certificate.verify(certificate, engine)).toBe(true)
})

test.skipIf(lacks('openssl')).each(['RS256', 'PS256', 'ES256', 'ES512'])(
  'OpenSSL and pkijs verify CMS with a remote key: %s [needs openssl]',
  async (name) => {
    const signer = remoteSigner(name)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=cms' })
    const content = Uint8Array.from(Buffer.from('signed in a vault')).buffer
    const cms = await signCms(signer, certificate, content)
    const folder = scratchFolder()
    const [cmsFile, contentFile, certificateFile] = ['cms', 'content', 'pem'].map((file) =>
      join(folder, file),
    )
    writeFileSync(cmsFile ?? '', new Uint8Array(cms))
    writeFileSync(contentFile ?? '', new Uint8Array(content))
    writeFileSync(certificateFile ?? '', certificate.toString())
    const command = `openssl cms -verify -inform DER -in ${cmsFile} -content ${contentFile} -CAfile ${certificateFile} -purpose any -binary`
    expect(run(command)).toBe('signed in a vault')

    const { content: schema } = pkijs.ContentInfo.fromBER(cms)
    const signedData = new pkijs.SignedData({ schema })
    const engine = new pkijs.CryptoEngine({ name: 'node', crypto: globalThis.crypto })
    expect(await signedData.verify({ signer: 0, data: content, checkChain: false }, engine)).toBe(true)
  },
)

test('an OCSP response is signed as certificates are', async () => {
  const signer = remoteSigner('ES256')
  const engine = new SignerEngine(signer)
  const response = new pkijs.BasicOCSPResponse()
  response.tbsResponseData.responderID = new pkijs.RelativeDistinguishedNames()
  response.tbsResponseData.producedAt = new Date('2026-01-01')
  await response.sign(engine.privateKey, undefined, engine)
  const { digest } = algorithm('ES256')
  const { tbsView } = response.tbsResponseData
  expect(verify(digest, tbsView, signer.publicKey, response.signature.valueBlock.valueHexView)).toBe(true)
})

test('a document that is changed does not change the next', async () => {
  const signer = createLocalSigner(privateKey('RS256'))
  const engine = new SignerEngine(signer)
  const sign = (document: pkijs.Certificate): Promise<void> =>
    document.sign(engine.privateKey, undefined, engine)
  const first = await pkijsCertificate(signer, sign)
  first.signatureAlgorithm.algorithmId = '1.2.3'
  const second = await pkijsCertificate(signer, sign)
  expect(second.signatureAlgorithm.algorithmId).toBe('1.2.840.113549.1.1.11')
})

test('the engine signs with its own key alone', async () => {
  const signer = remoteSigner('ES256')
  const [engine, other] = [new SignerEngine(signer), new SignerEngine(signer)]
  expect(
    await failure('INVALID_ARGUMENT', () =>
      pkijsCertificate(signer, (document) => document.sign(other.privateKey, undefined, engine)),
    ),
  ).not.toBe('')
})

test('the data is signed as it was, which the caller may change', async () => {
  const signer = createLocalSigner(privateKey('ES256'))
  const engine = new SignerEngine(signer)
  const data = Buffer.from('data')
  const signing = engine.signWithPrivateKey(data)
  data.fill(0)
  expect(verify('sha256', Buffer.from('data'), signer.publicKey, new Uint8Array(await signing))).toBe(true)
})

test('no wrong signature is released', async () => {
  const signer = { ...remoteSigner('ES256'), sign: async () => Promise.resolve(new Uint8Array(64)) }
  const engine = new SignerEngine(signer)
  expect(
    await failure('INVALID_SIGNATURE', () =>
      pkijsCertificate(signer, (document) => document.sign(engine.privateKey, undefined, engine)),
    ),
  ).not.toBe('')
})

test('what is no Signer is refused, and not quoted', async () => {
  const secret = 'a private key'
  for (const wrong of [secret, null, undefined, { secret }, privateKey('ES256')]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await failure('INVALID_ARGUMENT', () => new SignerEngine(wrong as never))).not.toContain(secret)
  }
})
