import { generateKeyPairSync, sign } from 'node:crypto'
import { algorithm } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { RemoteSigner } from '../../src/vault/remote-signer.ts'
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
    await expect(signed({ signature, keyId: other })).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' })
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
    await expect(signed({ signature: other, keyId })).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' })
  })
})
