import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { errorOf, startRig, type Rig } from '../support/rig.ts'

const start = Date.UTC(2026, 0, 1)
const selfSigned = { issuerName: 'Self', subject: 'CN=a', keyType: 'EC' } as const

/** A vault whose issuances take a second of a clock that stands still. */
async function rigWithClock(): Promise<Rig> {
  return startRig({ now: () => start, timing: { issuance: 1000 } })
}

const pending = (rig: Rig, method: string, body?: object): ReturnType<Rig['raw']> =>
  rig.raw(method, '/certificates/c/pending?api-version=7.6', { body })

describe.each([
  ['signed by the vault', 'Self'],
  ['that waits for a merge', 'Unknown'],
])('a pending certificate %s', (_, issuerName) => {
  test('is in progress until its cancellation ends, then cancelled, as recorded', async () => {
    const rig = await rigWithClock()
    await rig.certificates.beginCreateCertificate('c', { ...selfSigned, issuerName })
    expect((await pending(rig, 'GET')).headers).toHaveProperty('retry-after')
    const cancelling = await pending(rig, 'PATCH', { cancellation_requested: true })
    expect(cancelling).toMatchObject({
      status: 200,
      body: { status: 'inProgress', cancellation_requested: true },
    })
    expect(cancelling.headers).not.toHaveProperty('retry-after')
    rig.emulator.clock.advance(1000)
    const cancelled = await pending(rig, 'GET')
    expect(Object.keys(cancelled.body)).toEqual([
      'id',
      'issuer',
      'csr',
      'cancellation_requested',
      'status',
      'request_id',
    ])
    expect(cancelled.body).toMatchObject({ status: 'cancelled', cancellation_requested: true })
    expect(cancelled.headers).not.toHaveProperty('retry-after')
    expect((await pending(rig, 'PATCH', { cancellation_requested: true })).status).toBe(409)
  })

  test('whose operation is deleted stays disabled, without key and content, and can be made again', async () => {
    const rig = await rigWithClock()
    await rig.certificates.beginCreateCertificate('c', { ...selfSigned, issuerName })
    await pending(rig, 'PATCH', { cancellation_requested: true })
    rig.emulator.clock.advance(1000)
    expect((await pending(rig, 'DELETE')).body).toMatchObject({ status: 'cancelled' })
    expect(errorOf(await rejection(rig.certificates.getCertificateOperation('c')))).toMatchObject({
      status: 404,
      code: 'PendingCertificateNotFound',
      message: 'Pending Certificate not found: c',
    })
    const { body } = await rig.raw('GET', '/certificates/c?api-version=7.6')
    expect(Object.keys(body)).toEqual(['id', 'attributes', 'policy'])
    expect(body['attributes']).toMatchObject({ enabled: false })
    expect(errorOf(await rejection(rig.keys.getKey('c'))).status).toBe(404)
    // The version that it shows can be asked for, too.
    const version = String(body['id']).split('/').at(-1)
    expect((await rig.raw('GET', `/certificates/c/${version}?api-version=7.6`)).body).toMatchObject({
      id: body['id'],
    })

    await rig.certificates.beginCreateCertificate('c', selfSigned)
    rig.emulator.clock.advance(1000)
    await expect(rig.certificates.getCertificate('c')).resolves.toMatchObject({
      properties: { enabled: true },
    })
  })
})

test('an operation that goes on cannot be deleted; one that ends can, and the certificate stays', async () => {
  const rig = await rigWithClock()
  await rig.certificates.beginCreateCertificate('c', selfSigned)
  expect((await pending(rig, 'DELETE')).status).toBe(409)
  rig.emulator.clock.advance(1000)
  await expect(rig.certificates.deleteCertificateOperation('c')).resolves.toMatchObject({
    status: 'completed',
    cancellationRequested: false,
  })
  await expect(rig.certificates.getCertificate('c')).resolves.toMatchObject({ properties: { enabled: true } })
})

test('an issuer that refuses makes the operation fail, and the next request starts afresh', async () => {
  const rig = await rigWithClock()
  rig.emulator.faults.add({
    operation: 'certificates/issue',
    fault: { type: 'status', status: 400, code: 'Rejected', message: 'The order was rejected.' },
  })
  await rig.certificates.beginCreateCertificate('c', selfSigned)
  rig.emulator.clock.advance(1000)
  const failed = await pending(rig, 'GET')
  expect(failed.body).toMatchObject({
    status: 'failed',
    error: { code: 'Rejected', message: 'The order was rejected.' },
  })
  expect(failed.headers).not.toHaveProperty('retry-after')
  expect((await rig.raw('GET', '/certificates/c?api-version=7.6')).body).toMatchObject({
    attributes: { enabled: false },
  })
  await rig.certificates.beginCreateCertificate('c', selfSigned)
  rig.emulator.clock.advance(1000)
  expect((await pending(rig, 'GET')).body).toMatchObject({ status: 'completed' })
})

