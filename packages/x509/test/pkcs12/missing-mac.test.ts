import { describe, expect, test } from 'vitest'
import { readKeyFile, readPkcs12 } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import * as pfx from '../support/pfx.ts'
import { encode, octets, sequence, type Tlv } from '../support/tlv.ts'

/** Files without a MAC: Java's trust stores, and those of programs that leave it out when it is not asked for. */

const { oids, password } = pfx

async function certificateBag(): Promise<Tlv> {
  return pfx.certificateBag((await identity('ec-p256')).certificate.raw)
}

async function keyBag(): Promise<Tlv> {
  const { privateKey } = await identity('ec-p256')
  return pfx.keyBag(privateKey.export({ format: 'der', type: 'pkcs8' }))
}

function withoutMac(...safes: Tlv[]): Uint8Array {
  return pfx.pfx(pfx.contentInfo(oids.data, octets(encode(sequence(...safes)))), null)
}

const refused = {
  code: 'INVALID_ENCODING',
  message: expect.stringMatching(
    /^the PKCS#12 file has no MAC, so its keys could have been changed\. To add one: openssl .*acceptMissingMac$/,
  ) as string,
}

describe('readPkcs12', () => {
  test('refuses them, with and without keys', async () => {
    for (const bags of [[await certificateBag()], [await certificateBag(), await keyBag()]]) {
      const file = withoutMac(pfx.plainSafe(...bags))
      await expect(readPkcs12(file, password)).rejects.toMatchObject(refused)
      await expect(readPkcs12(file, password, { acceptMissingMac: false })).rejects.toMatchObject(refused)
    }
  })

  test('reads them when it is asked to, and says that there is no MAC', async () => {
    const file = withoutMac(pfx.plainSafe(await certificateBag(), await keyBag()))
    const { mac, keys, certificates } = await readPkcs12(file, password, { acceptMissingMac: true })
    expect([mac, keys.length, certificates.length]).toEqual([null, 1, 1])
  })

  test('accepts a file with one, whatever the option says', async () => {
    const file = pfx.sealed(pfx.plainSafe(await certificateBag(), await keyBag()))
    for (const acceptMissingMac of [undefined, false, true]) {
      const { mac, keys } = await readPkcs12(file, password, { acceptMissingMac })
      expect(mac).toMatchObject({ algorithm: 'HMAC-SHA-256' })
      expect(keys).toHaveLength(1)
    }
    await expect(readPkcs12(file, 'another', { acceptMissingMac: true })).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
      message:
        'the password does not open the PKCS#12 file, or the file was changed: its MAC does not verify',
    })
  })

  test('tells a wrong password by what it does not decrypt', async () => {
    const file = withoutMac(pfx.soundEncryptedSafe(await certificateBag()))
    const { certificates } = await readPkcs12(file, password, { acceptMissingMac: true })
    expect(certificates).toHaveLength(1)
    await expect(readPkcs12(file, 'another', { acceptMissingMac: true })).rejects.toMatchObject({
      code: 'WRONG_PASSWORD',
    })
    // With a MAC that verifies, the password is right.
    const strange = pfx.sealed(pfx.encryptedSafe(pfx.pbes2()))
    await expect(readPkcs12(strange, password)).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: 'a safe in the PKCS#12 file does not decrypt with the password of the MAC, which is right',
    })
  })
})

describe('readKeyFile', () => {
  test('lists the certificates of a trust store', async () => {
    const file = withoutMac(pfx.plainSafe(await certificateBag()))
    const { mac, certificates, remarks } = await readKeyFile(file, '')
    expect([mac, certificates.length]).toEqual([null, 1])
    expect(remarks).toEqual(['the PKCS#12 file has no MAC: its origin and integrity cannot be verified'])
  })

  test('refuses the whole file for a key in it, in whichever safe', async () => {
    const [certificates, keys] = [pfx.plainSafe(await certificateBag()), pfx.plainSafe(await keyBag())]
    for (const safes of [
      [certificates, keys],
      [keys, certificates],
    ]) {
      await expect(readKeyFile(withoutMac(...safes), password)).rejects.toMatchObject(refused)
    }
  })

  test('refuses keys, unless they are asked for', async () => {
    const { privateKey } = await identity('ec-p256')
    const shrouded = pfx.shroudedKey(pfx.pbes2())
    for (const file of [withoutMac(pfx.plainSafe(await keyBag())), withoutMac(shrouded)]) {
      await expect(readKeyFile(file, password)).rejects.toMatchObject(refused)
    }
    const file = withoutMac(pfx.plainSafe(await keyBag()))
    const { keys } = await readKeyFile(file, password, { acceptMissingMac: true })
    expect(keys.map((key) => key.privateKey.equals(privateKey))).toEqual([true])
  })
})

describe('one safe that cannot be read does not spoil the others', () => {
  test.each<[string, () => Tlv, RegExp]>([
    [
      'of a type that is not known',
      () => pfx.contentInfo('1.2.3', octets([])),
      /holds content of type 1\.2\.3/,
    ],
    [
      'encrypted to a public key',
      () => pfx.contentInfo(oids.envelopedData, sequence()),
      /^the PKCS#12 file is encrypted to a public key \(public-key privacy mode\), not with a password$/,
    ],
    ['that does not decrypt', () => pfx.encryptedSafe(pfx.pbes2()), /does not decrypt/],
    ['that is torn', () => pfx.contentInfo(oids.data, octets([0x30, 5])), /is cut off/],
    ['that is no SEQUENCE', () => pfx.contentInfo(oids.data, octets([4, 0])), /is not a SEQUENCE of bags/],
  ])('%s', async (_, strange, reason) => {
    for (const safes of [
      [strange(), pfx.plainSafe(await certificateBag())],
      [pfx.plainSafe(await certificateBag()), strange()],
    ]) {
      const { certificates, skipped } = await readPkcs12(pfx.sealed(...safes), password)
      expect(certificates).toHaveLength(1)
      expect(skipped).toEqual([
        { what: 'a safe with all that is in it', reason: expect.stringMatching(reason) as string },
      ])
    }
  })
})

describe('other files', () => {
  test.each([
    ['signed', pfx.pfx(pfx.contentInfo(oids.signedData, sequence()), null)],
    [
      'signed, with a MAC',
      pfx.pfx(pfx.contentInfo(oids.signedData, sequence()), pfx.macData(new Uint8Array())),
    ],
  ])('%s', async (_, file) => {
    await expect(readPkcs12(file, password)).rejects.toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
      message: 'the PKCS#12 file is protected by a signature (public-key integrity mode), not by a password',
    })
  })

  test.each([
    ['an empty SEQUENCE', [0x30, 0]],
    ['a SEQUENCE of one INTEGER', [0x30, 3, 2, 1, 3]],
  ])('%s', async (_, bytes) => {
    await expect(readPkcs12(Uint8Array.from(bytes), password)).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: expect.stringMatching(/^the file is DER, but not PKCS#12\. /) as string,
    })
  })

  test('an argument that is wrong is named', async () => {
    await expect(readPkcs12('file' as never, password)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'file must be a Uint8Array',
    })
    await expect(readPkcs12(new Uint8Array(), password, { mac: true } as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^options\.mac is not an option; /) as string,
    })
    await expect(readPkcs12(new Uint8Array(9), password, { limits: { bytes: 8 } })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'the PKCS#12 file has 9 bytes; at most 8 are allowed; limits.bytes raises the limit',
    })
  })
})
