import { azureKeyVault, openKeyVault } from '@sealwright/azure-keyvault'
import { expect, test } from 'vitest'
import { observeKeyVault, type ObservableKeyVault } from '../../src/index.ts'
import { testReader } from '../support/reader.ts'
import { fullStatus } from '../support/vault-status.ts'

const status = { ...fullStatus, vaultUrl: 'https://contoso.vault.azure.net' }
const server = 'server.address=contoso.vault.azure.net'

test('every figure of a vault is a metric', async () => {
  const { meter, values } = testReader()
  let now = status
  const stop = observeKeyVault({ status: () => now }, { meter })
  const of = (quotaName: string): string => `${server} sealwright.vault.quota.name=${quotaName}`
  expect(await values('sealwright.vault.calls')).toEqual({
    [`${server} sealwright.vault.operation=keys/sign`]: 1_000,
    [`${server} sealwright.vault.operation=keys/sign error.type=TIMEOUT`]: 2,
  })
  expect(await values('sealwright.vault.retries')).toEqual({
    [`${server} sealwright.vault.retry.reason=429`]: 6,
  })
  expect(await values('sealwright.vault.throttled')).toEqual({ [server]: 7 })
  expect(await values('sealwright.vault.breaker.state')).toEqual({
    [`${server} sealwright.vault.breaker.state=closed`]: 0,
    [`${server} sealwright.vault.breaker.state=open`]: 0,
    [`${server} sealwright.vault.breaker.state=half-open`]: 1,
  })
  expect(await values('sealwright.vault.breaker.openings')).toEqual({ [server]: 2 })
  for (const [name, transactions, creations] of [
    ['queued_requests', 3, 0],
    ['active_requests', 128, 0],
    ['quota.used', 3_900, 0],
    ['quota.share', 3_950, 20],
    ['quota.limit', 4_000, 20],
    ['quota.pause', 0.25, 0],
  ] as const) {
    // eslint-disable-next-line no-await-in-loop -- one reader
    expect(await values(`sealwright.vault.${name}`)).toEqual({
      [of('transactions')]: transactions,
      [of('creations')]: creations,
    })
  }
  now = { ...status, throttled: 8 }
  expect(await values('sealwright.vault.throttled')).toEqual({ [server]: 8 })
  stop()
  now = { ...status, throttled: 9 }
  expect(await values('sealwright.vault.throttled')).toEqual({ [server]: 8 })
})

test('a backend with several vaults, of which one is emulated at a port', async () => {
  const { meter, values } = testReader()
  const vaults = [status, { ...status, vaultUrl: 'https://fabrikam.vault.azure.net:8443', throttled: 1 }]
  observeKeyVault({ status: () => vaults }, { meter })
  expect(await values('sealwright.vault.throttled')).toEqual({
    [server]: 7,
    'server.address=fabrikam.vault.azure.net server.port=8443': 1,
  })
})

test('takes the backend and the stores of @sealwright/azure-keyvault', async () => {
  const { meter, values } = testReader()
  const store: ObservableKeyVault = openKeyVault('https://contoso.vault.azure.net')
  const backend: ObservableKeyVault = azureKeyVault()
  for (const each of [store, backend]) observeKeyVault(each, { meter })
  expect(await values('sealwright.vault.throttled')).toEqual({ [server]: 0 })
})

test('refuses what has no status', () => {
  const { meter } = testReader()
  expect(() => observeKeyVault({} as never, { meter })).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('vault must be the backend that azureKeyVault') as string,
    }),
  )
  expect(() => observeKeyVault({ status: () => status }, {} as never)).toThrow(
    'options.meter must be a Meter',
  )
})
