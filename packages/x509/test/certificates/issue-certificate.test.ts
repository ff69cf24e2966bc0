import {
  createPublicKey,
  createPrivateKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createCertificateRequest,
  createSelfSignedCertificate,
  decodePem,
  encodePem,
  readCertificateRequest,
} from '../../src/index.ts'
import { issueFor, issueTo, rejectionCode } from '../support/certificates.ts'
import { decode, encode, octets } from '../support/tlv.ts'

interface TestIssuer {
  readonly signer: Signer
  readonly certificate: X509Certificate
  readonly file: string
}

/** What OpenSSL makes: a CA or, with `extensions`, something that is none. */
function issuerOf(key: string, extensions = '-addext keyUsage=critical,keyCertSign'): TestIssuer {
  const folder = scratchFolder()
  const [keyFile, file] = [join(folder, 'ca.key'), join(folder, 'ca.pem')]
  run(
    `openssl req -x509 -newkey ${key} -nodes -days 30 -subj /O=Contoso/CN=CA ${extensions} -keyout ${keyFile} -out ${file}`,
  )
  return {
    signer: createLocalSigner(createPrivateKey(readFileSync(keyFile))),
    certificate: new X509Certificate(readFileSync(file)),
    file,
  }
}

/** @param options with a space at their end */
function requestOf(key: string, options = ''): Uint8Array {
  const folder = scratchFolder()
  const file = join(folder, 'request.pem')
  run(
    `openssl req -new -newkey ${key} -nodes -subj /O=Contoso/CN=my-app-auth ${options}-keyout ${join(folder, 'key')} -out ${file}`,
  )
  return decodePem(readFileSync(file, 'utf8'))[0]?.der ?? new Uint8Array()
}

/** A request for a key that OpenSSL makes with these options, and the key. */
function requestOfForm(form: string): { readonly key: KeyObject; readonly request: Uint8Array } {
  const file = join(scratchFolder(), 'key.pem')
  run(`openssl ecparam -name prime256v1 -genkey -noout ${form} -out ${file}`)
  const pem = run(`openssl req -new -key ${file} -subj /CN=a`)
  const key = createPrivateKey(readFileSync(file))
  return { key, request: decodePem(pem)[0]?.der ?? new Uint8Array() }
}

const ec = (curve: string): string => `ec -pkeyopt ec_paramgen_curve:${curve}`

