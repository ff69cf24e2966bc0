import type { KeyVaultStatus } from '@sealwright/azure-keyvault'

/** A vault at a port, of which everything was asked. */
export const fullStatus: KeyVaultStatus = {
  vaultUrl: 'https://contoso.vault.azure.net:8443',
  transactions: { queued: 3, inFlight: 128, used: 3_900, share: 3_950, limit: 4_000, pausedFor: 250 },
  creations: { queued: 0, inFlight: 0, used: 0, share: 20, limit: 20, pausedFor: 0 },
  breaker: 'half-open',
  breakerOpenings: 2,
  outage: 'it did not answer in time',
  throttled: 7,
  calls: [
    { operation: 'keys/sign', error: null, count: 1_000 },
    { operation: 'keys/sign', error: 'TIMEOUT', count: 2 },
  ],
  retries: [{ reason: '429', count: 6 }],
}
