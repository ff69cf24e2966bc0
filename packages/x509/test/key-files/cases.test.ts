import { readdirSync, readFileSync } from 'node:fs'
import { jwkThumbprint } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { readKeyFile, type KeyFile } from '../../src/index.ts'

/** Files as people had them, each made after the public report that `manifest.json` names. The keys protect nothing. */
const folder = new URL('cases/', import.meta.url)

interface Case {
  readonly file: string
  readonly password: string
  /** The right answer, in words. */
  readonly expected: string
}

const manifest: readonly Case[] = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8'))

/** What a file holds, in short. Lists that are empty are left out. */
function summarize(file: KeyFile): object {
  const all = {
    keys: file.keys.map(({ privateKey, certificates }) => `${typeOf(privateKey)} ${certificates.length}`),
    publicKeys: file.publicKeys.map(typeOf),
    certificates: file.certificates.map(({ subject }) => subject.split('\n').at(-1)),
    requests: file.requests.map(({ subject, verified, weaknesses }) => ({ subject, verified, weaknesses })),
    revocationLists: file.revocationLists.map(({ issuer, number, revoked, problems }) => ({
      issuer,
      number: String(number),
      revoked: revoked.length,
      problems,
    })),
    skipped: file.skipped.map(({ what, reason }) => `${what}: ${reason}`),
    remarks: file.remarks,
  }
  return {
    format: file.format,
    ...Object.fromEntries(Object.entries(all).filter(([, list]) => list.length > 0)),
  }
}

function typeOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyFile['publicKeys'][number]): string {
  const { modulusLength, namedCurve } = asymmetricKeyDetails ?? {}
  return [asymmetricKeyType, modulusLength ?? namedCurve].filter((each) => each !== undefined).join('-')
}

const has = (text: string): unknown => expect.stringContaining(text)
const myApp = { certificates: ['CN=my-app'] }
const ecKey = { format: 'PKCS#8', keys: ['ec-prime256v1 0'] }

const answers: Readonly<Record<string, object>> = {
  'F1-jwks-oct__set-oct.json': {
    format: 'JWK Set',
    publicKeys: ['ec-prime256v1'],
    skipped: [has('symmetric key')],
  },
  'F1-jwks-unknown-kty__set-unk.json': {
    format: 'JWK Set',
    publicKeys: ['ec-prime256v1'],
    skipped: [has('the JWK "z": ')],
  },
  'F1-keystore-rsa+dsa__mixed.p12': {
    format: 'PKCS#12',
    keys: ['rsa-2048 1'],
    certificates: ['CN=rsa', 'CN=dsa'],
    skipped: [has('a private key "dsa": the private key is a DSA key')],
  },
  'F1-pem-with-unknown-block__mix4.pem': {
    format: 'PEM',
    ...myApp,
    skipped: [has('the PEM block X509 ATTRIBUTE CERTIFICATE')],
  },
  'F2-crl-idp__idp.crl': {
    format: 'CRL',
    revocationLists: [
      {
        issuer: 'CN=ca',
        number: '5',
        revoked: 1,
        problems: [expect.stringMatching(/partitioned.*2\.5\.29\.28/)],
      },
    ],
  },
  'F3-crl-1500__crl1500.crl': {
    format: 'CRL',
    revocationLists: [{ issuer: 'CN=ca', number: '5', revoked: 1500, problems: [] }],
  },
  'F4-csr-iis-sha1__iis.csr': {
    format: 'certificate request',
    requests: [
      {
        subject: 'CN=www.example.com,O=acme,ST=Texas,C=US',
        verified: true,
        weaknesses: ['a signature with SHA-1'],
      },
    ],
  },
  'F4-csr-rsa1024__r1024.csr': {
    format: 'certificate request',
    requests: [{ subject: 'CN=old', verified: true, weaknesses: ['an RSA key of 1024 bits'] }],
  },
  'F4-csr-sha224__rsa224.csr': {
    format: 'certificate request',
    requests: [{ subject: 'CN=rsa224', verified: true, weaknesses: [] }],
  },
  'F4-csr-bad-signature__badsig.csr': {
    format: 'certificate request',
    requests: [{ subject: 'CN=x', verified: false, weaknesses: [] }],
  },
  'F5-pem-latin1-comment__latin1.pem': { format: 'certificate', ...myApp },
  'F5-pem-bracket-preamble__bracket.pem': { format: 'certificate', ...myApp },
  'F5-pem-utf16be__u16be.pem': ecKey,
  'F6-trusted-certificate__trusted.pem': { format: 'certificate', ...myApp },
  'F6-pkcs7-signed-data-label__c7sd.pem': { format: 'PKCS#7', ...myApp, remarks: [has('the label PKCS7')] },
  'F6-certificate-chain-label__chain.pem': {
    format: 'certificate',
    ...myApp,
    remarks: [has('the label CERTIFICATE')],
  },
  'F7-p7b-trailing-zeros__zeros.p7b': { format: 'PKCS#7', ...myApp },
  'F7-p7b-trailing-zeros-pem__zeros.pem': { format: 'PKCS#7', ...myApp },
  'F7-p12-trailing-newline__anl.p12': { format: 'PKCS#12', keys: ['rsa-2048 1'], ...myApp },
  'F8-ed25519-v2__ed25519-v2.pem': { format: 'PKCS#8', keys: ['ed25519 0'] },
  'F8-ed25519-v2-in-pfx__p-edv2.p12': { format: 'PKCS#12', keys: ['ed25519 0'], ...myApp },
  'F8-reference-v1__ed25519-v1.pem': { format: 'PKCS#8', keys: ['ed25519 0'] },
  'F9-encrypted-right-password__ed-enc-v2.pem': { format: 'encrypted PKCS#8', keys: ['ed25519 0'] },
  'F10-pkcs8-latin1-password__sat.key': { format: 'encrypted PKCS#8', keys: ['rsa-2048 0'] },
  'F10-pem-latin1-password__satpem.key': { format: 'PKCS#1', keys: ['rsa-2048 0'] },
  'F11-friendlyname-utf8string__p-fn-utf8.p12': { format: 'PKCS#12', keys: ['rsa-2048 1'], ...myApp },
  'F12-pbes2-des__desv2.pem': { format: 'encrypted PKCS#8', keys: ['rsa-2048 0'] },
  'F13-msg-escaped-newlines__escaped.pem': ecKey,
  'F13-msg-one-line__oneline.pem': ecKey,
  'F13-msg-indented__indented.pem': ecKey,
  'F13-msg-base64-of-pem__b64pem.txt': ecKey,
  'F13-msg-keyvault-key__kv.json': { format: 'JWK', publicKeys: ['rsa-2048'] },
  'F13-msg-tempkey.rsa__tempkey.rsa': { format: 'JWK', keys: ['rsa-2048 0'] },
  'F13-msg-rsa-xml__rsa.xml': { format: 'RSAKeyValue', keys: ['rsa-2048 0'] },
  'F13-msg-msblob__blob.bin': { format: 'MSBLOB', keys: ['rsa-2048 0'] },
  'F13-msg-pkcs1-public-der__pub1.der': { format: 'public key', publicKeys: ['rsa-2048'] },
  'F13-msg-rsa-nocrt__rsa-nocrt.jwk': {
    format: 'JWK',
    keys: ['rsa-2048 0'],
    remarks: [has('p, q, dp, dq, qi are missing (RFC 7518 §6.3.2)')],
  },
  'F13-msg-wrong-label__wrong1.pem': {
    format: 'PKCS#8',
    keys: ['rsa-2048 0'],
    remarks: [has('the label PRIVATE KEY')],
  },
  'F13-msg-glued__glued2.pem': {
    format: 'PEM',
    keys: ['rsa-2048 1'],
    ...myApp,
    remarks: [has('END and BEGIN are on one line')],
  },
}

