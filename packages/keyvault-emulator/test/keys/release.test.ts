import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  verify,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import {
  createKeyVaultEmulator,
  EmulatorError,
  type KeyVaultEmulatorOptions,
} from '@sealwright/keyvault-emulator'
import { rsaKey } from '@sealwright/test-kit/rsa-keys'
import { describe, expect, test } from 'vitest'
import {
  authorityUrl,
  createAttestationAuthority,
  encode,
  publicJwk,
} from '../support/attestation-authority.ts'
import { publicKeyOf, startRig, type Rig } from '../support/rig.ts'

const authority = createAttestationAuthority()
const attested = { 'sdk-test': true }

async function startReleasing(options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  return startRig({ attestationAuthorities: authority.option, ...options })
}

/** An exportable key `k`. */
async function createKey(rig: Rig, body: object = {}): ReturnType<Rig['raw']> {
  return rig.raw('POST', '/keys/k/create?api-version=7.6', {
    body: {
      kty: 'EC-HSM',
      attributes: { exportable: true },
      release_policy: { data: authority.policy },
      ...body,
    },
  })
}

async function release(rig: Rig, target: string, body: object = {}): ReturnType<Rig['raw']> {
  return rig.raw('POST', '/keys/k//release?api-version=7.6', { body: { target, ...body } })
}

function decoded(part: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>
}

interface Released {
  readonly request: object
  readonly response: { readonly key: { readonly key: { readonly key_hsm: string } } }
}

