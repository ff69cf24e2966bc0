import { createPublicKey, generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto'
import { algorithmsOf, createLocalSigner, importJwk } from '../../../packages/core/src/index.ts'
import {
  createCertificateRequest,
  createRevocationList,
  createSelfSignedCertificate,
  decodePem,
  encodePem,
  readCertificateRequest,
  readKeyFile,
  readPkcs12,
  readRevocationList,
} from '../../../packages/x509/src/index.ts'
import * as pfx from '../../../packages/x509/test/support/pfx.ts'
import {
  decode,
  encode,
  int,
  nul,
  octets,
  oid,
  primitive,
  sequence,
  type Tlv,
} from '../../../packages/x509/test/support/tlv.ts'
import { accept, refuse, type Family } from '../corpus.ts'

/** A key and the documents that are made with it. */
export interface Documents {
  readonly key: KeyObject
  readonly certificate: X509Certificate
  readonly request: Uint8Array
  readonly revocationList: Uint8Array
  /** A CA of the same name with another key. */
  readonly otherCertificate: X509Certificate
}

export async function makeDocuments(): Promise<Documents> {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const signer = createLocalSigner(key)
  const ca = { subject: 'CN=CA', profile: 'rootCa' } as const
  const certificate = await createSelfSignedCertificate(signer, ca)
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  return {
    key,
    certificate,
    otherCertificate: await createSelfSignedCertificate(createLocalSigner(otherKey), ca),
    request: await createCertificateRequest(signer, { subject: 'CN=client' }),
    revocationList: await createRevocationList(
      { signer, certificate },
      { number: 1, revoked: [{ serialNumber: '01', revokedAt: new Date(0) }] },
    ),
  }
}

/** What reads a hostile input. */
type Input = (documents: Documents) => unknown

const { oids } = pfx
const many = (count: number): Tlv[] => Array.from({ length: count }, nul)
const nest = (depth: number): Tlv => {
  let value: Tlv = nul()
  for (let level = 0; level < depth; level++) value = sequence(value)
  return value
}

const read =
  (file: Uint8Array): Input =>
  () =>
    readPkcs12(file, pfx.password)
const withMac = (options: pfx.MacOptions): Input =>
  read(pfx.sealedBytes(encode(sequence(pfx.plainSafe())), options))
const encrypted = (options: pfx.Pbes2Options): Input =>
  read(pfx.sealed(pfx.encryptedSafe(pfx.pbes2(options))))
const shrouded = (options: pfx.Pbes2Options): Input => read(pfx.sealed(pfx.shroudedKey(pfx.pbes2(options))))

function scrypt(N: number, r: number, p: number): Input {
  const derivation = sequence(
    oid('1.3.6.1.4.1.11591.4.11'),
    sequence(octets(new Uint8Array(8)), int(N), int(r), int(p)),
  )
  const scheme = sequence(oid(oids.aes256Cbc), octets(new Uint8Array(16)))
  return read(pfx.sealed(pfx.encryptedSafe(sequence(oid(oids.pbes2), sequence(derivation, scheme)))))
}

/** Safes within safes. */
function nestedSafes(depth: number): Tlv {
  let safe = sequence()
  for (let level = 0; level < depth; level++) safe = sequence(pfx.bag(oids.safeContentsBag, safe))
  return pfx.plainSafe(...safe.children)
}

const pkcs12: Family<Input> = {
  title: 'PFX files',
  refusals: [
    ...refuse<Input>(
      'LIMIT_EXCEEDED',
      ['10,000,001 iterations of the MAC', 'CWE-400', withMac({ iterations: int(10_000_001) })],
      ['2^31-1 iterations of the MAC', 'RFC 7292 App. B.2', withMac({ iterations: int(2 ** 31 - 1) })],
      ['2^32+1 iterations of the MAC', 'CWE-190', withMac({ iterations: int(2 ** 32 + 1) })],
      [
        'an iteration count of 1,000 bytes',
        'CWE-400',
        withMac({ iterations: primitive(0x02, new Uint8Array(1000).fill(1)) }),
      ],
      ['2^31-1 iterations of an encrypted safe', 'CWE-400', encrypted({ iterations: int(2 ** 31 - 1) })],
      ['2^31-1 iterations of a shrouded key', 'CWE-400', shrouded({ iterations: int(2 ** 31 - 1) })],
      [
        'two safes of 9,000,000 iterations',
        'CWE-400',
        read(
          pfx.sealed(
            ...Array.from({ length: 2 }, () => pfx.encryptedSafe(pfx.pbes2({ iterations: int(9_000_000) }))),
          ),
        ),
      ],
      [
        '2^31-1 iterations of PBMAC1',
        'RFC 9879 §6',
        withMac({ digest: pfx.pbmac1({ keyLength: int(32), iterations: int(2 ** 31 - 1) }) }),
      ],
      ['scrypt with 128 MiB', 'RFC 7914 §2', scrypt(2 ** 17, 8, 1)],
      ['scrypt with as much as there can be', 'CWE-400', scrypt(2 ** 30, 2 ** 31 - 1, 2 ** 31 - 1)],
      ['scrypt with 100 lanes', 'CWE-400', scrypt(2 ** 14, 8, 100)],
      ['a salt of 1,025 bytes', 'CWE-400', withMac({ salt: new Uint8Array(1025) })],
      ['40 values within each other', 'CWE-674', read(encode(nest(40)))],
      [
        '500,000 values of indefinite length within each other',
        'CWE-674',
        read(new Uint8Array(2 ** 20).map((_, at) => (at % 2 === 0 ? 0x30 : 0x80))),
      ],
      ['20 safes within each other', 'CWE-674', read(pfx.sealed(nestedSafes(20)))],
      ['20,000 values', 'CWE-770', read(pfx.sealed(...many(20_000)))],
      [
        '1,001 bags',
        'CWE-770',
        read(pfx.sealed(pfx.plainSafe(...Array.from({ length: 1001 }, () => pfx.bag('1.2.3', nul()))))),
      ],
      ['more than 1 MiB', 'CWE-770', read(new Uint8Array(2 ** 20 + 1))],
    ),
    ...refuse<Input>(
      'INVALID_ENCODING',
      ['0 iterations of the MAC', 'RFC 7292 App. B.2', withMac({ iterations: int(0) })],
      ['-1 iterations of the MAC', 'RFC 7292 App. B.2', withMac({ iterations: int(-1) })],
      ['0 iterations of a safe', 'RFC 8018 §4.2', encrypted({ iterations: int(0) })],
      [
        'no MAC',
        'RFC 7292 §4',
        read(pfx.pfx(pfx.contentInfo(oids.data, octets(encode(sequence(pfx.plainSafe())))), null)),
      ],
      [
        'PBMAC1 with a key of one byte',
        'RFC 9879 §5',
        withMac({ digest: pfx.pbmac1({ keyLength: int(1) }) }),
      ],
      ['PBMAC1 with a key of 1 GB', 'CWE-789', withMac({ digest: pfx.pbmac1({ keyLength: int(1e9) }) })],
      [
        'a MAC of one byte',
        'RFC 7292 §4',
        read(
          pfx.pfx(
            pfx.contentInfo(oids.data, octets(encode(sequence()))),
            sequence(sequence(sequence(oid(oids.sha256), nul()), octets([1])), octets([1])),
          ),
        ),
      ],
      ['a length of 4 GiB', 'CWE-789', read(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff))],
      ['a length of 2^1008', 'CWE-190', read(Uint8Array.of(0x30, 0xfe, ...new Uint8Array(126).fill(0xff)))],
      ['a length beyond the end', 'CWE-125', read(Uint8Array.of(0x30, 0x10, 0x02, 0x01, 0x03))],
      ['no bytes', 'CWE-20', read(new Uint8Array())],
      [
        'compressed data',
        'RFC 3274 §1.1',
        read(pfx.sealed(pfx.contentInfo('1.2.840.113549.1.9.16.1.9', sequence(int(0))))),
      ],
      ['scrypt with N = 1', 'RFC 7914 §6', scrypt(1, 8, 1)],
      ['scrypt with N that is no power of two', 'RFC 7914 §6', scrypt(1000, 8, 1)],
    ),
    ...refuse<Input>(
      'UNSUPPORTED_ALGORITHM',
      [
        'a signature in place of a MAC',
        'RFC 7292 §4',
        read(pfx.pfx(pfx.contentInfo(oids.signedData, sequence(int(1))), null)),
      ],
      ['HMAC-MD5', 'RFC 6151 §2.3', encrypted({ prf: '1.2.840.113549.2.6' })],
    ),
    ...refuse<Input>('WRONG_PASSWORD', [
      'a MAC of something else',
      'RFC 7292 §4',
      read(
        pfx.pfx(
          pfx.contentInfo(oids.data, octets(encode(sequence(pfx.plainSafe())))),
          pfx.macData(Uint8Array.of(1)),
        ),
      ),
    ]),
  ],
  acceptances: accept<Input>(
    'accepted',
    ['a file with a MAC', read(pfx.sealed(pfx.plainSafe()))],
    ['one iteration', withMac({ iterations: int(1) })],
    [
      '1,000 bags',
      read(pfx.sealed(pfx.plainSafe(...Array.from({ length: 1000 }, () => pfx.bag('1.2.3', nul()))))),
    ],
    ['three safes within each other', read(pfx.sealed(nestedSafes(3)))],
  ),
}

