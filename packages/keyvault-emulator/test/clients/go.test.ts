import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startKeyVaultEmulator } from '@sealwright/keyvault-emulator'
import { isFull } from '@sealwright/test-kit/full'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks } from '@sealwright/test-kit/tools'
import { expect, onTestFinished, test } from 'vitest'

/** Where Debian keeps the sources of Go packages. */
const sources = '/usr/share/gocode'
const client = 'github.com/Azure/azure-sdk-for-go/services/keyvault/v7.1/keyvault'
const lacksClient = lacks('go') || !existsSync(join(sources, 'src', client))

test.skipIf(lacksClient || !isFull)(
  'Go: every method of the client [needs go and golang-github-azure-azure-sdk-for-go-dev] [needs SEALWRIGHT_FULL=1]',
  async () => {
    const emulator = await startKeyVaultEmulator({ timing: { issuance: 10, deletion: 10, recovery: 10 } })
    onTestFinished(() => emulator.close())
    const folder = scratchFolder()
    const ca = join(folder, 'ca.pem')
    writeFileSync(ca, emulator.ca)
    const { clientId = '', clientSecret } = emulator.identities[0] ?? {}
    const { stdout } = await promisify(execFile)(
      'go',
      [
        'run',
        fileURLToPath(new URL('every-call.go', import.meta.url)),
        `https://localhost:${emulator.port}`,
        `${emulator.authorityHost}/${emulator.tenantId}/oauth2/v2.0/token`,
        clientId,
        clientSecret ?? '',
        ca,
      ],
      {
        env: {
          ...process.env,
          GO111MODULE: 'off',
          GOPATH: sources,
          GOFLAGS: '',
          GOCACHE: join(folder, 'cache'),
        },
      },
    )
    const { called, missing } = JSON.parse(stdout) as { called: string[]; missing: string[] }
    expect(missing).toEqual([])
    console.log(`keyvault.BaseClient of Go: ${called.length} methods`)
  },
  300_000,
)
