import type { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { encodePem, readKeyFile, writePkcs7Certificates } from '../../src/index.ts'
import { identity } from '../support/certificates.ts'
import { pkijs } from '../support/pkijs.ts'

const types = ['ec-p256', 'ed25519', 'rsa-2048'] as const

async function certificates(): Promise<readonly X509Certificate[]> {
  return Promise.all(types.map(async (type) => (await identity(type)).certificate))
}

test('readKeyFile reads it, as DER and PEM, in the order given', async () => {
  const written = await certificates()
  const der = writePkcs7Certificates(written)
  for (const file of [der, Buffer.from(encodePem('PKCS7', der))]) {
    // oxlint-disable-next-line no-await-in-loop
    const { certificates: read } = await readKeyFile(file, '')
    expect(read.map(({ raw }) => raw)).toEqual(written.map(({ raw }) => raw))
  }
})

test('pkijs reads it', async () => {
  const written = await certificates()
  const { content } = pkijs.ContentInfo.fromBER(Uint8Array.from(writePkcs7Certificates(written)))
  const { certificates: read = [], signerInfos, version } = new pkijs.SignedData({ schema: content })
  expect([version, signerInfos]).toEqual([1, []])
  expect(read.map((one) => Buffer.from(one.toSchema().toBER()))).toEqual(written.map(({ raw }) => raw))
})

test.skipIf(lacks('openssl'))('OpenSSL prints the certificates [needs openssl]', async () => {
  const written = await certificates()
  const printed = run('openssl pkcs7 -inform DER -print_certs', writePkcs7Certificates(written))
  expect([...printed.matchAll(/subject=.*?CN ?= ?(\S+)/g)].map(([, name]) => name)).toEqual(types)
  expect(printed).toContain(written[0]?.toString())
})

test.skipIf(lacks('keytool'))('keytool prints the certificates [needs keytool]', async () => {
  const file = join(scratchFolder(), 'chain.p7b')
  writeFileSync(file, writePkcs7Certificates((await certificates()).slice(2)))
  expect(run(['keytool', '-printcert', '-file', file])).toContain('Owner: CN=rsa-2048')
})

test.skipIf(lacks('certtool'))('GnuTLS prints the certificates [needs certtool]', async () => {
  const printed = run('certtool --p7-info --inder', writePkcs7Certificates(await certificates()))
  expect(printed.match(/BEGIN CERTIFICATE/g)).toHaveLength(types.length)
})

test('an empty list, and what holds no certificates, is refused and not quoted', async () => {
  const secret = 'a private key'
  for (const wrong of [[], secret, null, undefined, {}, [secret], [null]]) {
    // oxlint-disable-next-line no-await-in-loop
    expect(await failure('INVALID_ARGUMENT', () => writePkcs7Certificates(wrong as never))).not.toContain(
      secret,
    )
  }
})
