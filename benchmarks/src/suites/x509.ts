// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 wants it loaded before itself
import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createPublicKey, sign, webcrypto, X509Certificate, type KeyObject } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import {
  createCertificateRequest,
  createSelfSignedCertificate,
  parseCertificate,
  readCertificateRequest,
  readPkcs12,
  writePkcs12,
} from '@sealwright/x509'
import * as peculiar from '@peculiar/x509'
import forge from 'node-forge'
import { subject, type Subject } from '../load/keys.ts'
import { concurrently, repeat } from '../measuring/loops.ts'
import { measure, type Contestant, type Plan, type Row } from '../measuring/measure.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { revocationLists } from './revocation-lists.ts'

/** Certificates, requests and PKCS#12 files, made and read one after the other with an existing key. */
export const x509: Suite = {
  name: 'x509',
  title: 'Certificates and PKCS#12 files',
  async run({ plan, progress }: SuiteContext): Promise<Row[]> {
    const rows: Row[] = []
    async function add(what: string, contestants: readonly Contestant[]): Promise<void> {
      progress(what)
      rows.push(...(await measure('x509', what, contestants, shorter(plan))))
    }
    for (const label of ['ES256', 'RS256']) {
      const keys = await keysOf(subject(label))
      const { certificate, contestants } = await certificates(keys)
      await add(`certificate, ${label}`, contestants)
      await add(`CSR, ${label}`, await requests(keys))
      await add(`parse, ${label}`, parsing(keys, certificate))
      rows.push(...(await revocationLists(label, keys, shorter(plan), progress)))
      if (keys.forge === null) continue
      for (const encryption of encryptions) {
        const files = await pkcs12(keys, keys.forge, certificate, encryption)
        await add(`write PFX, ${encryption.label}`, files.writing)
        await add(`read PFX, ${encryption.label}`, files.reading)
      }
    }
    return rows
  },
}

/** The work here takes long enough for fewer turns. */
function shorter({ rounds, turns, turn }: Plan): Plan {
  return { rounds, turns: Math.ceil(turns / 3), turn: 2 * turn }
}

const name = 'CN=my-app-auth,O=Contoso'
/** The same name: RFC 4514 begins with the last attribute, @peculiar/x509 with the first. */
const peculiarName = 'O=Contoso,CN=my-app-auth'
const password = 'correct horse battery staple'
const iterations = 2048

/** One key as each library has it. */
interface Keys {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly peculiar: Pick<peculiar.Pkcs10CertificateRequestCreateParams, 'keys' | 'signingAlgorithm'>
  /** Null for EC, which node-forge does not have. */
  readonly forge: forge.pki.rsa.KeyPair | null
}