/** The private key in a release, opened with the key of the environment. */
function openedKey(payload: Released, oaepHash: string): KeyObject {
  const { ciphertext } = decoded(payload.response.key.key.key_hsm) as { ciphertext: string }
  const bytes = Buffer.from(ciphertext, 'base64url')
  const size = 3072 / 8
  const ephemeral = privateDecrypt(
    { key: authority.environmentKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
    bytes.subarray(0, size),
  )
  const unwrapping = createDecipheriv('id-aes256-wrap-pad', ephemeral, Buffer.from('a65959a6', 'hex'))
  const der = Buffer.concat([unwrapping.update(bytes.subarray(size)), unwrapping.final()])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

const signedByAnother = (): string => {
  const [header, payload] = authority.attest(attested).split('.')
  return `${header}.${payload}.${Buffer.alloc(256, 1).toString('base64url')}`
}

const policyOf = (...anyOf: object[]): string => encode({ version: '1.0.0', anyOf })

test('a key is released to an attested environment, in the form that was recorded', async () => {
  const rig = await startReleasing()
  const encodedPolicy = Buffer.from(authority.policy, 'base64url')
  const key = await rig.keys.createEcKey('k', {
    hsm: true,
    exportable: true,
    releasePolicy: { encodedPolicy },
  })
  const { value } = await rig.keys.releaseKey('k', authority.attest(attested))

  const [header, payload, signature] = value.split('.')
  const { x5c, ...rest } = decoded(header) as { x5c: string[] }
  expect(Object.keys(rest)).toEqual(['alg', 'kid', 'x5t', 'typ', 'x5t#S256'])
  const [leaf, ca] = x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')))
  expect(ca?.toString()).toBe(rig.emulator.ca)
  expect(leaf?.verify(createPublicKey(rig.emulator.ca))).toBe(true)
  const signed = Buffer.from(`${header}.${payload}`)
  expect(verify('sha256', signed, leaf?.publicKey ?? '', Buffer.from(signature ?? '', 'base64url'))).toBe(
    true,
  )

  const released = decoded(payload) as unknown as Released
  const policy = { data: key.properties.releasePolicy?.encodedPolicy, immutable: false }
  expect(released).toEqual({
    request: {
      'api-version': '2025-07-01',
      enc: 'CKM_RSA_AES_KEY_WRAP',
      kid: expect.stringMatching(/\/keys\/k$/),
    },
    response: {
      key: {
        key: {
          kid: key.id,
          kty: 'EC',
          key_ops: ['sign', 'verify'],
          crv: 'P-256',
          x: Buffer.from(key.key?.x ?? []).toString('base64url'),
          y: Buffer.from(key.key?.y ?? []).toString('base64url'),
          key_hsm: released.response.key.key.key_hsm,
        },
        attributes: expect.objectContaining({ enabled: true, exportable: true, hsmPlatform: '2' }),
        release_policy: { ...policy, data: Buffer.from(policy.data ?? []).toString('base64url') },
      },
    },
  })
  expect(decoded(released.response.key.key.key_hsm)).toMatchObject({
    schema_version: '1.0',
    header: { kid: 'environment', alg: 'dir', enc: 'CKM_RSA_AES_KEY_WRAP' },
  })
  expect(createPublicKey(openedKey(released, 'sha1')).equals(publicKeyOf(key))).toBe(true)
})

test.each([
  ['RSA_AES_KEY_WRAP_256', 'sha256'],
  ['RSA_AES_KEY_WRAP_384', 'sha384'],
])('the request chooses how it is wrapped: %s; its nonce and version come back', async (enc, hash) => {
  const rig = await startReleasing()
  await createKey(rig)
  const { version } = (await rig.keys.getKey('k')).properties
  const { body } = await rig.raw('POST', `/keys/k/${version}/release?api-version=7.6`, {
    body: { target: authority.attest(attested), enc, nonce: 'n-1' },
  })
  const released = decoded(String(body['value']).split('.')[1]) as unknown as Released
  expect(released.request).toMatchObject({
    enc,
    nonce: 'n-1',
    kid: expect.stringMatching(`/keys/k/${version}$`),
  })
  expect(openedKey(released, hash).asymmetricKeyType).toBe('ec')
})

describe('a release is refused', () => {
  const unverified = 'Target environment attestation statement cannot be verified.'
  const unmet = 'Target environment attestation does not meet key release policy requirements.'
  const otherKey = rsaKey(4096)
  test.each<[string, () => string, number, string]>([
    ['of no authority', signedByAnother, 403, unverified],
    ['that is no token', () => 'attestation', 403, unverified],
    [
      'of another issuer',
      () => authority.attest({ ...attested, iss: 'https://other.example.org' }),
      403,
      unverified,
    ],
    ['that has expired', () => authority.attest({ ...attested, exp: 1_600_000_000 }), 403, unverified],
    ['that never expires', () => authority.attest({ ...attested, exp: undefined }), 403, unverified],
    ['that is not valid yet', () => authority.attest({ ...attested, nbf: 4_102_444_000 }), 403, unverified],
    ['without the claim', () => authority.attest(), 403, unmet],
    ['with another value', () => authority.attest({ 'sdk-test': 'false' }), 403, unmet],
    ['without a key', () => authority.attest({ ...attested, 'x-ms-runtime': {} }), 400, 'has no RSA key'],
    [
      'whose key only signs',
      () =>
        authority.attest({ ...attested, 'x-ms-runtime': { keys: [{ ...publicJwk(otherKey), use: 'sig' }] } }),
      400,
      'has no RSA key',
    ],
  ])('for an attestation %s', async (_, target, status, message) => {
    const rig = await startReleasing()
    await createKey(rig)
    const answer = await release(rig, target())
    const inner = status === 403 ? { code: 'AccessDenied' } : undefined
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body)).toContain(message)
    expect((answer.body['error'] as { innererror?: object }).innererror).toEqual(inner)
  })

  test('where the emulator does not have the keys of the authority, and says so', async () => {
    const rig = await startRig()
    await createKey(rig)
    const answer = await release(rig, authority.attest(attested))
    expect(JSON.stringify(answer.body)).toContain(
      `${unverified} The emulator was not given the keys of https://attestation.example.org: see its option attestationAuthorities.`,
    )
  })

  test('of a key that is disabled, expired, or not exportable', async () => {
    const rig = await startReleasing()
    const refusal = async (body: object): Promise<unknown> => {
      await createKey(rig, body)
      const answer = await release(rig, authority.attest(attested))
      expect(answer.status).toBe(403)
      return (answer.body['error'] as { innererror: { code: string } }).innererror.code
    }
    expect(await refusal({ attributes: { exportable: true, enabled: false } })).toBe('KeyDisabled')
    expect(await refusal({ attributes: { exportable: true, exp: 1_600_000_000 } })).toBe('KeyExpired')
    expect(await refusal({ attributes: {}, release_policy: undefined })).toBe('KeyNotExportable')
  })

  test('for a way of wrapping that does not exist', async () => {
    const rig = await startReleasing()
    await createKey(rig)
    expect(await release(rig, authority.attest(attested), { enc: 'A256KW' })).toMatchObject({ status: 400 })
  })
})

