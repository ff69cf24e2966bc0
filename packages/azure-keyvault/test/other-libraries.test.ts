import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSigningKey, type Signer } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run, tryRun } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, signerCrypto } from '@sealwright/x509'
import { expect, test } from 'vitest'
import { peculiar } from '../../x509/test/support/peculiar.ts'
import { request } from '../../x509/test/examples/peculiar-x509.ts'
import { signCms } from '../../x509/test/examples/sign-cms.ts'
import { pkijs, pkijsCertificate } from '../../x509/test/support/pkijs.ts'
import { azureKeyVault } from '../src/index.ts'
import { startVault } from './support/vault.ts'

const algorithms = [
  { name: 'RS256', keyType: 'rsa-2048' },
  { name: 'PS256', keyType: 'rsa-2048' },
  { name: 'ES256', keyType: 'ec-p256' },
] as const

type Algorithm = (typeof algorithms)[number]

/** A key that was made in an emulated vault, and how often the vault has signed with it. */
async function vaultSigner({
  name,
  keyType,
}: Algorithm): Promise<{ signer: Signer; signatures: () => number }> {
  const vault = await startVault()
  const key = await openSigningKey(`${vault.url}/keys/other-libraries`, {
    backends: [azureKeyVault(vault.options)],
    create: { keyType },
  })
  return { signer: key.signer(name), signatures: () => vault.emulator.requests.count('keys/sign') }
}

test.each(algorithms)('@peculiar/x509 signs with a key in the vault: $name', async (algorithm) => {
  const { signer, signatures } = await vaultSigner(algorithm)
  const { crypto, keys } = await signerCrypto(signer)
  const certificate = await peculiar.X509CertificateGenerator.createSelfSigned(
    { name: 'CN=vault', keys, signingAlgorithm: signer.algorithm.webCrypto },
    crypto,
  )
  expect(new X509Certificate(Buffer.from(certificate.rawData)).verify(signer.publicKey)).toBe(true)
  expect(await certificate.verify({ signatureOnly: true }, crypto)).toBe(true)
  expect(await (await request(signer)).verify(crypto)).toBe(true)
  expect(signatures()).toBe(2)
})

test.skipIf(lacks('openssl')).each(algorithms)(
  'OpenSSL verifies a request of @peculiar/x509 with a key in the vault: $name [needs openssl]',
  async (algorithm) => {
    const { signer } = await vaultSigner(algorithm)
    const der = new Uint8Array((await request(signer)).rawData)
    expect(tryRun('openssl req -verify -noout -inform DER', der)).toMatchObject({ status: 0 })
  },
)

test.each(algorithms)('stock pkijs signs with a key in the vault: $name', async (algorithm) => {
  const { signer, signatures } = await vaultSigner(algorithm)
  const { crypto, keys } = await signerCrypto(signer)
  const engine = new pkijs.CryptoEngine({ name: 'vault', crypto })
  const certificate = await pkijsCertificate(signer, (document) =>
    document.sign(keys.privateKey, signer.algorithm.webCrypto.hash, engine),
  )
  expect(new X509Certificate(Buffer.from(certificate.toSchema().toBER())).verify(signer.publicKey)).toBe(true)
  expect(await certificate.verify(certificate, engine)).toBe(true)
  expect(signatures()).toBe(1)
})

test.skipIf(lacks('openssl')).each(algorithms)(
  'OpenSSL verifies CMS of pkijs with a key in the vault: $name [needs openssl]',
  async (algorithm) => {
    const { signer, signatures } = await vaultSigner(algorithm)
    const certificate = await createSelfSignedCertificate(signer, { subject: 'CN=vault' })
    const cms = await signCms(signer, certificate, Uint8Array.from(Buffer.from('signed in a vault')).buffer)
    const folder = scratchFolder()
    await writeFile(join(folder, 'cms'), new Uint8Array(cms))
    await writeFile(join(folder, 'content'), 'signed in a vault')
    await writeFile(join(folder, 'pem'), certificate.toString())
    const command = `openssl cms -verify -inform DER -in ${folder}/cms -content ${folder}/content -CAfile ${folder}/pem -purpose any -binary`
    expect(run(command)).toBe('signed in a vault')
    expect(signatures()).toBe(2)
  },
)
