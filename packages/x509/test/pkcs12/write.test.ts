import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPublicKey, webcrypto } from 'node:crypto'
import { Crypto as PeculiarCrypto } from '@peculiar/webcrypto'
import { createLocalSigner, type KeyTypeName } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { keytool, lacks, type Outcome, run, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import {
  createSelfSignedCertificate,
  issueCertificate,
  readPkcs12,
  writePkcs12,
  type Pkcs12Profile,
} from '../../src/index.ts'
import { commonKeyTypes, identity, rejectionCode } from '../support/certificates.ts'
import { decode } from '../support/tlv.ts'
import { asn1parse } from '../support/tools.ts'

const iterations = 2048
const password = 'correct-horse'
const friendlyName = 'my-app-auth'

async function fileFor(type: KeyTypeName, secret = password): Promise<Uint8Array> {
  const { privateKey, certificate } = await identity(type)
  return writePkcs12({ privateKey, certificates: [certificate], friendlyName }, secret, { iterations })
}

async function savedAs(profile: Pkcs12Profile, secret: string): Promise<string> {
  const { privateKey, certificate } = await identity('rsa-2048')
  const contents = { privateKey, certificates: [certificate], friendlyName }
  const path = join(scratchFolder(), 'file.p12')
  writeFileSync(path, await writePkcs12(contents, secret, { profile, iterations }))
  return path
}

function openedByOpenssl(path: string, secret: string): Outcome {
  return tryRun(`openssl pkcs12 -nodes -info -noout -passin stdin -in ${path}`, `${secret}\n`)
}

async function saved(type: KeyTypeName, secret = password): Promise<string> {
  const path = join(scratchFolder(), 'file.p12')
  writeFileSync(path, await fileFor(type, secret))
  return path
}

test('one iteration, the default of the MAC, is left out of DER (X.690 §11.5)', async () => {
  const { certificate } = await identity('ec-p256')
  const fieldsOf = async (count: number): Promise<unknown> => {
    const file = await writePkcs12({ certificates: [certificate] }, password, { iterations: count })
    expect((await readPkcs12(file, password)).mac).toMatchObject({ iterations: count })
    return decode(file).children[2]?.children.length
  }
  expect(await fieldsOf(1)).toBe(2)
  expect(await fieldsOf(2)).toBe(3)
})

describe.each(commonKeyTypes)('$name', ({ name }) => {
  test.skipIf(lacks('openssl'))('OpenSSL reads key and certificate back [needs openssl]', async () => {
    const { privateKey, certificate } = await identity(name)
    const path = await saved(name)
    const key = run(`openssl pkcs12 -in ${path} -passin pass:${password} -nodes -nocerts`)
    expect(key).toContain(String(privateKey.export({ format: 'pem', type: 'pkcs8' })))
    expect(key).toContain(`friendlyName: ${friendlyName}`)
    const certificates = run(`openssl pkcs12 -in ${path} -passin pass:${password} -nokeys`)
    expect(certificates).toContain(certificate.toString())
    expect(certificates).toContain(`friendlyName: ${friendlyName}`)
    const localKeyId = /localKeyID: .*/
    expect(localKeyId.exec(key)?.[0]).toMatch(/(?:[0-9A-F]{2} ){20}/)
    expect(localKeyId.exec(certificates)?.[0]).toBe(localKeyId.exec(key)?.[0])
  })

  test.skipIf(lacks('certtool'))('certtool shows it [needs certtool]', async () => {
    const path = await saved(name)
    const text = run(`certtool --p12-info --inder --infile ${path} --password ${password}`)
    expect(text).toContain('MAC: SHA256')
    expect(text.match(/Salt size: 16$/gm)).toHaveLength(3)
    expect(text.match(new RegExp(`Iteration count: ${iterations}$`, 'gm'))).toHaveLength(3)
    expect(text.match(/PBES2-AES256-CBC/g)).toHaveLength(2)
    expect(text.match(new RegExp(`Friendly name: ${friendlyName}`, 'g'))).toHaveLength(2)
    const { certificate } = await identity(name)
    expect(text).toContain(certificate.toString())
  })

  test.skipIf(lacks('pk12util', 'certutil'))('NSS reads and imports it [needs pk12util]', async () => {
    const path = await saved(name)
    const listing = run(`pk12util -l ${path} -W ${password}`)
    expect(listing.match(new RegExp(`Friendly Name: ${friendlyName}`, 'g'))).toHaveLength(2)
    const database = scratchFolder()
    run(`certutil -N -d ${database} --empty-password`)
    const { status, stdout, stderr } = tryRun(`pk12util -i ${path} -d ${database} -W ${password}`)
    if (name === 'ed25519' && status !== 0) {
      // NSS has Ed25519 keys from 3.101 on; before that it says so, and shows that it got as far as the key.
      // oxlint-disable-next-line vitest/no-conditional-expect
      expect(stderr).toContain('SEC_ERROR_PKCS12_UNABLE_TO_IMPORT_KEY')
      return
    }
    expect(stdout + stderr).toContain('PKCS12 IMPORT SUCCESSFUL')
    expect(run(`certutil -L -d ${database}`)).toMatch(new RegExp(`^${friendlyName} +u,u,u$`, 'm'))
  })
})

// A JVM takes a second, and a longer key or another curve makes no difference to the file.
test.skipIf(lacks('keytool')).each<KeyTypeName>(['rsa-2048', 'ec-p256', 'ec-secp256k1', 'ed25519'])(
  'keytool lists it: %s [needs keytool]',
  async (name) => {
    const path = await saved(name)
    const text = run(`${keytool} -list -keystore ${path} -storetype PKCS12 -storepass ${password}`)
    expect(text).toContain('Your keystore contains 1 entry')
    expect(text).toMatch(new RegExp(`^${friendlyName}, .*PrivateKeyEntry`, 'm'))
    const { certificate } = await identity(name)
    expect(text).toContain(certificate.fingerprint256)
  },
)

describe.each([
  { provider: "Node's WebCrypto", crypto: webcrypto },
  { provider: '@peculiar/webcrypto', crypto: new PeculiarCrypto() },
])('with $provider', ({ crypto }) => {
  test.each(['correct horse', '', 'päßwörd ένα', '😀', 'x'.repeat(300)])(
    'a file with the password %j is read back',
    async (secret) => {
      const { privateKey, certificate } = await identity('ec-p256')
      const contents = { privateKey, certificates: [certificate], friendlyName: 'ένα' }
      const file = await writePkcs12(contents, secret, { iterations: 1, crypto })
      const read = await readPkcs12(file, secret, { crypto })
      expect(read.keys).toHaveLength(1)
      expect(read.keys[0]?.privateKey.equals(privateKey)).toBe(true)
      expect(read.keys[0]?.friendlyName).toBe('ένα')
      expect(read.keys[0]?.certificates.map(({ raw }) => raw)).toEqual([certificate.raw])
      expect(read.certificates.map(({ raw }) => raw)).toEqual([certificate.raw])
      expect(await rejectionCode(readPkcs12(file, `${secret}x`, { crypto }))).toBe('WRONG_PASSWORD')
    },
  )
})

describe('profiles', () => {
  const secrets = ['correct-horse', 'ένα-δύο', '']

  test.skipIf(lacks('openssl')).each(secrets)(
    'OpenSSL finds 3DES and SHA-1 in a compatible file with the password %j [needs openssl]',
    async (secret) => {
      const { stderr } = openedByOpenssl(await savedAs('compatible', secret), secret)
      expect(stderr.trim().split('\n')).toEqual([
        `MAC: sha1, Iteration ${iterations}`,
        'MAC length: 20, salt length: 16',
        `PKCS7 Encrypted data: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration ${iterations}`,
        'Certificate bag',
        'PKCS7 Data',
        `Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration ${iterations}`,
      ])
    },
  )

  test.skipIf(lacks('keytool'))('keytool lists a compatible file [needs keytool]', async () => {
    const path = await savedAs('compatible', password)
    const text = run(`${keytool} -list -keystore ${path} -storetype PKCS12 -storepass ${password}`)
    expect(text).toMatch(new RegExp(`^${friendlyName}, .*PrivateKeyEntry`, 'm'))
  })

  test.each<Pkcs12Profile>(['modern', 'pbmac1', 'compatible'])('a %s file is read back', async (profile) => {
    const { privateKey } = await identity('rsa-2048')
    for (const secret of secrets) {
      const { keys } = await readPkcs12(readFileSync(await savedAs(profile, secret)), secret)
      expect(keys[0]?.privateKey.equals(privateKey)).toBe(true)
    }
  })
})

describe('several entries', () => {
  test.skipIf(lacks('openssl', 'keytool'))(
    'two keys, and a certificate without one, in OpenSSL and keytool [needs openssl, keytool]',
    async () => {
      const [one, two, other] = await Promise.all([
        identity('ec-p256'),
        identity('ed25519'),
        identity('ec-p384'),
      ])
      const path = join(scratchFolder(), 'file.p12')
      const file = await writePkcs12(
        [
          {
            privateKey: one.privateKey,
            certificates: [one.certificate, other.certificate],
            friendlyName: 'one',
          },
          { certificates: [other.certificate], friendlyName: 'other' },
          {
            privateKey: two.privateKey,
            certificates: [other.certificate, two.certificate],
            friendlyName: 'two',
          },
        ],
        password,
        { iterations },
      )
      writeFileSync(path, file)
      const text = run(`openssl pkcs12 -in ${path} -passin pass:${password} -nodes`)
      expect(text.match(/friendlyName: .*/g)).toEqual(
        ['one', 'other', 'two', 'one', 'two'].map((name) => `friendlyName: ${name}`),
      )
      expect(text.match(/BEGIN (?:CERTIFICATE|PRIVATE)/g)).toHaveLength(5)
      const listing = run(`${keytool} -list -keystore ${path} -storetype PKCS12 -storepass ${password}`)
      expect(listing.match(/^\w+, .*PrivateKeyEntry/gm)?.map((line) => line.slice(0, 3))).toEqual([
        'one',
        'two',
      ])
      const { keys } = await readPkcs12(file, password)
      expect(keys.map((key) => key.friendlyName)).toEqual(['one', 'two'])
    },
  )

  test('certificates alone', async () => {
    const { certificate } = await identity('ec-p256')
    const file = await writePkcs12({ certificates: [certificate, certificate] }, password, { iterations: 1 })
    const { keys, certificates } = await readPkcs12(file, password)
    expect(keys).toEqual([])
    expect(certificates.map(({ raw }) => raw)).toEqual([certificate.raw])
  })

  test('nothing, or the same key twice, is refused', async () => {
    const { privateKey, certificate } = await identity('ec-p256')
    const entry = { privateKey, certificates: [certificate], friendlyName }
    expect(await rejectionCode(writePkcs12([], password))).toBe('INVALID_ARGUMENT')
    expect(await rejectionCode(writePkcs12({ certificates: [] }, password))).toBe('INVALID_ARGUMENT')
    expect(await rejectionCode(writePkcs12([entry, entry], password))).toBe('INVALID_ARGUMENT')
  })

  test.each([
    ['CN=my-app,O=Contoso', 'my-app'],
    ['CN=my 😀 app,O=Contoso', 'my  app'],
    ['O=Contoso,C=DE', 'O=Contoso,C=DE'],
    [`CN=${'x'.repeat(64)}`, 'x'.repeat(64)],
  ])('a key without a name gets that of its certificate, %s', async (subject, name) => {
    const { privateKey } = await identity('ec-p256')
    const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), { subject })
    const file = await writePkcs12({ privateKey, certificates: [certificate] }, password, { iterations: 1 })
    expect((await readPkcs12(file, password)).keys.map((key) => key.friendlyName)).toEqual([name])
  })

  test('or its thumbprint where the certificate has no subject', async () => {
    const [{ privateKey }, ca] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const signer = createLocalSigner(ca.privateKey)
    const root = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const certificate = await issueCertificate(
      { signer, certificate: root },
      { subject: '', publicKey: createPublicKey(privateKey) },
      { subjectAltNames: [{ type: 'dns', value: 'a.example' }] },
    )
    const file = await writePkcs12({ privateKey, certificates: [certificate] }, password, { iterations: 1 })
    const [key] = (await readPkcs12(file, password)).keys
    expect(key?.friendlyName).toBe(certificate.fingerprint.replaceAll(':', ''))
  })
})