describe('a release policy', () => {
  const nested = policyOf(
    { authority: 'https://other.example.org', anyOf: [{ claim: 'a', equals: 1 }] },
    {
      authority: authorityUrl,
      allOf: [
        { claim: 'x-ms-isolation-tee.x-ms-attestation-type', equals: 'sevsnpvm' },
        {
          anyOf: [
            { claim: 'a', equals: 1 },
            { claim: 'b', equals: true },
          ],
        },
      ],
    },
  )
  const tee = { 'x-ms-isolation-tee': { 'x-ms-attestation-type': 'sevsnpvm' } }

  test.each<[object, number]>([
    [{ ...tee, a: 1 }, 200],
    [{ ...tee, b: 'true' }, 200],
    [{ ...tee }, 403],
    [{ a: 1 }, 403],
    [{ 'x-ms-isolation-tee': 'sevsnpvm', a: 1 }, 403],
    [{ ...tee, a: [1] }, 403],
    [{ 'x-ms-isolation-tee.x-ms-attestation-type': 'sevsnpvm', a: 1 }, 200],
  ])('of several conditions with the claims %j: %d', async (claims, status) => {
    const rig = await startReleasing()
    await createKey(rig, { release_policy: { data: nested } })
    expect(await release(rig, authority.attest(claims))).toMatchObject({ status })
  })

  test('is stored as the service writes it', async () => {
    const rig = await startReleasing()
    const { body } = await createKey(rig)
    expect(body['release_policy']).toEqual({
      contentType: 'application/json; charset=utf-8',
      data: policyOf({ authority: authorityUrl, anyOf: [{ claim: 'sdk-test', equals: 'true' }] }),
      immutable: false,
    })
  })

  test.each([
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no authority', policyOf()],
    ['an authority without conditions', policyOf({ authority: authorityUrl })],
    ['another operator', policyOf({ authority: authorityUrl, anyOf: [{ claim: 'a', less: 1 }] })],
    ['an object as the value', policyOf({ authority: authorityUrl, anyOf: [{ claim: 'a', equals: {} }] })],
    [
      'far too deep a nesting',
      Buffer.from(
        `{"version":"1.0.0","anyOf":[{"authority":"${authorityUrl}","anyOf":[${'{"anyOf":['.repeat(100_000)}` +
          `{"claim":"a","equals":1}${']}'.repeat(100_000)}]}]}`,
      ).toString('base64url'),
    ],
  ])('is refused with %s', async (_, data) => {
    const rig = await startReleasing()
    const { status, body } = await createKey(rig, { release_policy: { data } })
    expect(status).toBe(400)
    expect(JSON.stringify(body)).toContain('The key release policy is invalid.')
  })

  test('is changed unless it is immutable', async () => {
    const rig = await startReleasing()
    await createKey(rig)
    const update = (release_policy: object): ReturnType<Rig['raw']> =>
      rig.raw('PATCH', '/keys/k/?api-version=7.6', { body: { release_policy } })
    expect((await update({ data: nested, immutable: true })).body).toMatchObject({
      release_policy: { immutable: true },
    })
    expect((await update({ data: authority.policy })).body).toMatchObject({
      error: { message: 'AKV.SKR.1020: Immutable Key Release Policy cannot be modified.' },
    })
  })

  test.each([
    [{ release_policy: undefined }, 'AKV.SKR.1004: Exportable keys must have release policy.'],
    [{ attributes: {} }, 'AKV.SKR.1005: Non-exportable keys must not have release policy.'],
  ])('and being exportable go together: %j', async (body, message) => {
    const rig = await startReleasing()
    expect(await createKey(rig, body)).toMatchObject({
      status: 400,
      body: { error: { code: 'BadParameter', message } },
    })
  })
})

const jwk = publicJwk(rsaKey(2048))
test.each<[string, object, RegExp]>([
  [
    'a key of another kind',
    { 'https://a.example.org': { keys: [{ kty: 'EC', crv: 'P-256', x: '', y: '' }] } },
    /^the attestation authority https:\/\/a\.example\.org has a key that is not an RSA public key/,
  ],
  ['no keys', { 'https://a.example.org': {} }, /has no JWK Set/],
  ['no key set', { 'https://a.example.org': null }, /has no JWK Set/],
  ['a key that is null', { 'https://a.example.org': { keys: [null] } }, /not an RSA public key/],
  ['another scheme', { 'http://a.example.org': { keys: [jwk] } }, /is not an https URL/],
  [
    'the same URL twice',
    { 'https://a.example.org': { keys: [jwk] }, 'https://a.example.org/': { keys: [] } },
    /https:\/\/a\.example\.org\/ is given twice/,
  ],
])('an authority with %s is refused', (_, attestationAuthorities, message) => {
  const options = { attestationAuthorities } as KeyVaultEmulatorOptions
  expect(() => createKeyVaultEmulator(options)).toThrow(EmulatorError)
  expect(() => createKeyVaultEmulator(options)).toThrow(message)
})
