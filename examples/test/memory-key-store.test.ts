import type { SigningKey } from '@sealwright/core'
import { describeKeyStore, localKeyTypes } from '@sealwright/backend-contract'
import { describe, test } from 'vitest'
import { MemoryKeyStore } from '../memory-key-store.ts'

describeKeyStore(
  'A store in memory',
  () => {
    const keys = new Map<string, SigningKey>()
    return Promise.resolve({
      store: new MemoryKeyStore(keys),
      reopen: () => Promise.resolve(new MemoryKeyStore(keys)),
    })
  },
  {
    keyTypes: localKeyTypes(),
    certificates: 'days',
    importPkcs12: null,
    renew: false,
    exportPkcs12: false,
    delete: false,
    rotate: false,
    disable: false,
    switchOff: false,
    cutOff: false,
  },
  { describe, test },
)
