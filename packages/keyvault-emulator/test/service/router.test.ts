import { describe, expect, test } from 'vitest'
import { startRig } from '../support/rig.ts'

describe('paths that clients of other languages send', () => {
  test('an operation in another case, as .NET spells wrapKey', async () => {
    const rig = await startRig()
    const key = { kty: 'RSA' }
    await rig.raw('POST', '/keys/k/create?api-version=7.0', { body: key })
    const body = { alg: 'RSA-OAEP', value: Buffer.alloc(16, 1).toString('base64url') }
    const wrapped = await rig.raw('POST', '/keys/k//wrapKey?api-version=7.0', { body })
    expect(wrapped.status).toBe(200)
    const unwrapping = { alg: 'RSA-OAEP', value: wrapped.body['value'] }
    const unwrapped = await rig.raw('POST', '/keys/k//unwrapKey?api-version=7.0', { body: unwrapping })
    expect(unwrapped.body['value']).toBe(body.value)
  })

  test('empty segments, as in keys//restore and certificates//NAME/create', async () => {
    const rig = await startRig()
    await rig.raw('POST', '/keys/k/create?api-version=7.0', { body: { kty: 'EC' } })
    const { body: backup } = await rig.raw('POST', '/keys/k/backup?api-version=7.0')
    await rig.keys.beginDeleteKey('k')
    rig.emulator.clock.advance(1000)
    await rig.keys.purgeDeletedKey('k')
    rig.emulator.clock.advance(1000)
    expect((await rig.raw('POST', '/keys//restore?api-version=7.0', { body: backup })).status).toBe(200)
    const policy = { x509_props: { subject: 'CN=c' }, key_props: { kty: 'EC' }, issuer: { name: 'Self' } }
    const created = await rig.raw('POST', '/certificates//c/create?api-version=7.0', { body: { policy } })
    expect(created.status).toBe(202)
  })

  test('an empty name is refused as the service does, and an unknown path too', async () => {
    const rig = await startRig()
    expect((await rig.raw('POST', '/keys//create?api-version=7.0', { body: { kty: 'EC' } })).status).toBe(405)
    expect((await rig.raw('GET', '/nothing?api-version=7.0')).status).toBe(404)
  })
})