test('an unknown profile is refused', async () => {
  const { certificate } = await identity('ec-p256')
  const profile = 'toString' as Pkcs12Profile
  expect(await rejectionCode(writePkcs12({ certificates: [certificate] }, password, { profile }))).toBe(
    'INVALID_ARGUMENT',
  )
})

describe('passwords', () => {
  const secrets = ['', 'pässwörd', 'ένα-δύο', '😀', '"quotes" \\ $x']

  test.skipIf(lacks('openssl')).each(secrets)('OpenSSL opens with %j [needs openssl]', async (secret) => {
    const path = await saved('ec-p256', secret)
    const secretFile = join(scratchFolder(), 'password')
    writeFileSync(secretFile, `${secret}\n`)
    const { status, stderr } = tryRun(
      `openssl pkcs12 -in ${path} -passin file:${secretFile} -nodes -info -noout`,
    )
    expect({ status, stderr }).toMatchObject({ status: 0 })
  })

  test.skipIf(lacks('pk12util')).each(secrets.slice(1))(
    'NSS opens with %j [needs pk12util]',
    async (secret) => {
      const path = await saved('ec-p256', secret)
      const secretFile = join(scratchFolder(), 'password')
      writeFileSync(secretFile, secret)
      expect(run(`pk12util -l ${path} -w ${secretFile}`)).toContain(`Friendly Name: ${friendlyName}`)
    },
  )

  test.skipIf(lacks('keytool'))(
    'JDK 17 refuses what is not ASCII, whoever wrote it [needs keytool]',
    async () => {
      const path = await saved('ec-p256', 'pässwörd')
      const { status } = tryRun(`${keytool} -list -keystore ${path} -storetype PKCS12 -storepass pässwörd`)
      expect(status).not.toBe(0)
    },
  )
})

