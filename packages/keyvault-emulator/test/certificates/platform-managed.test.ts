import { describe, expect, test } from 'vitest'
import { startRig } from '../support/rig.ts'

const version = 'api-version=2026-03-01-preview'

function policyFor(...dns_names: string[]): object {
  return {
    policy: {
      platformManaged: { certificateUsage: 'PublicTLSServerAuth', metadata: { sans: { dns_names } } },
    },
  }
}

describe('certificates that the platform manages', () => {
  test('a domain that is not registered fails as recorded', async () => {
    const rig = await startRig()
    const created = await rig.raw('POST', `/certificates/c/create?${version}`, {
      body: policyFor('sanitized.example.invalid'),
    })
    expect(created.status).toBe(202)
    expect(created.body).toMatchObject({ issuer: { name: 'PlatformManaged' }, preserveCertOrder: false })
    rig.emulator.clock.advance(1000)
    const pending = await rig.raw('GET', `/certificates/c/pending?${version}`)
    expect(pending.body).toMatchObject({ status: 'failed', error: { code: 'Request rejected' } })
    expect(Object.keys(pending.body)).toEqual([
      'id',
      'issuer',
      'csr',
      'cancellation_requested',
      'status',
      'status_details',
      'preserveCertOrder',
      'error',
      'request_id',
    ])
    const { policy, attributes } = (await rig.raw('GET', `/certificates/c/?${version}`)).body as {
      policy: Record<string, unknown>
      attributes: object
    }
    expect(attributes).toMatchObject({ enabled: false })
    expect(policy['x509_props']).toEqual({
      sans: { dns_names: ['sanitized.example.invalid'] },
      ekus: ['1.3.6.1.5.5.7.3.1'],
      key_usage: ['digitalSignature', 'keyEncipherment'],
      validity_months: 6,
      basic_constraints: { ca: false },
    })
    expect(policy['lifetime_actions']).toEqual([
      { trigger: { lifetime_percentage: 50 }, action: { action_type: 'AutoRenew' } },
    ])
  })

  test('any other domain is issued', async () => {
    const rig = await startRig()
    await rig.raw('POST', `/certificates/c/create?${version}`, { body: policyFor('www.example.com') })
    rig.emulator.clock.advance(1000)
    const { body } = await rig.raw('GET', `/certificates/c/?${version}`)
    expect(body).toMatchObject({ kid: expect.any(String) as string, preserveCertOrder: false })
  })

  test('an api-version before it knows neither them nor the order of the chain', async () => {
    const rig = await startRig()
    const refused = await rig.raw('POST', '/certificates/c/create?api-version=7.4', {
      body: policyFor('www.example.com'),
    })
    expect(refused.status).toBe(400)
    const policy = { x509_props: { subject: 'CN=c' }, key_props: { kty: 'EC' }, issuer: { name: 'Self' } }
    const old = await rig.raw('POST', '/certificates/c/create?api-version=7.4', { body: { policy } })
    expect(old.body).not.toHaveProperty('preserveCertOrder')
  })
})
