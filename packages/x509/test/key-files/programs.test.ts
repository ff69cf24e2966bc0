import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { readKeyFile, readPkcs12 } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import { constructed, decode, encode, int, octets, primitive, sequence, type Tlv } from '../support/tlv.ts'

/** Files of programs that few others read: .NET's, Java's, and those that write PKCS#8 of version 2. */

async function blobs(): Promise<{ key: KeyObject; pair: Buffer; half: Buffer }> {
  return blobsOf((await identity('rsa-2048')).privateKey)
}

function blobsOf(privateKey: KeyObject): { key: KeyObject; pair: Buffer; half: Buffer } {
  const folder = scratchFolder()
  const [pem, pair, half] = ['key.pem', 'pair', 'half'].map((name) => join(folder, name))
  writeFileSync(pem!, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  run(`openssl rsa -in ${pem} -outform MSBLOB -out ${pair}`)
  run(`openssl rsa -in ${pem} -pubout -outform MSBLOB -out ${half}`)
  return { key: privateKey, pair: readFileSync(pair!), half: readFileSync(half!) }
}

describe.skipIf(lacks('openssl'))('key BLOBs, which OpenSSL writes too [needs openssl]', () => {
  test('a .snk file of a key pair, as sn -k writes it, in DER, base64 and hexadecimal', async () => {
    const { key, pair } = await blobs()
    for (const file of [pair, Buffer.from(pair.toString('base64')), Buffer.from(pair.toString('hex'))]) {
      const { format, keys } = await readKeyFile(file, '')
      expect(format).toBe('MSBLOB')
      expect(keys.map(({ privateKey }) => privateKey.equals(key))).toEqual([true])
    }
  })

  test('a .snk file of a public key, as sn -p writes it, and a PUBLICKEYBLOB', async () => {
    const { key, half } = await blobs()
    // SigAlgID, HashAlgID, cbPublicKey.
    const header = Buffer.alloc(12)
    header.writeUInt32LE(0x2400, 0)
    header.writeUInt32LE(0x8004, 4)
    header.writeUInt32LE(half.length, 8)
    for (const file of [half, Buffer.concat([header, half])]) {
      const { format, publicKeys } = await readKeyFile(file, '')
      expect(format).toBe('MSBLOB')
      expect(publicKeys.map((each) => each.equals(createPublicKey(key)))).toEqual([true])
    }
  })

  test.each([2054, 2056])(
    'a key of %i bits, whose numbers are rounded up to bytes',
    async (modulusLength) => {
      const { key, pair, half } = blobsOf(generateKeyPairSync('rsa', { modulusLength }).privateKey)
      const { keys } = await readKeyFile(pair, '')
      expect(keys.map(({ privateKey }) => privateKey.equals(key))).toEqual([true])
      const { publicKeys } = await readKeyFile(half, '')
      expect(publicKeys.map((each) => each.equals(createPublicKey(key)))).toEqual([true])
    },
  )

  test('one that is cut off, or longer than allowed', async () => {
    const { pair } = await blobs()
    await expect(readKeyFile(pair.subarray(0, -1), '')).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: 'the key BLOB is shorter than its key',
    })
    await expect(readKeyFile(pair, '', { limits: { rsaModulusBits: 1024 } })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message:
        'the private key has 2048 bits; at most 1024 are allowed; limits.rsaModulusBits raises the limit',
    })
  })
})

/** The fields of version 2: attributes, and the BIT STRING of the public key. */
function version2(
  privateKey: KeyObject,
  publicKey: KeyObject,
  isExplicit: boolean,
  attributes: Tlv[],
): Uint8Array {
  const [, algorithm, octetString] = decode(privateKey.export({ format: 'der', type: 'pkcs8' })).children
  const [, bits] = decode(publicKey.export({ format: 'der', type: 'spki' })).children
  const half = isExplicit ? constructed(0xa1, bits!) : primitive(0x81, bits!.content)
  return encode(
    sequence(
      int(1),
      algorithm!,
      octetString!,
      ...(attributes.length === 0 ? [] : [constructed(0xa0, ...attributes)]),
      half,
    ),
  )
}

