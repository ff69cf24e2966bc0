import type { TokenCredential } from '@azure/identity'
import { isSealwrightError, type SigningKey } from '@sealwright/core'
import { wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { describe, expect, test } from 'vitest'
import { openKeyVault, type KeyVaultOptions, type KeyVaultStore } from '../src/index.ts'
import { startVault, type TestVault } from './support/vault.ts'
import { sleep, useVirtualTime } from '@sealwright/test-kit/virtual-time'

const data = Buffer.from('the data')

/** The defaults, but for the way to the emulator. */
const shipped = { deadline: undefined, attemptTimeout: undefined, quota: undefined } as const

function openKeys(vault: TestVault, options: KeyVaultOptions = {}): KeyVaultStore {
  return openKeyVault(vault.url, { ...vault.options, collection: 'keys', ...options })
}

async function openKey(vault: TestVault, options: KeyVaultOptions): Promise<SigningKey> {
  const key = await openKeys(vault, options).get('k')
  if (key === null) throw new Error('the key is not there')
  return key
}

describe('a vault that answers slowly', () => {
  test('after 1.1 s each, longer than an attempt may take at first: everything is signed, and none fails', async () => {
    const vault = await startVault()
    await vault.keys.createKey('k', 'EC')
    const signer = (await openKey(vault, shipped)).signer()
    await signer.sign(data)
    vault.emulator.requests.clear()
    const fault = { type: 'latency', ms: 1_100 } as const
    vault.emulator.faults.add({ operation: 'keys/sign', fault, times: Infinity })
    for (let round = 0; round < 2; round++) {
      const signing = Array.from({ length: 20 }, () => signer.sign(data))
      await expect(Promise.all(signing)).resolves.toHaveLength(20)
    }
    // One attempt showed that the vault is slow; the others had the time.
    expect(vault.emulator.requests.count('keys/sign')).toBeLessThan(40 + 20)
  })

  test('after longer than an attempt to read may take at first: it is read', async () => {
    const vault = await startVault()
    await vault.keys.createKey('k', 'EC')
    const fault = { type: 'latency', ms: 700 } as const
    vault.emulator.faults.add({ operation: 'keys/get', fault, times: Infinity })
    // 300 ms, then 600, then 1,200.
    const store = openKeys(vault, { attemptTimeout: 100 })
    await expect(store.get('k')).resolves.toMatchObject({ name: 'k' })
    expect(vault.emulator.requests.count('keys/get')).toBe(3)
  })
})

/** A credential that counts, and remembers the tokens it gave. */
function countingCredential(vault: TestVault): TokenCredential & { readonly tokens: string[] } {
  const tokens: string[] = []
  const inner = secretCredential(vault.emulator, wellKnown)
  return {
    tokens,
    async getToken(...parameters) {
      const token = await inner.getToken(...parameters)
      tokens.push(token.token)
      return token
    },
  }
}

describe('a token that the vault does not accept', () => {
  useVirtualTime()

  const refusal = { type: 'status', status: 401, code: 'Unauthorized' } as const

  test('AKV10046, which comes at random and passes, goes unnoticed', async () => {
    const vault = await startVault()
    await vault.keys.createKey('k', 'EC')
    const credential = countingCredential(vault)
    const key = await openKey(vault, { ...shipped, credential })
    await key.signer().sign(data)
    const message = 'AKV10046: Unable to resolve the key used for signature validation.'
    // The SDK's own second attempt is refused as well, and then ours.
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { ...refusal, message }, times: 4 })
    await expect(key.signer().sign(data)).resolves.toHaveLength(64)
    // It says nothing about the token.
    expect(new Set(credential.tokens).size).toBe(1)
  })

  test('when it stays so until the deadline, it is ACCESS_DENIED with the vault’s reason', async () => {
    const vault = await startVault()
    await vault.keys.createKey('k', 'EC')
    const key = await openKey(vault, { ...shipped, deadline: 1_000 })
    const message = 'AKV10046: Unable to resolve the key used for signature validation.'
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { ...refusal, message }, times: Infinity })
    await expect(key.signer().sign(data)).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('AKV10046'),
    })
    // That was no outage.
    vault.emulator.faults.clear()
    await expect(key.signer().sign(data)).resolves.toHaveLength(64)
  })

  test('is replaced at once where it has expired by the vault’s clock', async () => {
    let offset = 0
    const vault = await startVault({ now: () => Date.now() + offset })
    await vault.keys.createKey('k', 'EC')
    const credential = countingCredential(vault)
    const key = await openKey(vault, { ...shipped, credential })
    await key.signer().sign(data)
    // Ours says that the token is good for another hour, and so does the cache of the credential.
    offset = 2 * 3_600_000
    await Promise.all(Array.from({ length: 20 }, () => key.signer().sign(data)))
    const used = credential.tokens.length
    expect(new Set(credential.tokens).size).toBe(2)
    await key.signer().sign(data)
    expect(credential.tokens).toHaveLength(used)
  })

  test('is dropped, and when the next one is refused too it is ACCESS_DENIED, without waiting', async () => {
    const vault = await startVault()
    await vault.keys.createKey('k', 'EC')
    const credential = countingCredential(vault)
    const key = await openKey(vault, { ...vault.options, credential })
    await key.signer().sign(data)
    const message = 'AKV10032: Invalid issuer.'
    vault.emulator.faults.add({ operation: 'keys/sign', fault: { ...refusal, message }, times: 2 })
    const signing = key.signer().sign(data)
    await expect(signing).rejects.toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringMatching(/AKV10032.*tenant of the vault/),
    })
    expect(vault.emulator.requests.list('keys/sign').filter(({ outcome }) => outcome === 401)).toHaveLength(2)
    // The refused tokens are not kept: the next signature is made with a new one.
    const before = credential.tokens.length
    await key.signer().sign(data)
    expect(credential.tokens.length).toBeGreaterThan(before)
  })
})

