import { expect, test } from 'vitest'
import { openKeyVault } from '../src/index.ts'
import { startVault } from './support/vault.ts'

const day = 86_400_000

test.each([
  ['the same key', true],
  ['a new key', false],
])(
  'a certificate that the vault renews by itself, with %s, is the newest, and is rotated to a key of its own',
  async (_, reuseKey) => {
    const vault = await startVault()
    const poller = await vault.certificates.beginCreateCertificate(
      'k',
      {
        issuerName: 'Self',
        subject: 'CN=k',
        keyType: 'EC',
        keyCurveName: 'P-256',
        reuseKey,
        exportable: false,
        validityInMonths: 12,
        lifetimeActions: [{ action: 'AutoRenew', lifetimePercentage: 80 }],
      },
      { intervalInMs: 10 },
    )
    await poller.pollUntilDone()
    const store = openKeyVault(vault.url, vault.options)
    const made = await store.get('k')
    vault.emulator.clock.advance(300 * day)
    const renewed = await store.get('k')
    expect(renewed?.version).not.toBe(made?.version)
    expect(renewed?.keyId === made?.keyId).toBe(reuseKey)
    expect(renewed?.notAfter?.getTime()).toBeGreaterThan(made?.notAfter?.getTime() ?? Infinity)
    await expect(renewed?.signer().sign(Buffer.from('data'))).resolves.toHaveLength(64)
    // Signers of the first version go on until it ends.
    await expect(made?.signer().sign(Buffer.from('data'))).resolves.toHaveLength(64)

    // The next renewal is due, and comes before the rotation.
    vault.emulator.clock.advance(300 * day)
    const rotated = await store.rotate('k')
    const listed = await store.list({ name: 'k' })
    expect(listed).toHaveLength(4)
    expect(listed[0]?.version).toBe(rotated.version)
    expect(listed.slice(1).map(({ keyId }) => keyId)).not.toContain(rotated.keyId)
    expect((await store.get('k'))?.version).toBe(rotated.version)
    await expect(rotated.signer().sign(Buffer.from('data'))).resolves.toHaveLength(64)
  },
)
