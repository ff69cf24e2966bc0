import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { algorithm } from '@sealwright/core'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { describe, expect, test, vi } from 'vitest'
import { RemoteSigner } from '../../src/vault/remote-signer.ts'
import type { SignRequest } from '../../src/vault/connection.ts'
import { lyingVault, pinnedKey, vaultUrl, version } from '../support/lying-vault.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const data = Buffer.from('the data')
const keyId = `${vaultUrl}/keys/k/${version}`
const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
const der = sign('sha256', data, privateKey)

function signed(answer: { signature: Uint8Array | null; keyId: string | null }): Promise<Uint8Array> {
  return new RemoteSigner(
    lyingVault(() => answer),
    pinnedKey(privateKey),
    algorithm('ES256'),
  ).sign(data)
}

describe('a remote signer', () => {
  test('releases a signature that verifies and is said to be made with the pinned version', async () => {
    await expect(signed({ signature, keyId })).resolves.toEqual(Uint8Array.from(signature))
  })

  test.each([
    ['another version', `${vaultUrl}/keys/k/${'f'.repeat(32)}`],
    ['another key', `${vaultUrl}/keys/other/${version}`],
    ['another vault', `https://fabrikam.vault.azure.net/keys/k/${version}`],
    ['no version', `${vaultUrl}/keys/k`],
    ['no key', null],
  ])('refuses a good signature said to be made with %s', async (_, other) => {
    const said = `the vault says it signed with ${other ?? 'an unnamed key'}`
    await expect(signed({ signature, keyId: other })).rejects.toMatchObject({
      code: 'INVALID_SIGNATURE',
      message: `the ES256 signature of k/${version} from ${vaultUrl} was discarded: ${said}`,
    })
  })

  test.each([
    ['of other data', sign('sha256', Buffer.from('other'), { key: privateKey, dsaEncoding: 'ieee-p1363' })],
    ['of another key', sign('sha256', data, { key: stranger, dsaEncoding: 'ieee-p1363' })],
    ['in DER', der],
    ['cut short', signature.subarray(0, 63)],
    ['with a byte too many', Buffer.concat([signature, Buffer.of(0)])],
    ['without bytes', Buffer.alloc(0)],
    ['of zeros', Buffer.alloc(64)],
    ['that is not there', null],
  ])('refuses a signature %s', async (_, other) => {
    const reason =
      other === null ? 'the response has no signature' : 'the signature does not verify with the public key'
    await expect(signed({ signature: other, keyId })).rejects.toMatchObject({
      code: 'INVALID_SIGNATURE',
      message: expect.stringContaining(`was discarded: ${reason}`),
    })
  })

  test('refuses an algorithm that Key Vault does not have, and asks for nothing', async () => {
    const vault = lyingVault(() => ({ signature, keyId }))
    const signing = vi.spyOn(vault, 'sign')
    const signer = new RemoteSigner(vault, pinnedKey(privateKey), algorithm('Ed25519'))
    await expect(signer.sign(data)).rejects.toMatchObject({
      code: 'UNSUPPORTED_ALGORITHM',
      message: 'Key Vault cannot sign Ed25519',
    })
    expect(signing).not.toHaveBeenCalled()
  })
})

describe('the caller', () => {
  test('may reuse its buffer at once', async () => {
    const buffer = Uint8Array.from(data)
    const vault = lyingVault(() => ({ signature, keyId }))
    const signing = new RemoteSigner(vault, pinnedKey(privateKey), algorithm('ES256')).sign(buffer)
    buffer.fill(0)
    await expect(signing).resolves.toEqual(Uint8Array.from(signature))
  })

  test.each([
    ['text', ['header.payload'], /^data must be/],
    ['an ArrayBuffer', [new ArrayBuffer(8)], /^data must be/],
    ['a signal of the wrong type', [data, { signal: true }], /options\.signal/],
    ['an unknown option', [data, { timeout: 5 }], /^options\.timeout is not an option/],
  ])('is told at once about %s', async (_, parameters, message) => {
    const vault = lyingVault(() => ({ signature, keyId }))
    const asking = vi.spyOn(vault, 'sign')
    const signer = new RemoteSigner(vault, pinnedKey(privateKey), algorithm('ES256'))
    const method: unknown = Reflect.get(signer, 'sign')
    if (typeof method !== 'function') throw new Error('the signer does not sign')
    await expect(Reflect.apply(method, signer, parameters)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    })
    expect(asking).not.toHaveBeenCalled()
  })
})

/** What a signature with that key asks for. */
async function asked(
  key: { privateKey?: KeyObject; isInHardware?: boolean; createdAt?: Date | null } = {},
  signal?: AbortSignal,
): Promise<SignRequest | undefined> {
  const { privateKey: signing = privateKey, ...facts } = key
  const requests: SignRequest[] = []
  const vault = {
    vaultUrl,
    sign: (request: SignRequest) => {
      requests.push(request)
      return Promise.resolve({ signature: null, keyId })
    },
  }
  const name = signing === privateKey ? 'ES256' : 'RS384'
  const signer = new RemoteSigner(vault, { ...pinnedKey(signing), ...facts }, algorithm(name))
  await expect(signer.sign(data, signal === undefined ? {} : { signal })).rejects.toThrow('no signature')
  expect(requests).toHaveLength(1)
  return requests[0]
}

describe('the vault is asked', () => {
  test('for the digest and nothing else, with the pinned version', async () => {
    const { signal } = new AbortController()
    expect(await asked({}, signal)).toEqual({
      name: 'k',
      version,
      algorithm: 'ES256',
      digest: createHash('sha256').update(data).digest(),
      cost: 1,
      isNew: false,
      signal,
    })
  })

  test('at the cost of the key', async () => {
    expect(await asked({ privateKey: rsaKey(3072) })).toMatchObject({
      algorithm: 'RS384',
      digest: createHash('sha384').update(data).digest(),
      cost: 4,
      signal: undefined,
    })
    expect((await asked({ isInHardware: true }))?.cost).toBe(2)
  })

  test('again, where it does not know a key that was made less than a minute ago', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const ages = [0, 59_999, 60_000]
      const isNew = await Promise.all(
        ages.map(async (age) => (await asked({ createdAt: new Date(Date.now() - age) }))?.isNew),
      )
      expect(isNew).toEqual([true, true, false])
      expect((await asked({ createdAt: null }))?.isNew).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })
})