async function keysOf({ algorithm, privateKey }: Subject): Promise<Keys> {
  peculiar.cryptoProvider.set(webcrypto)
  const publicKey = createPublicKey(privateKey)
  const isRsa = algorithm === 'RS256'
  const signingAlgorithm = isRsa
    ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const { subtle } = webcrypto
  const pkcs8 = privateKey.export({ format: 'der', type: 'pkcs8' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return {
    privateKey,
    publicKey,
    peculiar: {
      signingAlgorithm,
      keys: {
        privateKey: await subtle.importKey('pkcs8', pkcs8, signingAlgorithm, true, ['sign']),
        publicKey: await subtle.importKey('spki', spki, signingAlgorithm, true, ['verify']),
      },
    },
    forge: isRsa
      ? {
          privateKey: forge.pki.privateKeyFromPem(
            privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
          ),
          publicKey: forge.pki.publicKeyFromPem(publicKey.export({ format: 'pem', type: 'spki' }).toString()),
        }
      : null,
  }
}

/** Self-signed, with the four extensions that Sealwright's have by default. */
async function certificates(
  keys: Keys,
): Promise<{ readonly certificate: X509Certificate; readonly contestants: readonly Contestant[] }> {
  const signer = createLocalSigner(keys.privateKey)
  const own = (): Promise<X509Certificate> => createSelfSignedCertificate(signer, { subject: name })
  const ofPeculiar = (): Promise<peculiar.X509Certificate> => peculiarCertificate(keys)
  const ofForge = keys.forge === null ? null : forgeCertificate.bind(null, keys.forge)

  const certificate = await own()
  const others = [Buffer.from((await ofPeculiar()).rawData), ...(ofForge === null ? [] : [ofForge()])]
  for (const made of [certificate, ...others.map((der) => new X509Certificate(der))]) {
    assert(made.verify(keys.publicKey))
    assert.equal(made.subject, certificate.subject)
    assert.deepEqual(extensionsOf(made), extensionsOf(certificate))
  }
  return {
    certificate,
    contestants: [
      raw(keys.privateKey, certificate.raw),
      oneByOne('sealwright', 'own', own),
      oneByOne('@peculiar/x509', 'peer', ofPeculiar),
      ...(ofForge === null ? [] : [atOnce('node-forge', 'peer', ofForge)]),
    ],
  }
}

function extensionsOf(certificate: X509Certificate): string[] {
  return new peculiar.X509Certificate(certificate.raw).extensions.map(({ type }) => type).toSorted()
}

async function peculiarCertificate({ peculiar: parameters }: Keys): Promise<peculiar.X509Certificate> {
  const { publicKey } = parameters.keys
  return peculiar.X509CertificateGenerator.createSelfSigned({
    ...parameters,
    name: peculiarName,
    notBefore: new Date(),
    notAfter: inAYear(),
    extensions: [
      new peculiar.BasicConstraintsExtension(false, undefined, true),
      new peculiar.KeyUsagesExtension(peculiar.KeyUsageFlags.digitalSignature, true),
      await peculiar.SubjectKeyIdentifierExtension.create(publicKey),
      await peculiar.AuthorityKeyIdentifierExtension.create(publicKey),
    ],
  })
}

function forgeCertificate({ privateKey, publicKey }: forge.pki.rsa.KeyPair): Buffer {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = publicKey
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(15))}`
  certificate.validity.notBefore = new Date()
  certificate.validity.notAfter = inAYear()
  certificate.setSubject(forgeName)
  certificate.setIssuer(forgeName)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: true },
  ])
  certificate.sign(privateKey, forge.md.sha256.create())
  return toDer(forge.pki.certificateToAsn1(certificate))
}

const forgeName = [
  { shortName: 'O', value: 'Contoso' },
  { shortName: 'CN', value: 'my-app-auth' },
]

async function requests(keys: Keys): Promise<Contestant[]> {
  const signer = createLocalSigner(keys.privateKey)
  const own = (): Promise<Uint8Array> => createCertificateRequest(signer, { subject: name })
  const ofPeculiar = async (): Promise<Uint8Array> =>
    new Uint8Array(
      (await peculiar.Pkcs10CertificateRequestGenerator.create({ ...keys.peculiar, name: peculiarName }))
        .rawData,
    )
  const ofForge = keys.forge === null ? null : forgeRequest.bind(null, keys.forge)

  for (const der of [await own(), await ofPeculiar(), ...(ofForge === null ? [] : [ofForge()])]) {
    assert(readCertificateRequest(der).publicKey.equals(keys.publicKey))
    assert(await new peculiar.Pkcs10CertificateRequest(Buffer.from(der)).verify())
  }
  return [
    raw(keys.privateKey, await own()),
    oneByOne('sealwright', 'own', own),
    oneByOne('@peculiar/x509', 'peer', ofPeculiar),
    ...(ofForge === null ? [] : [atOnce('node-forge', 'peer', ofForge)]),
  ]
}

function forgeRequest({ privateKey, publicKey }: forge.pki.rsa.KeyPair): Buffer {
  const request = forge.pki.createCertificationRequest()
  request.publicKey = publicKey
  request.setSubject(forgeName)
  request.sign(privateKey, forge.md.sha256.create())
  return toDer(forge.pki.certificationRequestToAsn1(request))
}

/** From DER to names, serial number, validity, extensions and public key; Sealwright's begins with Node's own parser. */
function parsing({ publicKey, forge: forgeKeys }: Keys, { raw: der }: X509Certificate): Contestant[] {
  const own = (): KeyObject => {
    const certificate = new X509Certificate(der)
    parseCertificate(certificate)
    return certificate.publicKey
  }
  const ofPeculiar = (): Uint8Array => {
    const certificate = new peculiar.X509Certificate(der)
    const { subject: subjectName, issuer, serialNumber, notBefore, notAfter, extensions } = certificate
    assert(subjectName === issuer && serialNumber !== '' && notBefore < notAfter && extensions.length === 4)
    return new Uint8Array(certificate.publicKey.rawData)
  }
  const ofForge = (): forge.pki.Certificate =>
    forge.pki.certificateFromAsn1(forge.asn1.fromDer(forge.util.createBuffer(der)))

  assert(own().equals(publicKey))
  assert.deepEqual(Buffer.from(ofPeculiar()), publicKey.export({ format: 'der', type: 'spki' }))
  if (forgeKeys !== null) {
    assert.deepEqual((ofForge().publicKey as forge.pki.rsa.PublicKey).n, forgeKeys.publicKey.n)
  }
  return [
    {
      name: 'new X509Certificate',
      mode: 'sync',
      role: 'limit',
      run: (count) => repeat(count, () => new X509Certificate(der)),
    },
    atOnce('sealwright', 'own', own),
    atOnce('@peculiar/x509', 'peer', ofPeculiar),
    ...(forgeKeys === null ? [] : [atOnce('node-forge', 'peer', ofForge)]),
  ]
}

interface Encryption {
  readonly label: string
  readonly profile: 'modern' | 'compatible'
  readonly algorithm: '3des' | 'aes256'
}

const encryptions: readonly Encryption[] = [
  { label: '3DES', profile: 'compatible', algorithm: '3des' },
  { label: 'AES-256', profile: 'modern', algorithm: 'aes256' },
]

interface Files {
  readonly writing: readonly Contestant[]
  readonly reading: readonly Contestant[]
}

/** A key with its certificate; both libraries read the same file, Sealwright's. */
async function pkcs12(
  { privateKey }: Keys,
  { privateKey: forgeKey }: forge.pki.rsa.KeyPair,
  certificate: X509Certificate,
  { profile, algorithm }: Encryption,
): Promise<Files> {
  const entry = { privateKey, certificates: [certificate], friendlyName: 'my-app-auth' }
  const forgeCertificates = [forge.pki.certificateFromPem(certificate.toString())]
  const forgeOptions = { algorithm, count: iterations, friendlyName: 'my-app-auth' } as const

  const write = (): Promise<Uint8Array> => writePkcs12(entry, password, { profile, iterations })
  const forgeWrite = (): Buffer =>
    toDer(forge.pkcs12.toPkcs12Asn1(forgeKey, forgeCertificates, password, forgeOptions))

  const example = await write()
  for (const file of [example, forgeWrite()]) {
    const [key] = (await readPkcs12(file, password)).keys
    assert(key !== undefined && key.privateKey.equals(privateKey))
    assert(key.certificates[0]?.raw.equals(certificate.raw))
    const bags = forgeRead(file).getBags({ friendlyName: 'my-app-auth' }).friendlyName ?? []
    assert(bags.some(({ key: found }) => found !== undefined && found !== null))
    assert(bags.some(({ cert }) => cert !== undefined))
  }
  return {
    writing: [oneByOne('sealwright', 'own', write), atOnce('node-forge', 'peer', forgeWrite)],
    reading: [
      oneByOne('sealwright', 'own', () => readPkcs12(example, password)),
      atOnce('node-forge', 'peer', () => forgeRead(example)),
    ],
  }
}

function forgeRead(file: Uint8Array): forge.pkcs12.Pkcs12Pfx {
  return forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(forge.util.createBuffer(Buffer.from(file))), password)
}

/** The signature alone, without anything around it. */
function raw(privateKey: KeyObject, data: Uint8Array): Contestant {
  return {
    name: 'crypto.sign',
    mode: 'sync',
    role: 'limit',
    run: (count) => repeat(count, () => sign('sha256', data, privateKey)),
  }
}

function oneByOne(library: string, role: Contestant['role'], operation: () => Promise<unknown>): Contestant {
  return { name: library, mode: 'async', role, run: (count) => concurrently(1, count, operation) }
}

function atOnce(library: string, role: Contestant['role'], operation: () => unknown): Contestant {
  return { name: library, mode: 'sync', role, run: (count) => repeat(count, operation) }
}

function toDer(value: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(value).getBytes(), 'binary')
}

function inAYear(): Date {
  return new Date(Date.now() + 365 * 24 * 60 * 60 * 1000)
}
