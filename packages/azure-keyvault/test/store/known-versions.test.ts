import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openKeyVault } from '../../src/index.ts'
import { startVault } from '../support/vault.ts'

describe.each(['certificates', 'keys'] as const)(
  'listing the versions of one name in %s again',
  (collection) => {
    test('reads only versions that are new or have changed', async () => {
      // Made an hour ago: what has changed within a minute may change again within the same second.
      let offset = -3_600_000
      const vault = await startVault({ now: () => Date.now() + offset })
      const store = openKeyVault(vault.url, { ...vault.options, collection })
      const first = await store.create('k', { keyType: 'ec-p256' })
      for (let index = 0; index < 4; index++) await store.rotate('k')
      expect(await store.list({ name: 'k' })).toHaveLength(5)
      offset = 0
      const { requests } = vault.emulator
      const reads = async (): Promise<number> => {
        requests.clear()
        await store.list({ name: 'k' })
        return requests.count(`${collection}/get`)
      }
      // The versions of one second are told apart by asking for the newest.
      expect(await reads()).toBeLessThanOrEqual(1)
      await store.rotate('k')
      expect(await reads()).toBeLessThanOrEqual(2)
      if (collection === 'keys') await vault.keys.updateKeyProperties('k', first.version, { enabled: false })
      else await vault.certificates.updateCertificateProperties('k', first.version, { enabled: false })
      const listed = await store.list({ name: 'k' })
      expect(listed.find(({ version }) => version === first.version)?.enabled).toBe(false)
      expect(listed).toHaveLength(6)
      // Another store knows nothing.
      requests.clear()
      await openKeyVault(vault.url, { ...vault.options, collection }).list({ name: 'k' })
      expect(requests.count(`${collection}/get`)).toBeGreaterThanOrEqual(6)
    })
  },
)

test.each([
  ['certificates', 'CertificateNotFound'],
  ['keys', 'KeyNotFound'],
] as const)(
  'a version in %s that a part of the vault did not have is read again',
  async (collection, code) => {
    let offset = -3_600_000
    const vault = await startVault({ now: () => Date.now() + offset })
    const store = openKeyVault(vault.url, { ...vault.options, collection })
    const { version } = await store.create('k', { keyType: 'ec-p256' })
    offset = 0
    const fault = { type: 'status', status: 404, code } as const
    vault.emulator.faults.add({ operation: `${collection}/get`, fault })
    expect(await store.list({ name: 'k' })).toEqual([])
    expect((await store.list({ name: 'k' })).map((key) => key.version)).toEqual([version])
  },
)

test('a version that is not a signing key is read once as well', async () => {
  let offset = -3_600_000
  const vault = await startVault({ now: () => Date.now() + offset })
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const jwk = privateKey.export({ format: 'jwk' })
  const members = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const
  const bytes = Object.fromEntries(members.map((name) => [name, Buffer.from(jwk[name] ?? '', 'base64url')]))
  await vault.keys.importKey('wrapping', { kty: 'RSA', ...bytes, keyOps: ['wrapKey'] })
  offset = 0
  const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
  await store.list()
  vault.emulator.requests.clear()
  await store.list()
  expect(vault.emulator.requests.count('keys/get')).toBe(0)
})

test('a certificate that the vault makes is not renewed behind its signers’ back', async () => {
  const vault = await startVault()
  const store = openKeyVault(vault.url, vault.options)
  const key = await store.create('k', { keyType: 'ec-p256', validityDays: 365 })
  const policy = await vault.certificates.getCertificatePolicy('k')
  expect(policy.lifetimeActions).toEqual([{ action: 'EmailContacts', lifetimePercentage: 80 }])
  vault.emulator.clock.advance(340 * 86_400_000)
  expect((await vault.certificates.getCertificate('k')).properties.version).toBe(key.version)
})
