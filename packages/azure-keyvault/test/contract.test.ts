import { DefaultAzureCredential } from '@azure/identity'
import { CertificateClient } from '@azure/keyvault-certificates'
import { KeyClient } from '@azure/keyvault-keys'
import { describeKeyStore, type Capabilities } from '@sealwright/backend-contract'
import { afterAll, beforeAll, describe, test, vi } from 'vitest'
import { openKeyVault, type KeyVaultOptions, type KeyVaultStore } from '../src/index.ts'
import { MadeNames } from './support/made-names.ts'
import { closeVault, cuttableAgent, openVault, type TestVault } from './support/vault.ts'

/** A real vault, where one is named; CONTRIBUTING.md says what it takes. Otherwise the emulator. */
const realVault = process.env['AZURE_KEYVAULT_URL']

let emulated: TestVault
let vault: Pick<TestVault, 'url' | 'keys' | 'certificates'>
/** Nothing else in a real vault is ours to delete. */
const made = new MadeNames()

vi.setConfig({ testTimeout: realVault === undefined ? 60_000 : 600_000 })

beforeAll(async () => {
  if (realVault === undefined) {
    emulated = await openVault()
    vault = emulated
  } else {
    const credential = new DefaultAzureCredential()
    vault = {
      url: realVault,
      keys: new KeyClient(realVault, credential),
      certificates: new CertificateClient(realVault, credential),
    }
  }
})

afterAll(async () => {
  if (realVault === undefined) return closeVault(emulated)
  // The emulator is gone with its keys; a real vault is not.
  await made.deleteFrom(vault)
}, 300_000)

const capabilities: Capabilities = {
  keyTypes: ['ec-p256', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p384', 'ec-p521', 'ec-secp256k1'],
  certificates: 'months',
  importPkcs12: 'certificate',
  renew: false,
  exportPkcs12: false,
  delete: true,
  rotate: true,
  disable: true,
  switchOff: true,
  cutOff: realVault === undefined,
}

describeStore('certificates', capabilities)
describeStore('keys', { ...capabilities, certificates: null, importPkcs12: 'key' })

function describeStore(collection: 'certificates' | 'keys', expected: Capabilities): void {
  describeKeyStore(
    `Key Vault's ${collection}`,
    () => {
      const line = realVault === undefined ? cuttableAgent(emulated.emulator) : null
      const options: KeyVaultOptions =
        line === null
          ? {}
          : // A second, so that of several creates one wins.
            { ...emulated.options, agent: line.agent, settleTime: 1_000 }
      const open = (): KeyVaultStore => made.watch(openKeyVault(vault.url, { ...options, collection }))
      return Promise.resolve({
        store: open(),
        reopen: () => Promise.resolve(open()),
        switchOff: async (name: string, version: string) => {
          if (collection === 'certificates') {
            await vault.certificates.updateCertificateProperties(name, version, { enabled: false })
          }
          await vault.keys.updateKeyProperties(name, version, { enabled: false })
        },
        cutOff: () => {
          line?.cut()
          return Promise.resolve(() => Promise.resolve(line?.mend()))
        },
        dispose: () => Promise.resolve(line?.agent.destroy()),
      })
    },
    expected,
    // Each test has names of its own, and most of its time is waiting. A real vault makes 20 keys in ten seconds.
    {
      describe: describe.concurrent,
      test,
    },
  )
}
