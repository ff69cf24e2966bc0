import { expect, test } from 'vitest'
import { openKeyVault } from '../src/index.ts'
import { MadeNames } from './support/made-names.ts'
import { startVault } from './support/vault.ts'

test('cleaning up after a run on a real vault deletes what that run made, and nothing of the same prefix', async () => {
  const vault = await startVault()
  const made = new MadeNames()
  for (const collection of ['certificates', 'keys'] as const) {
    const theirs = openKeyVault(vault.url, { ...vault.options, collection })
    await theirs.create(`contract-theirs-${collection}`, { keyType: 'ec-p256' })
    const ours = made.watch(openKeyVault(vault.url, { ...vault.options, collection }))
    await ours.create(`contract-ours-${collection}`, { keyType: 'ec-p256' })
    await ours.get(`contract-theirs-${collection}`)
  }
  await made.deleteFrom(vault)
  for (const collection of ['certificates', 'keys'] as const) {
    const names = (await openKeyVault(vault.url, { ...vault.options, collection }).list()).map(
      ({ name }) => name,
    )
    expect(names).toContain(`contract-theirs-${collection}`)
    expect(names).not.toContain(`contract-ours-${collection}`)
  }
})
