import { readFileSync } from 'node:fs'
import { createLocalSigner } from '@sealwright/core'
import { expect, test } from 'vitest'
import { createCertificateRequest, readKeyFile } from '../src/index.ts'
import { identity } from './support/certificates.ts'
import { certify } from './support/two-tier-ca.ts'

const walkThrough = readFileSync(new URL('../../../docs/certificates.md', import.meta.url), 'utf8')

test('the two-tier CA of the walk-through is the one that runs here', async () => {
  const source = readFileSync(new URL('support/two-tier-ca.ts', import.meta.url), 'utf8')
  expect(walkThrough).toContain(`\`\`\`ts\n${source}\`\`\`\n`)

  const [root, issuing, service] = await Promise.all(
    (['ec-p384', 'ec-p256', 'rsa-2048'] as const).map(async (type) =>
      createLocalSigner((await identity(type)).privateKey),
    ),
  )
  if (root === undefined || issuing === undefined || service === undefined) throw new Error('no keys')
  const request = await createCertificateRequest(service, { subject: 'CN=my-app-auth,O=Contoso' })
  const file = await readKeyFile(Buffer.from(await certify(root, issuing, request)), '')
  expect(file.certificates.map(({ subject }) => subject)).toEqual([
    'O=Contoso\nCN=my-app-auth',
    'O=Contoso\nCN=Contoso Issuing CA',
    'O=Contoso\nCN=Contoso Root CA',
  ])
  expect(file.revocationLists.map(({ revoked }) => revoked.length)).toEqual([1])
})

test.each(['crypto-keys', 'peculiar-x509', 'sign-cms', 'open-pfx', 'read-with-pkijs'])(
  "README's example %s is the one that runs here",
  (name) => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const source = readFileSync(new URL(`examples/${name}.ts`, import.meta.url), 'utf8')
    expect(readme).toContain(`\`\`\`ts\n${source}\`\`\`\n`)
  },
)
