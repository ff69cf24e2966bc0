import { createHmac, createPrivateKey } from 'node:crypto'
import { createLocalSigner } from '@sealwright/core'
import { failure } from '@sealwright/test-kit/errors'
import { privateKey } from '@sealwright/test-kit/keys'
import { openssl } from '@sealwright/test-kit/openssl'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { createSelfSignedCertificate, writePkcs12, type Pkcs12Profile } from '../../src/index.ts'
import { Pkcs12Engine } from '../../src/pkijs/index.ts'
import { openPfx } from '../examples/open-pfx.ts'
import * as handmade from '../support/pfx.ts'
import { pkijs } from '../support/pkijs.ts'
import { encode, int, octets, oid, primitive, sequence } from '../support/tlv.ts'

/** An OBJECT IDENTIFIER of that many arcs. */
const longOid = (length: number): ReturnType<typeof primitive> =>
  primitive(0x06, new Uint8Array(length).fill(1))

const utf8 = (text: string): ArrayBuffer => Uint8Array.from(new TextEncoder().encode(text)).buffer

/** The keys of a file, as `PrivateKeyInfo`, and how many certificates there are. */
async function contents(
  file: Uint8Array,
  password: string,
): Promise<{ keys: Uint8Array[]; certificates: number }> {
  const values = (await openPfx(file, password)).map(({ bagValue }) => bagValue)
  const keys = values.flatMap((value) =>
    value instanceof pkijs.PKCS8ShroudedKeyBag && value.parsedValue !== undefined
      ? [new Uint8Array(value.parsedValue.toSchema().toBER())]
      : [],
  )
  return { keys, certificates: values.filter((value) => value instanceof pkijs.CertBag).length }
}

/** With stock pkijs, up to the MAC. */
async function checkWithStockPkijs(file: Uint8Array, password: string): Promise<void> {
  const engine = new pkijs.CryptoEngine({ name: 'node', crypto: globalThis.crypto })
  await pkijs.PFX.fromBER(Uint8Array.from(file)).parseInternalValues(
    { password: utf8(password), checkIntegrity: true },
    engine,
  )
}

/** With the engine, up to the MAC. */
async function check(file: Uint8Array, password: string): Promise<void> {
  const engine = new Pkcs12Engine()
  await engine.parse(file).parseInternalValues({ password: utf8(password), checkIntegrity: true }, engine)
}

describe('pkijs opens with the engine', () => {
  const tool = openssl()
  const options: readonly {
    readonly name: string
    readonly more: readonly string[]
    readonly password?: string
  }[] = [
    { name: "OpenSSL's default", more: [] },
    { name: '3DES', more: ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'SHA1'] },
    { name: '3DES and 40-bit RC2', more: ['-legacy'] },
    { name: 'a password that is not ASCII', more: ['-legacy'], password: 'pässwörd' },
    { name: 'an empty password', more: [], password: '' },
  ]
  test.skipIf(lacks('openssl')).each(options)('what OpenSSL wrote: $name [needs openssl]', async (each) => {
    const { more, password = 'secret' } = each
    const own = tool().certificate('/CN=a')
    const file = tool().pfx(own, password, more)
    const { keys, certificates } = await contents(file, password)
    expect(certificates).toBe(1)
    const [key] = keys
    const opened = createPrivateKey({ key: Buffer.from(key ?? []), format: 'der', type: 'pkcs8' })
    expect(own.certificate.checkPrivateKey(opened)).toBe(true)
    await expect(check(file, `${password}x`)).rejects.toThrow('Integrity')
  })

  test.skipIf(lacks('openssl'))('nothing of 3DES without the engine [needs openssl]', async () => {
    const file = tool().pfx(tool().certificate('/CN=a'), 'secret', ['-legacy'])
    const engine = new pkijs.CryptoEngine({ name: 'node', crypto: globalThis.crypto })
    const parsed = pkijs.PFX.fromBER(Uint8Array.from(file))
    await parsed.parseInternalValues({ password: utf8('secret') }, engine)
    const safe = parsed.parsedValue?.authenticatedSafe
    const parameters = { safeContents: safe?.safeContents.map(() => ({ password: utf8('secret') })) ?? [] }
    await expect(safe?.parseInternalValues(parameters, engine)).rejects.toThrow('contentEncryptionAlgorithm')
  })

  test.each<Pkcs12Profile>(['modern', 'compatible'])('what is written here: %s', async (profile) => {
    const key = privateKey('RS256')
    const certificate = await createSelfSignedCertificate(createLocalSigner(key), { subject: 'CN=a' })
    const entry = { privateKey: key, certificates: [certificate], friendlyName: 'a' }
    const file = await writePkcs12(entry, 'secret', { profile, iterations: 1000 })
    const { keys, certificates } = await contents(file, 'secret')
    expect([keys.length, certificates]).toEqual([1, 1])
    const [opened] = keys
    expect(
      createPrivateKey({ key: Buffer.from(opened ?? []), format: 'der', type: 'pkcs8' }).equals(key),
    ).toBe(true)
  })
})

