import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, openSigningKey } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { createCertificateRequest, decodePem, encodePem, generatePrivateKey } from '@sealwright/x509'
import { expect, test } from 'vitest'
import { certify } from '../../x509/test/support/two-tier-ca.ts'
import { azureKeyVault } from '../src/index.ts'
import { startVault } from './support/vault.ts'

test.skipIf(lacks('openssl'))(
  'the CA of the walk-through, its root key in a vault, makes chains and a CRL that OpenSSL accepts [needs openssl]',
  async () => {
    const vault = await startVault()
    const rootKey = await openSigningKey(`${vault.url}/keys/contoso-root`, {
      backends: [azureKeyVault(vault.options)],
      create: { keyType: 'ec-p384' },
    })
    const [issuing, service] = await Promise.all(
      (['ec-p256', 'rsa-2048'] as const).map(async (type) =>
        createLocalSigner(await generatePrivateKey(type)),
      ),
    )
    if (issuing === undefined || service === undefined) throw new Error('no keys')
    const request = await createCertificateRequest(service, { subject: 'CN=my-app-auth,O=Contoso' })
    const blocks = decodePem(await certify(rootKey.signer(), issuing, request))
    // Its own certificate and that of the issuing CA: the rest is signed by the issuing CA.
    expect(vault.emulator.requests.count('keys/sign')).toBe(2)

    const folder = scratchFolder()
    const [leaf = '', intermediate = '', root = '', list = ''] = await Promise.all(
      blocks.map(async ({ label, der }, index) => {
        const path = join(folder, `${index}.pem`)
        await writeFile(path, encodePem(label, der))
        return path
      }),
    )
    expect(run(`openssl verify -x509_strict -CAfile ${root} -untrusted ${intermediate} ${leaf}`)).toContain(
      ': OK',
    )
    // The leaf is on the list, for what it was put there.
    const check = `-crl_check -CRLfile ${list}`
    expect(() =>
      run(`openssl verify -x509_strict ${check} -CAfile ${root} -untrusted ${intermediate} ${leaf}`),
    ).toThrow('certificate revoked')
  },
)
