import { describe, expect, test } from 'vitest'
import { EmulatorError } from '@sealwright/keyvault-emulator'
import { startRig, type Rig } from '../support/rig.ts'

const day = 86_400_000

async function clockOf(
  rig: Rig,
  body?: unknown,
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${rig.emulator.metadataPort}/clock`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  })
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
}

describe('the clock', () => {
  test('moves over HTTP: a deleted key is purged of its name, an expired key signs no more', async () => {
    const rig = await startRig({ timing: { deletion: 3_600_000 } })
    const key = await rig.keys.createEcKey('k', { expiresOn: new Date(Date.now() + day) })
    await rig.raw('DELETE', '/keys/k?api-version=7.6')
    expect((await rig.raw('GET', '/deletedkeys/k?api-version=7.6')).status).toBe(404)
    expect(await clockOf(rig, { advanceSeconds: 3600 })).toMatchObject({ status: 200 })
    expect((await rig.raw('GET', '/deletedkeys/k?api-version=7.6')).status).toBe(200)

    await rig.keys.createEcKey('e', { expiresOn: new Date(Date.now() + day) })
    const sign = (): ReturnType<Rig['raw']> =>
      rig.raw('POST', '/keys/e//sign?api-version=7.6', {
        body: { alg: 'ES256', value: Buffer.alloc(32).toString('base64url') },
      })
    expect((await sign()).status).toBe(200)
    const { answer } = await clockOf(rig, { now: '2100-01-01T00:00:00Z' })
    expect(answer['now']).toMatch(/^2100-01-01T00:00:00/)
    expect((await clockOf(rig)).answer['now']).toMatch(/^2100-01-01T00:00:00/)
    // The client stays signed in: only the vaults' time has moved.
    expect(await sign()).toMatchObject({ status: 403 })
    expect(key.name).toBe('k')
  })

  test.each([
    [{ now: 'tomorrow' }, /'now' has invalid value: an ISO 8601 time/],
    [{ advanceSeconds: -1 }, /at least 0/],
    [{ advance: 'P1D' }, /'advance' is unknown/],
  ])('%j is refused', async (body, message) => {
    const rig = await startRig()
    const { status, answer } = await clockOf(rig, body)
    expect(status).toBe(400)
    expect(answer['error']).toMatch(message)
    expect(() => rig.emulator.clock.advance(-1)).toThrow(EmulatorError)
  })
})

const rotating = async (trigger: object): Promise<Rig> => {
  const rig = await startRig()
  await rig.keys.createEcKey('k')
  await rig.raw('PUT', '/keys/k/rotationpolicy?api-version=7.6', {
    body: {
      lifetimeActions: [{ trigger, action: { type: 'rotate' } }],
      attributes: { expiryTime: 'P90D' },
    },
  })
  await rig.keys.rotateKey('k')
  return rig
}

const versions = async (rig: Rig): Promise<number> =>
  ((await rig.raw('GET', '/keys/k/versions?api-version=7.6')).body['value'] as unknown[]).length

describe('a rotation policy', () => {
  test.each([
    ['after creation', { timeAfterCreate: 'P30D' }, 30],
    ['before expiry', { timeBeforeExpiry: 'P15D' }, 75],
  ])('rotates by itself, by time %s', async (_, trigger, days) => {
    const rig = await rotating(trigger)
    rig.emulator.clock.advance((days - 1) * day)
    expect(await versions(rig)).toBe(2)
    rig.emulator.clock.advance(day)
    expect(await versions(rig)).toBe(3)
    expect(await versions(rig)).toBe(3)
    const { properties } = await rig.keys.getKey('k')
    expect(properties.expiresOn?.getTime()).toBeGreaterThan(rig.emulator.clock.now() + 89 * day)
  })
})