const versions = async (rig: Rig): Promise<number> =>
  ((await rig.raw('GET', '/certificates/c/versions?api-version=7.6')).body['value'] as unknown[]).length

const renewing = async (lifetimeActions: object[], policy: object = {}): Promise<Rig> => {
  const rig = await rigWithClock()
  await rig.raw('POST', '/certificates/c/create?api-version=7.6', {
    body: {
      policy: {
        key_props: { kty: 'EC' },
        x509_props: { subject: 'CN=a', validity_months: 12 },
        issuer: { name: 'Self' },
        ...(lifetimeActions.length === 0 ? {} : { lifetime_actions: lifetimeActions }),
        ...policy,
      },
    },
  })
  rig.emulator.clock.advance(1000)
  expect(await versions(rig)).toBe(1)
  return rig
}

describe('automatic renewal', () => {
  const day = 86_400_000

  test.each([
    ['by default at 80 % of its life', [], 292],
    [
      'at a percentage',
      [{ trigger: { lifetime_percentage: 50 }, action: { action_type: 'AutoRenew' } }],
      183,
    ],
    [
      'days before its end',
      [{ trigger: { days_before_expiry: 30 }, action: { action_type: 'autorenew' } }],
      335,
    ],
  ])('a certificate is renewed %s, its key and secret with it', async (_, actions, days) => {
    const rig = await renewing(actions)
    const before = await rig.certificates.getCertificate('c')
    rig.emulator.clock.advance((days - 1) * day)
    expect(await versions(rig)).toBe(1)
    rig.emulator.clock.advance(day)
    expect(await versions(rig)).toBe(2)
    const after = await rig.certificates.getCertificate('c')
    expect(after.properties.version).not.toBe(before.properties.version)
    expect(after.cer).not.toEqual(before.cer)
    expect(after.properties.createdOn?.getTime()).toBeLessThanOrEqual(rig.emulator.clock.now())
    expect(after.properties.expiresOn?.getTime()).toBeGreaterThan(before.properties.expiresOn?.getTime() ?? 0)
    expect((await rig.keys.getKey('c')).properties.version).toBe(after.properties.version)
    expect((await rig.secrets.getSecret('c')).properties.version).toBe(after.properties.version)
    // Once, not with every read.
    expect(await versions(rig)).toBe(2)
  })

  test('takes place as often as it would have when the clock is moved far', async () => {
    const rig = await renewing([])
    rig.emulator.clock.advance(3 * 365 * day)
    expect(await versions(rig)).toBe(4)
    expect((await rig.certificates.getCertificate('c')).properties.expiresOn?.getTime()).toBeGreaterThan(
      rig.emulator.clock.now(),
    )
  })

  test('keeps the key when the policy says so', async () => {
    const rig = await renewing([], { key_props: { kty: 'EC', reuse_key: true } })
    const { key } = await rig.keys.getKey('c')
    rig.emulator.clock.advance(300 * day)
    expect(await versions(rig)).toBe(2)
    expect((await rig.keys.getKey('c')).key?.x).toEqual(key?.x)
  })

  test('does not happen for EmailContacts, nor for a disabled version', async () => {
    const mailing = await renewing([
      { trigger: { lifetime_percentage: 50 }, action: { action_type: 'EmailContacts' } },
    ])
    mailing.emulator.clock.advance(350 * day)
    expect(await versions(mailing)).toBe(1)
    const disabled = await renewing([])
    await disabled.raw('PATCH', '/certificates/c/?api-version=7.6', {
      body: { attributes: { enabled: false } },
    })
    disabled.emulator.clock.advance(350 * day)
    expect(await versions(disabled)).toBe(1)
  })

  test('that the issuer refuses leaves the old version and a failed operation', async () => {
    const rig = await renewing([])
    rig.emulator.faults.add({ operation: 'certificates/issue', fault: { type: 'status', status: 500 } })
    rig.emulator.clock.advance(300 * day)
    expect(await versions(rig)).toBe(1)
    expect((await pending(rig, 'GET')).body).toMatchObject({ status: 'failed' })
    expect(await versions(rig)).toBe(1)
  })
})
