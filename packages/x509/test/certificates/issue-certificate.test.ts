import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner, type Signer } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { decodePem, encodePem, issueCertificate } from '../../src/index.ts'
import { rejectionCode } from '../support/certificates.ts'
import { lacks, runWell, scratchFolder } from '../support/tools.ts'

interface TestIssuer {
  readonly signer: Signer
  readonly certificate: X509Certificate
  readonly file: string
}

/** What OpenSSL makes: a CA or, with `extensions`, something that is none. */
function issuerOf(key: string, extensions = '-addext keyUsage=critical,keyCertSign'): TestIssuer {
  const folder = scratchFolder()
  const [keyFile, file] = [join(folder, 'ca.key'), join(folder, 'ca.pem')]
  runWell(
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
  runWell(
    `openssl req -new -newkey ${key} -nodes -subj /O=Contoso/CN=my-app-auth ${options}-keyout ${join(folder, 'key')} -out ${file}`,
  )
  return decodePem(readFileSync(file, 'utf8'))[0]?.der ?? new Uint8Array()
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
    const certificate = await issueCertificate(requestOf(row.request, row.options), issuer)
    const file = join(scratchFolder(), 'issued.pem')
    writeFileSync(file, encodePem('CERTIFICATE', certificate.raw))
    expect(runWell(`openssl verify -x509_strict -CAfile ${issuer.file} ${file}`)).toContain(': OK')
    expect(certificate.subject).toBe('O=Contoso\nCN=my-app-auth')
    expect(certificate.issuer).toBe('O=Contoso\nCN=CA')
    expect(certificate.checkIssued(issuer.certificate)).toBe(true)
    expect(certificate.ca).toBe(false)
    const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000
    expect(days).toBe(730)
  })

  test('a request that its key has not signed is refused', async () => {
    const issuer = issuerOf(ec('P-256'))
    const request = requestOf('rsa:2048')
    const forged = Uint8Array.from(request)
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    expect(await rejectionCode(issueCertificate(forged, issuer))).toBe('INVALID_SIGNATURE')
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('-----BEGIN CERTIFICATE REQUEST-----')],
    ['an empty sequence', Uint8Array.of(0x30, 0)],
  ])('%s is no request', async (_, request) => {
    const issuer = issuerOf(ec('P-256'))
    expect(await rejectionCode(issueCertificate(request, issuer))).toBe('INVALID_ENCODING')
    const longer = Buffer.concat([requestOf(ec('P-256')), Buffer.of(0)])
    expect(await rejectionCode(issueCertificate(longer, issuer))).toBe('INVALID_ENCODING')
  })

  test('an issuer whose certificate is not a CA’s, or not its key’s, is refused before anything is signed', async () => {
    const request = requestOf(ec('P-256'))
    const { certificate } = issuerOf(ec('P-256'))
    const stranger = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    expect(await rejectionCode(issueCertificate(request, { signer: stranger, certificate }))).toBe(
      'INVALID_ARGUMENT',
    )
    const leaf = issuerOf(ec('P-256'), '-addext basicConstraints=critical,CA:FALSE')
    expect(await rejectionCode(issueCertificate(request, leaf))).toBe('INVALID_ARGUMENT')
  })
})