describe('the file', () => {
  test.skipIf(lacks('openssl'))(
    'has 600,000 iterations by default, and OpenSSL reads them [needs openssl]',
    async () => {
      const { privateKey, certificate } = await identity('ec-p256')
      const file = await writePkcs12({ privateKey, certificates: [certificate], friendlyName }, password)
      const path = join(scratchFolder(), 'file.p12')
      writeFileSync(path, file)
      const { stderr } = tryRun(`openssl pkcs12 -in ${path} -passin pass:${password} -info -noout`)
      expect(stderr.split('\n')).toEqual([
        'MAC: sha256, Iteration 600000',
        'MAC length: 32, salt length: 16',
        'PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256',
        'Certificate bag',
        'PKCS7 Data',
        'Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256',
        '',
      ])
      expect((await readPkcs12(file, password)).keys[0]?.privateKey.equals(privateKey)).toBe(true)
    },
  )

  test.skipIf(lacks('openssl'))('is DER at every level that is not encrypted [needs openssl]', async () => {
    const file = await fileFor('rsa-2048')
    const outer = asn1parse(file)
    expectDefinitePrimitive(outer)
    const authSafe = outer.find((line) => line.includes('OCTET STRING'))
    const offset = Number(authSafe?.split(':')[0])
    const inner = asn1parse(file, ` -strparse ${offset}`)
    expectDefinitePrimitive(inner)
    expect(inner.filter((line) => line.includes('pkcs7-encryptedData'))).toHaveLength(1)
  })

  test('has fresh salts and initialisation vectors each time', async () => {
    const files = [await fileFor('ec-p256'), await fileFor('ec-p256')].map((file) =>
      Buffer.from(file).toString('hex'),
    )
    // OCTET STRINGs of 16 bytes: three salts and two vectors.
    const random = files.flatMap((file) => file.match(/0410[0-9a-f]{32}/g) ?? [])
    expect(random.length).toBeGreaterThanOrEqual(10)
    expect(new Set(random).size).toBe(random.length)
  })

  test("has the key's own certificate first, and the others without its attributes", async () => {
    const [own, other] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const file = await writePkcs12(
      {
        privateKey: own.privateKey,
        certificates: [other.certificate, own.certificate, own.certificate],
        friendlyName,
      },
      password,
      { iterations: 1 },
    )
    const { certificates, keys } = await readPkcs12(file, password)
    expect(certificates.map(({ raw }) => raw)).toEqual([own.certificate.raw, other.certificate.raw])
    expect(keys[0]?.certificates.map(({ raw }) => raw)).toEqual([own.certificate.raw])
  })
})

