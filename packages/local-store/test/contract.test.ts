import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  describeKeyStore,
  localKeyTypes,
  type Capabilities,
  type StoreUnderTest,
} from '@sealwright/backend-contract'
import { describe, test } from 'vitest'
import { openFolderStore } from '../src/index.ts'

const capabilities: Capabilities = {
  keyTypes: localKeyTypes(),
  certificates: 'days',
  importPkcs12: 'chain',
  renew: true,
  exportPkcs12: true,
  delete: true,
  rotate: true,
  disable: true,
  switchOff: false,
  cutOff: true,
}

describeKeyStore('A folder', underTest, capabilities, { describe, test })

async function underTest(): Promise<StoreUnderTest> {
  const parent = await mkdtemp(join(tmpdir(), 'sealwright-contract-'))
  const folder = join(parent, 'keys')
  return {
    store: await openFolderStore(folder),
    reopen: () => openFolderStore(folder),
    // Open to the group, it is refused. Unreadable would be no obstacle where tests run as root.
    cutOff: async () => {
      await chmod(folder, 0o750)
      return () => chmod(folder, 0o700)
    },
    dispose: () => rm(parent, { recursive: true, force: true }),
  }
}