const keyFile =
  (file: string | Uint8Array): Input =>
  () =>
    readKeyFile(Buffer.from(file), 'hunter2')
const pkcs8 = ({ key }: Documents): string => key.export({ format: 'pem', type: 'pkcs8' }).toString()

/** EncryptedPrivateKeyInfo (RFC 5958 §3). */
function encryptedKey(options: pfx.Pbes2Options): string {
  return encodePem('ENCRYPTED PRIVATE KEY', encode(sequence(pfx.pbes2(options), octets(new Uint8Array(32)))))
}

const pem: Family<Input> = {
  title: 'PEM and other key files',
  refusals: [
    ...refuse<Input>(
      'LIMIT_EXCEEDED',
      ['1,001 blocks', 'CWE-770', keyFile('-----BEGIN X-----\nAAAA\n-----END X-----\n'.repeat(1001))],
      ['text of more than 1 MiB', 'CWE-770', keyFile('x'.repeat(2 ** 20 + 1))],
      ['a key of 2^31-1 iterations', 'CWE-400', keyFile(encryptedKey({ iterations: int(2 ** 31 - 1) }))],
      ['a key whose salt has 1,025 bytes', 'CWE-400', keyFile(encryptedKey({ salt: new Uint8Array(1025) }))],
      ['3 MiB of text in decodePem', 'CWE-770', () => decodePem('x'.repeat(3 * 2 ** 20))],
      ['300,000 characters of JSON', 'CWE-770', keyFile(`{"x":"${'x'.repeat(300_000)}"}`)],
      [
        '1,001 keys in a JWK Set',
        'CWE-770',
        keyFile(JSON.stringify({ keys: Array.from({ length: 1001 }, () => ({ kty: 'EC' })) })),
      ],
    ),
    ...refuse<Input>(
      'INVALID_ENCODING',
      [
        '100,000 lists within each other',
        'CWE-674',
        keyFile(`{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
      ],
      ['a block without its end', 'RFC 7468 §2', keyFile('-----BEGIN PRIVATE KEY-----\nAAAA\n')],
      [
        'a block within a block',
        'RFC 7468 §2',
        keyFile(
          '-----BEGIN PRIVATE KEY-----\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
        ),
      ],
      [
        'an end of another block',
        'RFC 7468 §2',
        keyFile('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END CERTIFICATE-----\n'),
      ],
      ['an empty file', 'CWE-20', keyFile('')],
      ['1 MiB of = within base64url', 'CWE-1333', keyFile(`-${'='.repeat(2 ** 20 - 2)}A`)],
      [
        '900,000 backslashes beside a block with its line breaks written out',
        'CWE-1333',
        keyFile(`-----BEGIN PRIVATE KEY-----\\n-----END PRIVATE KEY-----${'\\'.repeat(900_000)}`),
      ],
      [
        '200,000 spaces within a string of JSON',
        'CWE-1333',
        keyFile(JSON.stringify({ value: `MA${' '.repeat(200_000)}!` })),
      ],
      [
        '900,000 spaces in DEK-Info',
        'CWE-1333',
        keyFile(
          `-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,${' '.repeat(900_000)}!\n\nAAAA\n-----END EC PRIVATE KEY-----\n`,
        ),
      ],
      ['values within each other in a block', 'CWE-674', keyFile(encodePem('PRIVATE KEY', encode(nest(40))))],
      ['zeros', 'CWE-20', keyFile(new Uint8Array(1000))],
      [
        'a private key whose label is that of a certificate',
        'RFC 7468 §4',
        (documents) =>
          readKeyFile(
            Buffer.from(pkcs8(documents).replaceAll('PRIVATE KEY', 'CERTIFICATE')).subarray(0, 60),
            '',
          ),
      ],
      [
        'DEK-Info with a short vector',
        'RFC 1421 §4.6.1.3',
        keyFile(
          '-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n',
        ),
      ],
    ),
    ...refuse<Input>('UNSUPPORTED_ALGORITHM', [
      'DEK-Info with an unknown cipher',
      'RFC 1421 §4.6.1.3',
      keyFile(
        '-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: RC4,0011223344556677\n\nAAAA\n-----END EC PRIVATE KEY-----\n',
      ),
    ]),
  ],
  acceptances: accept<Input>(
    'accepted',
    ['a private key', (documents) => readKeyFile(Buffer.from(pkcs8(documents)), '')],
    ['text around it', (documents) => readKeyFile(Buffer.from(`Bag Attributes\n${pkcs8(documents)}\nx`), '')],
    ['a JWK', ({ key }) => readKeyFile(Buffer.from(JSON.stringify(key.export({ format: 'jwk' }))), '')],
  ),
}

const privateJwk = ({ key }: Documents): Record<string, unknown> => ({ ...key.export({ format: 'jwk' }) })
const publicJwk = ({ key }: Documents): Record<string, unknown> => ({
  ...createPublicKey(key).export({ format: 'jwk' }),
})
/** What signs with the JWK, which its `use`, `key_ops` and `alg` may forbid. */
const signerOf =
  (change: (documents: Documents) => object): Input =>
  (documents) =>
    createLocalSigner(importJwk({ ...privateJwk(documents), ...change(documents) }))
const imported =
  (change: (documents: Documents) => object): Input =>
  (documents) =>
    algorithmsOf(importJwk({ ...publicJwk(documents), ...change(documents) }))

const jwk: Family<Input> = {
  title: 'JWKs',
  refusals: [
    ...refuse<Input>(
      'INVALID_ENCODING',
      ['a point that is not on the curve', 'CVE-2015-7940', imported(() => ({ x: 'A'.repeat(43) }))],
      [
        'the coordinates of zero',
        'RFC 7518 §6.2.1',
        imported(() => ({ x: 'A'.repeat(43), y: 'A'.repeat(43) })),
      ],
      ['another curve', 'RFC 7518 §6.2.1', imported(() => ({ crv: 'P-384' }))],
      ['no y', 'RFC 7518 §6.2.1', imported(() => ({ y: undefined }))],
      ['a list for kty', 'RFC 7517 §4.1', imported(() => ({ kty: ['EC'] }))],
      ['no kty', 'RFC 7517 §4.1', imported(() => ({ kty: undefined }))],
      [
        'the private key of another',
        'RFC 7518 §6.2.2',
        signerOf(({ otherCertificate }) => ({ ...otherCertificate.publicKey.export({ format: 'jwk' }) })),
      ],
      ['key_ops with an operation twice', 'RFC 7517 §4.3', signerOf(() => ({ key_ops: ['sign', 'sign'] }))],
      ['a number for alg', 'RFC 7517 §4.4', signerOf(() => ({ alg: 7 }))],
    ),
    ...refuse<Input>(
      'UNSUPPORTED_KEY',
      ['a symmetric key', 'RFC 7518 §6.4', imported(() => ({ kty: 'oct', k: 'AAAA' }))],
      ['a key for encryption', 'RFC 7517 §4.2', signerOf(() => ({ use: 'enc' }))],
      ['a key that may only verify', 'RFC 7517 §4.3', signerOf(() => ({ key_ops: ['verify'] }))],
      ['the algorithm of another type of key', 'RFC 7517 §4.4', signerOf(() => ({ alg: 'RS256' }))],
      ['RSA with three primes', 'RFC 7518 §6.3.2.7', signerOf(() => ({ oth: [] }))],
      ['RSA with the exponent 1', 'RFC 8017 §3.1', () => algorithmsOf(importJwk({ ...rsa(2048), e: 'AQ' }))],
      [
        'RSA with an even exponent',
        'RFC 8017 §3.1',
        () => algorithmsOf(importJwk({ ...rsa(2048), e: 'Ag' })),
      ],
      ['RSA with 1,024 bits', 'RFC 7518 §3.3', () => algorithmsOf(importJwk(rsa(1024)))],
      [
        'RSA with a modulus that 3 divides',
        'CWE-326',
        () =>
          algorithmsOf(
            importJwk({ kty: 'RSA', e: 'AQAB', n: Buffer.alloc(256, 0xff).toString('base64url') }),
          ),
      ],
      [
        'a point of small order on Ed25519',
        'RFC 8032 §5.1.7',
        () =>
          algorithmsOf(
            importJwk({
              kty: 'OKP',
              crv: 'Ed25519',
              x: Buffer.from([1, ...new Uint8Array(31)]).toString('base64url'),
            }),
          ),
      ],
    ),
    ...refuse<Input>(
      'LIMIT_EXCEEDED',
      ['a coordinate of 5,000 characters', 'CWE-770', imported(() => ({ x: 'A'.repeat(5000) }))],
      ['a modulus of 1 MiB', 'CWE-770', () => importJwk({ kty: 'RSA', n: 'A'.repeat(2 ** 20), e: 'AQAB' })],
    ),
    ...refuse<Input>(
      'INVALID_ARGUMENT',
      ['text', 'CWE-20', () => importJwk(JSON.parse('"{}"') as Record<string, unknown>)],
      ['null', 'CWE-20', () => importJwk(JSON.parse('null') as Record<string, unknown>)],
    ),
  ],
  acceptances: accept<Input>(
    'accepted',
    ['a private key', signerOf(() => ({}))],
    ['a key for signatures', signerOf(() => ({ use: 'sig', key_ops: ['sign'], alg: 'ES256' }))],
    ['a public key', imported(() => ({}))],
    ['unknown members', imported(() => ({ x5u: 'https://evil.example', __proto__: null, foo: [1] }))],
  ),
}

/** A public RSA key whose modulus has that many bits and no small factor, though no one has its primes. */
function rsa(bits: number): Record<string, unknown> {
  const { publicKey } = bits === 2048 ? rsa2048 : rsa1024
  return { ...publicKey.export({ format: 'jwk' }) }
}
const rsa2048 = generateKeyPairSync('rsa', { modulusLength: 2048 })
const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 })

/** A signed document with the fields of its outer SEQUENCE changed. */
function altered(der: Uint8Array, change: (fields: Tlv[]) => Tlv[]): Uint8Array {
  return encode(sequence(...change(decode(der).children)))
}

const signatureOf = (der: Uint8Array | readonly number[]): Tlv => primitive(0x03, [0, ...der])
const zeroSignature = signatureOf(encode(sequence(int(0), int(0))))
const withSignature = (der: Uint8Array, signature: Tlv): Uint8Array =>
  altered(der, ([content = nul(), algorithm = nul()]) => [content, algorithm, signature])

/** One bit of the signed part changed: its last byte. */
function withOtherContent(der: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(der).toString('latin1').replace(from, to), 'latin1')
}

const documents: Family<Input> = {
  title: 'Certificate requests and CRLs',
  refusals: [
    ...refuse<Input>(
      'INVALID_SIGNATURE',
      [
        'a request with r = s = 0',
        'CVE-2022-21449',
        ({ request }) => readCertificateRequest(withSignature(request, zeroSignature)),
      ],
      [
        'a request of another subject',
        'RFC 2986 §4.2',
        ({ request }) => readCertificateRequest(withOtherContent(request, 'client', 'admin1')),
      ],
      [
        'a CRL with r = s = 0',
        'CVE-2022-21449',
        ({ revocationList, certificate }) =>
          readRevocationList(withSignature(revocationList, zeroSignature), certificate),
      ],
      [
        'a CRL of another CA of that name',
        'RFC 5280 §6.3.3',
        ({ revocationList, otherCertificate }) => readRevocationList(revocationList, otherCertificate),
      ],
    ),
    ...refuse<Input>(
      'INVALID_ENCODING',
      [
        'a request with an empty signature',
        'RFC 2986 §4.2',
        ({ request }) => readCertificateRequest(withSignature(request, primitive(0x03, []))),
      ],
      [
        'a request with bytes behind it',
        'X.690 §8',
        ({ request }) => readCertificateRequest(Buffer.concat([request, Buffer.alloc(1)])),
      ],
      [
        'a request in BER',
        'X.690 §10.1',
        ({ request }) => readCertificateRequest(Uint8Array.of(0x30, 0x80, ...request.subarray(4), 0, 0)),
      ],
      [
        'a request that is cut off',
        'CWE-125',
        ({ request }) => readCertificateRequest(request.subarray(0, -1)),
      ],
      [
        'a CRL that is cut off',
        'CWE-125',
        ({ revocationList, certificate }) => readRevocationList(revocationList.subarray(0, -1), certificate),
      ],
      [
        'a certificate in place of a request',
        'RFC 2986 §4',
        ({ certificate }) => readCertificateRequest(certificate.raw),
      ],
      ['no bytes', 'CWE-20', () => readCertificateRequest(new Uint8Array())],
    ),
    ...refuse<Input>(
      'LIMIT_EXCEEDED',
      ['a request of more than 64 KiB', 'CWE-770', () => readCertificateRequest(new Uint8Array(2 ** 16 + 1))],
      [
        '2,000 values in a request',
        'CWE-770',
        ({ request }) =>
          readCertificateRequest(altered(request, ([, ...rest]) => [sequence(...many(2000)), ...rest])),
      ],
      [
        '20 values within each other in a request',
        'CWE-674',
        ({ request }) => readCertificateRequest(altered(request, ([, ...rest]) => [nest(20), ...rest])),
      ],
      [
        'a CRL with more values than are allowed',
        'CWE-770',
        ({ revocationList, certificate }) =>
          readRevocationList(revocationList, certificate, { revocationListElements: 10 }),
      ],
      [
        '20 values within each other in a CRL',
        'CWE-674',
        ({ revocationList, certificate }) =>
          readRevocationList(
            altered(revocationList, ([, ...rest]) => [nest(20), ...rest]),
            certificate,
          ),
      ],
    ),
    ...refuse<Input>('UNSUPPORTED_ALGORITHM', [
      'an algorithm that does not exist',
      'RFC 5280 §4.1.1.2',
      ({ request }) =>
        readCertificateRequest(
          altered(request, ([content = nul(), , signature = nul()]) => [
            content,
            sequence(oid('1.2.3')),
            signature,
          ]),
        ),
    ]),
  ],
  acceptances: accept<Input>(
    'accepted',
    ['a request', ({ request }) => readCertificateRequest(request)],
    ['a CRL', ({ revocationList, certificate }) => readRevocationList(revocationList, certificate)],
  ),
}

export const keyFileFamilies: readonly Family<Input>[] = [pkcs12, pem, jwk, documents]
