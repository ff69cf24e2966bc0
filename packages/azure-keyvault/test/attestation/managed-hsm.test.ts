import { generateKeyPairSync } from 'node:crypto'
import { openSigningKey } from '@sealwright/core'
import { expect, onTestFinished, test } from 'vitest'
import { attestedKeyOf, azureKeyVault, openKeyVault, verifyKeyAttestation } from '../../src/index.ts'
import { attestPair, attributesOf, makeModule } from '../support/attested-key.ts'
import {
  attestationMember,
  attestedKeyBody,
  hsmHost as host,
  hsmKeyVersion as version,
  startManagedHsm,
} from '../support/managed-hsm.ts'
import { emulatorAgent } from '@sealwright/test-kit/emulator-agent'

const credential = {
  getToken: () => Promise.resolve({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }),
}
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

test('the attestation of a key in a managed HSM is read and verifies', async () => {
  const module = await makeModule()
  const attestation = attestationMember(module, publicKey)
  const { url, ca, asked } = await startManagedHsm({
    key: { kid: `https://${host}/keys/k/${version}`, kty: 'RSA-HSM' },
    attributes: { enabled: true, attestation },
  })
  const agent = emulatorAgent(ca)
  onTestFinished(() => agent.destroy())
  const store = openKeyVault(url, { credential, agent })
  const read = await store.getKeyAttestation('k', { version })
  expect(read.publicKeyAttestation).toBeNull()
  expect(verifyKeyAttestation(read, publicKey, { roots: [module.root] })).toMatchObject({
    id: 'pool/my-app-auth/0123',
    namesPublicKey: true,
  })
  await store.getKeyAttestation('k')
  expect(asked).toEqual([`/keys/k/${version}/attestation`, '/keys/k/attestation'])
})

test('the key of a URI is attested in one step, and only where its public key is the attested one', async () => {
  const module = await makeModule()
  const { url, ca, asked } = await startManagedHsm(attestedKeyBody(module, publicKey))
  const agent = emulatorAgent(ca)
  onTestFinished(() => agent.destroy())
  const backend = azureKeyVault({ credential, agent })
  const uri = `${url}/keys/k`
  const key = await openSigningKey(uri, { backends: [backend] })
  const place = await backend.locate(uri, {})
  if (place === null) throw new Error('the URI names no place')
  const { store } = place
  const attested = await attestedKeyOf(store, key, { roots: [module.root] })
  expect(attested).toMatchObject({ namesPublicKey: true, neverExtractable: true })
  expect(attested?.chain.map(({ subject }) => subject)).toEqual(
    [module.partition, module.module, module.root].map(({ subject }) => subject),
  )
  expect(asked.at(-1)).toBe(`/keys/k/${version}/attestation`)
  // Marvell's roots have not signed it.
  await expect(attestedKeyOf(store, key)).rejects.toMatchObject({ code: 'INVALID_SIGNATURE' })
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const ofAnother = {
    ...(await openKeyVault(url, { credential, agent }).getKeyAttestation('k')),
    privateKeyAttestation: attestPair([attributesOf(other)], module.partitionKey),
  }
  const lying = new Proxy(store, {
    get: (target, name): unknown =>
      name === 'getKeyAttestation' ? () => Promise.resolve(ofAnother) : Reflect.get(target, name),
  })
  await expect(attestedKeyOf(lying, key, { roots: [module.root] })).rejects.toMatchObject({
    code: 'INVALID_SIGNATURE',
    message: expect.stringContaining('another key'),
  })
  // A vault attests nothing.
  const vault = openKeyVault('https://contoso.vault.azure.net', { credential, collection: 'keys' })
  expect(await attestedKeyOf(vault, key)).toBeNull()
})

test('an answer without an attestation is not one', async () => {
  const { url, ca } = await startManagedHsm({
    key: { kid: `https://${host}/keys/k/${version}`, kty: 'RSA-HSM' },
    attributes: { enabled: true },
  })
  const agent = emulatorAgent(ca)
  onTestFinished(() => agent.destroy())
  await expect(openKeyVault(url, { credential, agent }).getKeyAttestation('k')).rejects.toMatchObject({
    code: 'INVALID_ENCODING',
    message: expect.stringContaining('without an attestation'),
  })
})

test('a vault is not asked: it attests nothing', async () => {
  for (const collection of ['keys', 'certificates'] as const) {
    const store = openKeyVault('https://contoso.vault.azure.net', { credential, collection })
    await expect(store.getKeyAttestation('k')).rejects.toMatchObject({ code: 'UNSUPPORTED_OPERATION' })
  }
  const hsm = openKeyVault(`https://${host}`, { credential })
  await expect(hsm.getKeyAttestation('k', { version: 'latest' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.not.stringContaining('latest'),
  })
})
