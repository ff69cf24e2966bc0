import { describeKeyStore, type Capabilities } from '@sealwright/backend-contract'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { openKeyVault, type KeyVaultStore } from '../src/index.ts'
import { closeVault, cuttableAgent, openVault, type TestVault } from './support/vault.ts'

let vault: TestVault

beforeAll(async () => {
  vault = await openVault()
})
afterAll(() => closeVault(vault))

const keyTypes = [
  'ec-p256',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ec-p384',
  'ec-p521',
  'ec-secp256k1',
] as const

const capabilities: Capabilities = {
  keyTypes,
  certificates: 'months',
  importPkcs12: 'certificate',
  exportPkcs12: false,
  delete: true,
  rotate: true,
  switchOff: true,
  cutOff: true,
}

describeStore('certificates', capabilities)
describeStore('keys', { ...capabilities, certificates: null, importPkcs12: 'key' })

function describeStore(collection: 'certificates' | 'keys', expected: Capabilities): void {
  describeKeyStore(
    `Key Vault's ${collection}`,
    () => {
      const line = cuttableAgent(vault.emulator)
      // A second, so that of several creates one wins.
      const options = { ...vault.options, agent: line.agent, collection, settleTime: 1_000 }
      const open = (): KeyVaultStore => openKeyVault(vault.url, options)
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
          line.cut()
          return Promise.resolve(() => Promise.resolve(line.mend()))
        },
        dispose: () => Promise.resolve(line.agent.destroy()),
      })
    },
    expected,
    // Each test has names of its own, and most of its time is waiting.
    { describe: describe.concurrent, test },
  )
}