describe('PKCS#8 of version 2 (RFC 5958 §2), on every Node', () => {
  const kinds = {
    RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    secp256k1: () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    Ed25519: () => generateKeyPairSync('ed25519'),
  } as const
  const names = Object.keys(kinds) as (keyof typeof kinds)[]

  test.each(names)(
    '%s: IMPLICIT as it should be, EXPLICIT as some write it, and with attributes',
    async (name) => {
      const { privateKey, publicKey } = kinds[name]()
      const attribute = pfx.attribute('1.2.3', octets([1]))
      for (const der of [
        version2(privateKey, publicKey, false, []),
        version2(privateKey, publicKey, true, []),
        version2(privateKey, publicKey, false, [attribute]),
      ]) {
        const { format, keys } = await readKeyFile(der, '')
        expect(format).toBe('PKCS#8')
        expect(keys.map((key) => key.privateKey.equals(privateKey))).toEqual([true])
      }
    },
  )

  test.each(names)('%s: in a PFX', async (name) => {
    const { privateKey, publicKey } = kinds[name]()
    const file = pfx.sealed(pfx.plainSafe(pfx.keyBag(version2(privateKey, publicKey, false, []))))
    const { keys } = await readPkcs12(file, pfx.password)
    expect(keys.map((key) => key.privateKey.equals(privateKey))).toEqual([true])
  })

  test.each(names)('%s: of another public key it is refused', async (name) => {
    const [one, two] = [kinds[name](), kinds[name]()]
    await expect(readKeyFile(version2(one.privateKey, two.publicKey, false, []), '')).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: 'the private key does not belong to the public key next to it',
    })
  })

  test('version 3 is refused', async () => {
    const { privateKey } = await identity('ec-p256')
    const [, ...fields] = decode(privateKey.export({ format: 'der', type: 'pkcs8' })).children
    await expect(readKeyFile(encode(sequence(int(2), ...fields)), '')).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: 'the private key has version 2; RFC 5958 defines 0 and 1',
    })
  })
})

const noMac = '-J-Dkeystore.pkcs12.macAlgorithm=NONE'

async function store(name: string, options: string): Promise<Buffer> {
  const { certificate } = await identity('ec-p256')
  const folder = scratchFolder()
  const [pem, path] = [join(folder, 'certificate.pem'), join(folder, name)]
  writeFileSync(pem, certificate.toString())
  run(
    `keytool -importcert -noprompt -alias ca -file ${pem} -keystore ${path} -storetype PKCS12 -storepass changeit ${options}`,
  )
  return readFileSync(path)
}

describe.skipIf(lacks('keytool'))('Java’s stores without a MAC [needs keytool]', () => {
  test('a trust store without encryption is listed, whatever the password', async () => {
    const { certificate } = await identity('ec-p256')
    const file = await store('plain.p12', `${noMac} -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE`)
    for (const password of ['', 'changeit', 'another']) {
      const { mac, certificates, remarks } = await readKeyFile(file, password)
      expect(mac).toBeNull()
      expect(certificates.map(({ raw }) => raw.equals(certificate.raw))).toEqual([true])
      expect(remarks).toHaveLength(1)
    }
  })

  test('an encrypted trust store is listed with its password alone', async () => {
    const file = await store('encrypted.p12', noMac)
    expect((await readKeyFile(file, 'changeit')).certificates).toHaveLength(1)
    await expect(readKeyFile(file, 'another')).rejects.toMatchObject({ code: 'WRONG_PASSWORD' })
  })

  test('a key is read when it is asked for by name', async () => {
    const path = join(scratchFolder(), 'key.p12')
    run(
      `keytool -genkeypair -alias key -keyalg EC -groupname secp256r1 -dname CN=j -keystore ${path} -storetype PKCS12 -storepass changeit ${noMac}`,
    )
    const file = readFileSync(path)
    await expect(readKeyFile(file, 'changeit')).rejects.toThrow(/has no MAC.*acceptMissingMac/)
    const { keys } = await readKeyFile(file, 'changeit', { acceptMissingMac: true })
    expect(keys).toMatchObject([{ friendlyName: 'key', certificates: { length: 1 } }])
  })

  test('a secret key beside a private one is passed over', async () => {
    const path = join(scratchFolder(), 'secret.p12')
    const common = `-keystore ${path} -storetype PKCS12 -storepass changeit`
    run(`keytool -genkeypair -alias key -keyalg EC -groupname secp256r1 -dname CN=j ${common}`)
    run(`keytool -genseckey -alias secret -keyalg AES -keysize 256 ${common}`)
    const { keys, skipped } = await readPkcs12(readFileSync(path), 'changeit')
    expect(keys).toHaveLength(1)
    expect(skipped).toEqual([
      { what: 'a bag "secret"', reason: 'it holds a secret, which is not a private key' },
    ])
  })
})