test('a token that is still good is used while the authority does not answer', async () => {
  const vault = await startVault()
  await vault.keys.createKey('k', 'EC')
  const inner = secretCredential(vault.emulator, wellKnown)
  let asked = 0
  const credential: TokenCredential = {
    async getToken(...parameters) {
      if (asked++ > 0) return new Promise(() => undefined)
      return { ...(await inner.getToken(...parameters)), expiresOnTimestamp: Date.now() + 60_000 }
    },
  }
  const signer = (await openKey(vault, { ...shipped, credential })).signer()
  await expect(signer.sign(data)).resolves.toHaveLength(64)
  expect(asked).toBe(2)
})

describe('a key that was made a moment ago', () => {
  useVirtualTime()

  test.each([
    ['keys', 'keys/get', 'KeyNotFound'],
    ['certificates', 'certificates/get', 'CertificateNotFound'],
  ] as const)(
    'is asked for again in %s when a part of the vault does not have it yet',
    async (collection, operation, code) => {
      const vault = await startVault()
      const store = openKeyVault(vault.url, { ...vault.options, collection })
      const { faults } = vault.emulator
      // The first read, which proves absence, is not one of them; nor are those that look whether it is finished.
      const after = collection === 'keys' ? 1 : 2
      faults.add({ operation, fault: { type: 'status', status: 404, code }, times: 3, after })
      const key = await store.create('k', { keyType: 'ec-p256' })
      await expect(key.signer().sign(data)).resolves.toHaveLength(64)
    },
  )

  test('signs, even where the first answers to that are 404', async () => {
    const vault = await startVault()
    const key = await openKeys(vault, shipped).create('k', { keyType: 'ec-p256' })
    const fault = { type: 'status', status: 404, code: 'KeyNotFound' } as const
    vault.emulator.faults.add({ operation: 'keys/sign', fault, times: 3 })
    await expect(key.signer().sign(data)).resolves.toHaveLength(64)
  })

  test('an old one that is gone is NOT_FOUND at once', async () => {
    let offset = -600_000
    const vault = await startVault({ now: () => Date.now() + offset })
    await vault.keys.createKey('k', 'EC')
    offset = 0
    const key = await openKey(vault, shipped)
    const fault = { type: 'status', status: 404, code: 'KeyNotFound' } as const
    vault.emulator.faults.add({ operation: 'keys/sign', fault, times: Infinity })
    await expect(key.signer().sign(data)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(vault.emulator.requests.count('keys/sign')).toBe(1)
  })
})

/** Leaves a certificate `k` without a key behind, in each of the ways in which that happens. */
const endings: Readonly<Record<string, (vault: TestVault) => Promise<void>>> = {
  'was cancelled': async ({ certificates }) => {
    const poller = await certificates.beginCreateCertificate('k', { issuerName: 'Unknown', subject: 'CN=k' })
    await poller.cancelOperation()
    while ((await statusOf(certificates)) === 'inProgress') await sleep(5)
    expect(await statusOf(certificates)).toBe('cancelled')
  },
  'failed because its issuer refused': async ({ emulator, certificates }) => {
    const fault = { type: 'status', status: 400, code: 'Rejected', message: 'No.' } as const
    emulator.faults.add({ operation: 'certificates/issue', fault })
    // The client's first look at the operation throws when it has failed by then.
    await certificates
      .beginCreateCertificate('k', { issuerName: 'Self', subject: 'CN=k' })
      .catch(() => undefined)
    while ((await statusOf(certificates)) === 'inProgress') await sleep(5)
    expect(await statusOf(certificates)).toBe('failed')
  },
  'was deleted': async ({ certificates }) => {
    await certificates.beginCreateCertificate('k', { issuerName: 'Unknown', subject: 'CN=k' })
    await certificates.deleteCertificateOperation('k')
    expect(await statusOf(certificates)).toBe('PendingCertificateNotFound')
  },
}

/** The state of the operation, or the code of the error that there is none. The client throws for one that failed. */
async function statusOf(certificates: TestVault['certificates']): Promise<string | undefined> {
  let status: string | undefined
  try {
    await certificates.getCertificateOperation('k', {
      onResponse: ({ parsedBody }) => {
        status = (parsedBody as { status?: string } | undefined)?.status ?? status
      },
    })
    return status
  } catch (error) {
    return status ?? (error as { code?: string }).code
  }
}

describe.each(Object.keys(endings))('a name whose request %s', (ending) => {
  useVirtualTime()

  async function startWithLeftover(): Promise<TestVault> {
    const vault = await startVault()
    await endings[ending]?.(vault)
    const { properties, cer } = await vault.certificates.getCertificate('k')
    expect({ enabled: properties.enabled, cer }).toEqual({ enabled: false, cer: undefined })
    return vault
  }

  test('is absent, and taken by the next that asks for it, with the time of one creation', async () => {
    const vault = await startWithLeftover()
    // What ships: the first of several creators is found out after a second.
    const options = { ...vault.options, settleTime: 1_000 }
    await expect(openKeyVault(vault.url, options).get('k')).resolves.toBeNull()
    const start = performance.now()
    const creating = [1, 2, 3].map(() =>
      openKeyVault(vault.url, options).getOrCreate('k', { keyType: 'ec-p256' }),
    )
    const keys = await Promise.all(creating)
    expect(performance.now() - start).toBeLessThan(20_000)
    expect(new Set(keys.map(({ keyId }) => keyId)).size).toBe(1)
    await expect(keys[0]?.signer().sign(data)).resolves.toHaveLength(64)
    expect(
      (await openKeyVault(vault.url, options).list({ name: 'k' })).filter(({ enabled }) => enabled),
    ).toHaveLength(1)
  })

  test('is free for `create`', async () => {
    const vault = await startWithLeftover()
    await expect(openKeyVault(vault.url, vault.options).create('k')).resolves.toMatchObject({ name: 'k' })
  })

  test('is not absent while nothing says so: the error does', async () => {
    const vault = await startWithLeftover()
    const fault = { type: 'status', status: 403, code: 'Forbidden', innererror: 'AccessDenied' } as const
    vault.emulator.faults.add({ operation: 'certificates/getPending', fault })
    const getting = openKeyVault(vault.url, vault.options).get('k')
    await expect(getting).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  })
})

describe('a deleted name', () => {
  useVirtualTime()

  test.each(['certificates', 'keys'] as const)(
    'in %s is recovered where asked to, with its kid',
    async (collection) => {
      const vault = await startVault()
      const options = { ...vault.options, collection }
      const key = await openKeyVault(vault.url, options).create('k', { keyType: 'ec-p256' })
      await openKeyVault(vault.url, options).delete('k')
      const store = openKeyVault(vault.url, { ...options, recoverDeleted: true })
      const recovered = await Promise.all([
        store.getOrCreate('k'),
        store.getOrCreate('k', { keyType: 'ec-p256' }),
      ])
      expect(recovered.map(({ keyId }) => keyId)).toEqual([key.keyId, key.keyId])
      await expect(recovered[0].signer().sign(data)).resolves.toHaveLength(64)
      // Only `getOrCreate` does so.
      await store.delete('k')
      const creating = store.create('k')
      await expect(creating).rejects.toSatisfy(
        (error) => isSealwrightError(error, 'ALREADY_EXISTS') && /recover|being deleted/.test(error.message),
      )
    },
  )

  test('that never was is made as ever', async () => {
    const vault = await startVault()
    const store = openKeys(vault, { recoverDeleted: true })
    await expect(store.getOrCreate('k', { keyType: 'ec-p256' })).resolves.toMatchObject({ name: 'k' })
  })
})