describe('a hostile file', () => {
  const safe = encode(sequence(handmade.plainSafe()))

  /** With a negative count pkijs leaves the key as the octets 3 it begins with, whatever the password. */
  function forged(iterations: number): Uint8Array {
    const mac = createHmac('sha256', Buffer.alloc(32, 3)).update(safe).digest()
    const digest = sequence(sequence(oid(handmade.oids.sha256)), octets(mac))
    return handmade.pfx(
      handmade.contentInfo(handmade.oids.data, octets(safe)),
      sequence(digest, octets(Buffer.from('salt')), int(iterations)),
    )
  }

  test.each([-1, -5])(
    'has a MAC forged with %i iterations: stock pkijs takes it, the engine does not',
    async (iterations) => {
      await expect(checkWithStockPkijs(forged(iterations), 'any password at all')).resolves.toBeUndefined()
      expect(
        await failure('INVALID_ENCODING', () => check(forged(iterations), 'any password at all')),
      ).not.toBe('')
    },
  )

  test('has an iteration count that pkijs reads as 0, and takes for 1', async () => {
    const file = handmade.sealedBytes(safe, { iterations: int(2 ** 24) })
    await checkWithStockPkijs(file, handmade.password)
    expect(await failure('LIMIT_EXCEEDED', () => check(file, handmade.password))).toContain('4 bytes')
    const most = handmade.sealedBytes(safe, { iterations: int(2 ** 23 - 1) })
    const engine = new Pkcs12Engine({ iterations: 2 ** 23 - 2 })
    const checking = engine
      .parse(most)
      .parseInternalValues({ password: utf8('x'), checkIntegrity: true }, engine)
    expect(await failure('LIMIT_EXCEEDED', () => checking)).toContain('8388607 iterations')
  })

  test('has an iteration count of 0', async () => {
    // pkijs takes an absent count, and 0, for 1, which RFC 7292 has as the DEFAULT.
    await check(handmade.sealedBytes(safe, { iterations: null }), handmade.password)
    const file = handmade.sealed(handmade.encryptedSafe(handmade.pbes2({ iterations: int(0) })))
    expect(await failure('INVALID_ENCODING', () => openPfx(file, handmade.password))).not.toBe('')
  })

  test('takes more iterations than the limit, in its MAC and encryptions together', async () => {
    const signer = createLocalSigner(privateKey('ES256'))
    const { raw } = await createSelfSignedCertificate(signer, { subject: 'CN=a' })
    const encrypted = handmade.soundEncryptedSafe(handmade.certificateBag(raw))
    const open = async (iterations: number): Promise<void> => {
      const engine = new Pkcs12Engine({ iterations })
      const password = utf8(handmade.password)
      const pfx = engine.parse(handmade.sealed(encrypted, encrypted))
      await pfx.parseInternalValues({ password }, engine)
      const safeContents = [{ password }, { password }]
      await pfx.parsedValue?.authenticatedSafe?.parseInternalValues({ safeContents }, engine)
    }
    await open(3)
    expect(await failure('LIMIT_EXCEEDED', () => open(2))).toContain('may take 2 in all')
  })

  test('holds an OBJECT IDENTIFIER of 1 MiB, or one of 100 kB anywhere in it', async () => {
    const megabyte = encode(sequence(int(3), longOid(2 ** 20)))
    expect(await failure('LIMIT_EXCEEDED', () => new Pkcs12Engine().parse(megabyte))).not.toBe('')
    expect(
      await failure('LIMIT_EXCEEDED', () => new Pkcs12Engine({ bytes: 2 ** 21 }).parse(megabyte)),
    ).not.toBe('')
    const inBag = handmade.bag(handmade.oids.secretBag, sequence(longOid(100_000)))
    const inCertificate = handmade.certificateBag(encode(sequence(longOid(100_000))))
    for (const bag of [inBag, inCertificate]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(
        await failure('LIMIT_EXCEEDED', () =>
          new Pkcs12Engine().parse(handmade.sealed(handmade.plainSafe(bag))),
        ),
      ).not.toBe('')
      const encrypted = handmade.sealed(handmade.soundEncryptedSafe(bag))
      // oxlint-disable-next-line no-await-in-loop
      expect(await failure('LIMIT_EXCEEDED', () => openPfx(encrypted, handmade.password))).not.toBe('')
    }
  })

  test('is under a signature, of which pkijs does not ask whose it is', async () => {
    const engine = new Pkcs12Engine()
    expect(await failure('UNSUPPORTED_ALGORITHM', () => engine.verifyWithPublicKey())).not.toBe('')
  })

  test('has a salt, a MAC or a hash that is not read', async () => {
    const salty = handmade.sealedBytes(safe, { salt: new Uint8Array(2000) })
    expect(await failure('LIMIT_EXCEEDED', () => check(salty, handmade.password))).not.toBe('')
    const sha384 = handmade.sealedBytes(safe, { digest: sequence(oid('2.16.840.1.101.3.4.2.2')) })
    expect(await failure('INVALID_ENCODING', () => check(sha384, handmade.password))).not.toBe('')
  })

  test('is none, or the password is none', async () => {
    for (const wrong of ['a password', null, undefined, {}, [1]]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await failure('INVALID_ARGUMENT', () => new Pkcs12Engine().parse(wrong as never))).not.toContain(
        'password',
      )
    }
    expect(
      await failure('INVALID_ENCODING', () => new Pkcs12Engine().parse(encode(sequence(int(3))))),
    ).not.toBe('')
    expect(await failure('INVALID_ARGUMENT', () => new Pkcs12Engine({ bytes: -1 }))).not.toBe('')
    const engine = new Pkcs12Engine()
    const parsed = engine.parse(handmade.sealedBytes(safe))
    const latin1 = Uint8Array.of(0xe4).buffer
    expect(
      await failure('INVALID_ARGUMENT', () => parsed.parseInternalValues({ password: latin1 }, engine)),
    ).not.toBe('')
  })
})
