import { algorithms } from '@sealwright/core'
import { expect, test } from 'vitest'
import { vaultAlgorithm } from '../../src/vault/algorithms.ts'

test('Key Vault signs RSA and ECDSA, under the same names', () => {
  for (const row of algorithms) {
    expect(vaultAlgorithm(row)).toBe(['RSA', 'EC'].includes(row.kty) ? row.name : null)
  }
})