function read({ file, password }: Case): Promise<KeyFile> {
  return readKeyFile(readFileSync(new URL(file, folder)), password)
}

function named(file: string): Case {
  const found = manifest.find((each) => each.file === file)
  if (found === undefined) throw new Error(`${file} is not in the manifest`)
  return found
}

describe('files as people have them', () => {
  const special = new Set(['F1-jwks-akp__set-akp.json', 'F13-msg-nomac__nomac.p12'])

  test.each(manifest.filter(({ file }) => !special.has(file)))('$file: $expected', async (each) => {
    expect(summarize(await read(each))).toEqual(answers[each.file])
  })

  test('an ML-DSA key in a set is read, or skipped where Node has no ML-DSA', async () => {
    const { format, publicKeys, skipped } = await read(named('F1-jwks-akp__set-akp.json'))
    expect({ format, count: publicKeys.length + skipped.length }).toEqual({ format: 'JWK Set', count: 3 })
    expect(publicKeys.slice(0, 2).map(typeOf)).toEqual(['ec-prime256v1', 'rsa-2048'])
    expect(skipped.every(({ what }) => what === 'the JWK "pq"')).toBe(true)
  })

  test('a PFX without a MAC is refused, and the message says how to add one', async () => {
    await expect(read(named('F13-msg-nomac__nomac.p12'))).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_ENCODING',
        message: expect.stringMatching(/has no MAC.*openssl pkcs12 -export/),
      }),
    )
  })

  test('PKCS#8 of version 1 and 2 hold the same key', async () => {
    const files = ['F8-ed25519-v2__ed25519-v2.pem', 'F8-reference-v1__ed25519-v1.pem']
    const read1 = await Promise.all(files.map((file) => read(named(file))))
    const [one, two] = read1.map(({ keys }) => keys.map(({ privateKey }) => jwkThumbprint(privateKey)))
    expect(one).toEqual(two)
  })

  test('every file of the folder is in the manifest', () => {
    const files = manifest.map(({ file }) => file)
    expect(
      readdirSync(folder)
        .filter((file) => file !== 'manifest.json')
        .toSorted(),
    ).toEqual(files.toSorted())
  })
})