describe('refused', () => {
  test('a certificate of another key', async () => {
    const [{ privateKey }, { certificate }] = await Promise.all([identity('ec-p256'), identity('ed25519')])
    const contents = { privateKey, certificates: [certificate], friendlyName }
    expect(await rejectionCode(writePkcs12(contents, password))).toBe('INVALID_ARGUMENT')
    expect(await rejectionCode(writePkcs12({ ...contents, certificates: [] }, password))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('a public key', async () => {
    const { certificate } = await identity('ec-p256')
    const contents = { privateKey: certificate.publicKey, certificates: [certificate], friendlyName }
    expect(await rejectionCode(writePkcs12(contents, password))).toBe('INVALID_ARGUMENT')
  })

  test.each(['', 'a\0b', '😀', '\ud800', 'x'.repeat(256), null as unknown as string])(
    'the friendly name %j',
    async (name) => {
      const { privateKey, certificate } = await identity('ec-p256')
      const contents = { privateKey, certificates: [certificate], friendlyName: name }
      expect(await rejectionCode(writePkcs12(contents, password, { iterations }))).toBe('INVALID_ARGUMENT')
    },
  )

  test.each([0, -1, 1.5, Number.NaN, 3_333_334, Infinity])('%d iterations', async (count) => {
    const { privateKey, certificate } = await identity('ec-p256')
    const contents = { privateKey, certificates: [certificate], friendlyName }
    expect(await rejectionCode(writePkcs12(contents, password, { iterations: count }))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test.each(['\ud800', 'a\0b', null as unknown as string])('the password %j', async (secret) => {
    expect(await rejectionCode(fileFor('ec-p256', secret))).toBe('INVALID_ARGUMENT')
  })
})

function expectDefinitePrimitive(lines: readonly string[]): void {
  expect(lines.filter((line) => /l= *inf/.test(line))).toEqual([])
  expect(lines.filter((line) => /cons: (?:OCTET|BIT) STRING/.test(line))).toEqual([])
}
