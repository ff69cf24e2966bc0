import { execFile, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test } from 'vitest'
import { createAttestationAuthority } from '../support/attestation-authority.ts'

const modules = ['keys', 'certificates', 'secrets', 'administration'].map((name) => `azure.keyvault.${name}`)
const lacksClients =
  spawnSync('/usr/bin/python3', ['-c', `import azure.identity, cryptography, ${modules.join(', ')}`])
    .status !== 0
const authority = createAttestationAuthority()
const script = fileURLToPath(new URL('every-method.py', import.meta.url))

/** What one client was called for. */
interface Report {
  readonly client: string
  readonly called: number
  readonly missing: readonly string[]
}

/** Methods that are not about the service. */
const own = new Set(['close', 'send_request', 'from_jwk', 'create_rsa_private_key', 'create_rsa_public_key'])

test.skipIf(lacksClients)(
  'Python: every method of the clients [needs python3-azure and openssl]',
  async () => {
    const emulator = await startKeyVaultEmulator({
      timing: { issuance: 10, deletion: 10, recovery: 10 },
      attestationAuthorities: authority.option,
    })
    onTestFinished(() => emulator.close())
    const ca = join(scratchFolder(), 'ca.pem')
    writeFileSync(ca, emulator.ca)
    const { clientId, clientSecret, objectId } = emulator.identities[0] ?? {}
    const args = [
      String(emulator.port),
      emulator.tenantId,
      clientId ?? '',
      clientSecret ?? '',
      objectId ?? '',
      authority.policy,
      authority.attest({ 'sdk-test': true }),
      authority.environmentKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    ]
    const { stdout } = await promisify(execFile)('/usr/bin/python3', [script, ...args], {
      env: { ...process.env, REQUESTS_CA_BUNDLE: ca, PATH: `/usr/bin:${process.env['PATH'] ?? ''}` },
    })
    const reports = JSON.parse(stdout) as Report[]
    const of = (client: string): Report[] => reports.filter((report) => report.client === client)
    const missing = (client: string): string[] => {
      const lists = of(client).map((report) => report.missing)
      return (lists[0] ?? ['no such client']).filter((name) => lists.every((list) => list.includes(name)))
    }
    for (const client of ['CryptographyClient', 'CertificateClient', 'SecretClient']) {
      expect(
        missing(client).filter((name) => !own.has(name)),
        client,
      ).toEqual([])
    }
    // No service has OKP keys yet.
    const withoutAnswer = ['create_okp_key']
    expect(missing('KeyClient').filter((name) => !own.has(name))).toEqual(withoutAnswer)
    expect(missing('KeyVaultAccessControlClient').filter((name) => !own.has(name))).toEqual([])
    expect(missing('KeyVaultSettingsClient').filter((name) => !own.has(name))).toEqual([])
    console.log(reports.map(({ client, called }) => `${client}: ${called} methods`).join('\n'))
  },
  120_000,
)