describe.skipIf(lacks('openssl'))('issueCertificate [needs openssl]', () => {
  test.each([
    { issuer: ec('P-256'), request: 'rsa:2048', options: '' },
    { issuer: 'rsa:2048', request: ec('P-256'), options: '' },
    { issuer: ec('P-384'), request: ec('P-384'), options: '-sha256 ' },
    { issuer: ec('secp256k1'), request: ec('secp256k1'), options: '' },
    {
      issuer: ec('P-256'),
      request: 'rsa:2048',
      options: '-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 ',
    },
    { issuer: 'ed25519', request: 'ed25519', options: '' },
  ])('$issuer signs for a request of $request $options, and OpenSSL accepts the chain', async (row) => {
    const issuer = issuerOf(row.issuer)
    const certificate = await issueFor(requestOf(row.request, row.options), issuer)
    const file = join(scratchFolder(), 'issued.pem')
    writeFileSync(file, encodePem('CERTIFICATE', certificate.raw))
    expect(run(`openssl verify -x509_strict -CAfile ${issuer.file} ${file}`)).toContain(': OK')
    expect(certificate.subject).toBe('O=Contoso\nCN=my-app-auth')
    expect(certificate.issuer).toBe('O=Contoso\nCN=CA')
    expect(certificate.checkIssued(issuer.certificate)).toBe(true)
    expect(certificate.ca).toBe(false)
    // The profile has 730 days, and the CA 30.
    expect(certificate.validTo).toBe(issuer.certificate.validTo)
  })

  test('a request that its key has not signed is refused', async () => {
    const issuer = issuerOf(ec('P-256'))
    const request = requestOf('rsa:2048')
    const forged = Uint8Array.from(request)
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    expect(await rejectionCode(issueFor(forged, issuer))).toBe('INVALID_SIGNATURE')
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('-----BEGIN CERTIFICATE REQUEST-----')],
    ['an empty sequence', Uint8Array.of(0x30, 0)],
  ])('%s is no request', async (_, request) => {
    const issuer = issuerOf(ec('P-256'))
    expect(await rejectionCode(issueFor(request, issuer))).toBe('INVALID_ENCODING')
    const longer = Buffer.concat([requestOf(ec('P-256')), Buffer.of(0)])
    expect(await rejectionCode(issueFor(longer, issuer))).toBe('INVALID_ENCODING')
  })

  test('a point that is compressed in the request is not in the certificate', async () => {
    const { key, request } = requestOfForm('-conv_form compressed')
    const certificate = await issueFor(request, issuerOf(ec('P-256')))
    expect(certificate.checkPrivateKey(key)).toBe(true)
    // RFC 5480 §2.1.1 and §2.2: id-ecPublicKey, secp256r1, and a point that begins with 04.
    const info = '3059301306072a8648ce3d020106082a8648ce3d03010703420004'
    expect(certificate.raw.toString('hex')).toContain(info)
  })

  test('a curve that is spelled out is refused, by whoever it is used', async () => {
    const { key, request } = requestOfForm('-param_enc explicit')
    const issuer = issuerOf(ec('P-256'))
    const refused = expect.objectContaining({
      code: 'UNSUPPORTED_KEY',
      message: expect.stringContaining('RFC 5480'),
    })
    expect(() => createLocalSigner(key)).toThrow(refused)
    const signer: Signer = {
      algorithm: issuer.signer.algorithm,
      keyId: 'a',
      publicKey: createPublicKey(key),
      sign: (data) => issuer.signer.sign(data),
    }
    const subject = 'CN=a'
    await expect(issueFor(request, issuer)).rejects.toThrow(refused)
    await expect(issueTo(issuer, signer.publicKey, { subject })).rejects.toThrow(refused)
    await expect(createSelfSignedCertificate(signer, { subject })).rejects.toThrow(refused)
    await expect(createCertificateRequest(signer, { subject })).rejects.toThrow(refused)
  })

  test.each([
    [
      'a BMPString',
      'MASK:0x800',
      'O = Contoso',
      'is not a UTF8String or PrintableString, which new certificates need',
    ],
    [
      'a TeletexString',
      'MASK:0x4',
      'O = Contoso',
      'is not a UTF8String or PrintableString, which new certificates need',
    ],
    [
      'an attribute that is not known in a BMPString',
      'MASK:0x800',
      '0.1.2.3.4 = x',
      'or IA5String, which new certificates need',
    ],
    ['a lower-case country', 'utf8only', 'C = nl', 'two capital letters'],
  ])('%s in the subject is read, and not put into a certificate', async (_, mask, subject, problem) => {
    const folder = scratchFolder()
    const config = join(folder, 'openssl.cnf')
    writeFileSync(config, `[req]\ndistinguished_name=dn\nstring_mask=${mask}\nprompt=no\n[dn]\n${subject}\n`)
    const pem = run(
      `openssl req -new -newkey ${ec('P-256')} -nodes -keyout ${join(folder, 'key')} -config ${config}`,
    )
    const der = decodePem(pem)[0]?.der ?? new Uint8Array()
    expect(readCertificateRequest(der).subject).not.toBe('')
    await expect(issueFor(der, issuerOf(ec('P-256')))).rejects.toThrow(problem)
  })

  test('the attributes of a relative name are in the order of DER, or it is no subject to issue for', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const request = await createCertificateRequest(createLocalSigner(privateKey), { subject: 'CN=a+O=b' })
    const changed = decode(request)
    changed.children[0]?.children[1]?.children[0]?.children.reverse()
    const toBeSigned = encode(changed.children[0] ?? octets([]))
    const [, , signature] = changed.children
    if (signature !== undefined)
      signature.content = Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned, privateKey)])
    await expect(issueFor(encode(changed), issuerOf(ec('P-256')))).rejects.toThrow('the order of DER')
  })

  test('a request without a subject gets a certificate for its names, which are critical', async () => {
    const issuer = issuerOf(ec('P-256'))
    const folder = scratchFolder()
    const pem = run(`openssl req -new -newkey ${ec('P-256')} -nodes -keyout ${join(folder, 'key')} -subj /`)
    const request = decodePem(pem)[0]?.der ?? new Uint8Array()
    expect(readCertificateRequest(request).subject).toBe('')
    expect(await rejectionCode(issueFor(request, issuer))).toBe('INVALID_ARGUMENT')
    const subjectAltNames = [{ type: 'dns', value: 'a.example' }] as const
    const certificate = await issueFor(request, issuer, { profile: 'tlsServer', subjectAltNames })
    const file = join(folder, 'issued.pem')
    writeFileSync(file, certificate.toString())
    const check = '-purpose sslserver -verify_hostname a.example'
    expect(run(`openssl verify -x509_strict ${check} -CAfile ${issuer.file} ${file}`)).toContain(': OK')
    expect(run(`openssl x509 -noout -text -in ${file}`)).toContain('Subject Alternative Name: critical')
  })

  test('a request that is too long is not read', async () => {
    const issuer = issuerOf(ec('P-256'))
    expect(await rejectionCode(issueFor(new Uint8Array(2 ** 16 + 1), issuer))).toBe('LIMIT_EXCEEDED')
  })

  test('an issuer whose certificate is not a CA’s, or not its key’s, is refused before anything is signed', async () => {
    const request = requestOf(ec('P-256'))
    const { certificate } = issuerOf(ec('P-256'))
    const stranger = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    expect(await rejectionCode(issueFor(request, { signer: stranger, certificate }))).toBe('INVALID_ARGUMENT')
    const leaf = issuerOf(ec('P-256'), '-addext basicConstraints=critical,CA:FALSE')
    expect(await rejectionCode(issueFor(request, leaf))).toBe('INVALID_ARGUMENT')
  })
})
