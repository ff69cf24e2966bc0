import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { createSelfSignedCertificate } from '../../src/index.ts'
import { issueTo, identity } from '../support/certificates.ts'

/** More in a nightly run. */
const count = Number(process.env['SEALWRIGHT_MANY_CERTIFICATES'] ?? 200)

test.skipIf(lacks('openssl'))(
  `OpenSSL has nothing to say against ${count} certificates, each with its own number [needs openssl]`,
  async () => {
    const { privateKey } = await identity('ec-p256')
    const signer = createLocalSigner(privateKey)
    const root = await createSelfSignedCertificate(signer, { subject: 'CN=Root', profile: 'rootCa' })
    const folder = scratchFolder()
    const rootFile = join(folder, 'root.pem')
    writeFileSync(rootFile, root.toString())
    const serialNumbers = new Set<string>()
    const batch = 100
    for (let made = 0; made < count; made += batch) {
      const paths: string[] = []
      for (let index = made; index < Math.min(made + batch, count); index++) {
        // One after the other, as a CA does it.
        // oxlint-disable-next-line no-await-in-loop
        const leaf = await issueTo({ signer, certificate: root }, signer.publicKey, {
          subject: `CN=${index},O=Contoso`,
          subjectAltNames: [{ type: 'dns', value: `host-${index}.example.com` }],
        })
        serialNumbers.add(leaf.serialNumber)
        const path = join(folder, `${index}.pem`)
        writeFileSync(path, leaf.toString())
        paths.push(path)
      }
      const verified = run(`openssl verify -x509_strict -CAfile ${rootFile} ${paths.join(' ')}`)
      expect(verified.match(/: OK$/gm)).toHaveLength(paths.length)
    }
    expect(serialNumbers.size).toBe(count)
  },
  Math.max(10_000, 20 * count),
)
