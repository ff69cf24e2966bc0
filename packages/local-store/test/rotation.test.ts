import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { openssl } from '@sealwright/test-kit/openssl'
import { lacks, run } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, generatePrivateKey, writePkcs12 } from '@sealwright/x509'
import { expect, test } from 'vitest'
import { openFolderStore, type FolderStore } from '../src/index.ts'

const tool = openssl()
const keyType = 'ec-p256'

function newStore(): Promise<FolderStore> {
  return openFolderStore(join(scratchFolder(), 'keys'))
}

/** The subject with the type of each string, as OpenSSL shows it. */
function subjectOf(certificate: X509Certificate | undefined): string {
  return run(
    ['openssl', ['x509', '-noout', '-subject', '-nameopt', 'RFC2253,show_type']],
    certificate?.toString(),
  )
}

/** How long a certificate is valid in seconds, the last one included (RFC 5280 §4.1.2.5). */
function secondsOf(certificate: X509Certificate | undefined): number {
  const { validFrom = '', validTo = '' } = certificate ?? {}
  return (Date.parse(validTo) - Date.parse(validFrom)) / 1000 + 1
}

test.skipIf(lacks('openssl')).each([
  ['a country in lower case', '/C=de/CN=signing'],
  ['two common names', '/CN=signing/CN=second'],
  ['one attribute twice in a relative name', '/CN=signing+CN=second'],
  ['a common name that is too long', `/CN=${'a'.repeat(60)}/OU=${'b'.repeat(64)}`],
])('a new version has the subject of an imported certificate with %s [needs openssl]', async (_, subject) => {
  const store = await newStore()
  const own = tool().certificate(subject, undefined, ['-multivalue-rdn'])
  await store.importPkcs12('k', tool().pfx(own, ''), '')
  const { certificates } = await store.rotate('k')
  expect(subjectOf(certificates[0])).toBe(subjectOf(own.certificate))
  expect(certificates[0]?.issuer).toBe(certificates[0]?.subject)
})

test.skipIf(lacks('openssl'))(
  'a new version is named after the key where the imported certificate has no subject [needs openssl]',
  async () => {
    const store = await newStore()
    const own = tool().certificate('/', undefined, ['-addext', 'subjectAltName=critical,DNS:example.com'])
    expect(own.certificate.subject ?? '').toBe('')
    const name = `k-${'a'.repeat(100)}`
    await store.importPkcs12(name, tool().pfx(own, ''), '')
    const { certificates } = await store.rotate(name)
    expect(certificates[0]?.subject).toBe(`CN=${name.slice(0, 64)}`)
  },
)

test('a certificate is valid for exactly the days asked for, and the next version for as long', async () => {
  const store = await newStore()
  const { certificates } = await store.create('k', { keyType, validityDays: 30 })
  expect(secondsOf(certificates[0])).toBe(30 * 86_400)
  for (let rotations = 0; rotations < 2; rotations++) {
    expect(secondsOf((await store.rotate('k')).certificates[0])).toBe(30 * 86_400)
  }
})

test('the version after a certificate that never ends does not end either', async () => {
  const privateKey = await generatePrivateKey(keyType)
  const notAfter = new Date('9999-12-31T23:59:59Z')
  const options = { subject: 'CN=k', notBefore: new Date('2020-01-01'), notAfter }
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), options)
  const pfx = await writePkcs12({ privateKey, certificates: [certificate] }, '', { iterations: 1 })
  const store = await newStore()
  await store.importPkcs12('k', pfx, '')
  expect((await store.rotate('k')).notAfter).toEqual(notAfter)
})
