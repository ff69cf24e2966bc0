import { createKeyVaultEmulator, EmulatorError } from '@sealwright/keyvault-emulator'
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys'
import { rejection } from '@sealwright/test-kit/errors'
import { describe, expect, test } from 'vitest'
import { errorOf, isValidSignature, publicKeyOf, startRig, type Rig } from '../support/rig.ts'

const signing = { alg: 'ES256', value: Buffer.alloc(32).toString('base64url') }

async function rigWithKey(): Promise<Rig> {
  const rig = await startRig()
  await rig.keys.createEcKey('k')
  rig.emulator.requests.clear()
  return rig
}

function sign(rig: Rig): ReturnType<Rig['raw']> {
  return rig.raw('POST', '/keys/k//sign?api-version=7.6', { body: signing })
}

describe('faults over TLS', () => {
  test.each([429, 500, 503])('status %i, so often and only for that operation', async (status) => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({ operation: 'keys/sign', times: 2, fault: { type: 'status', status } })
    expect((await rig.raw('GET', '/keys/k?api-version=7.6')).status).toBe(200)
    expect((await sign(rig)).status).toBe(status)
    expect((await sign(rig)).status).toBe(status)
    expect((await sign(rig)).status).toBe(200)
  })

  test('after some requests, and with Retry-After when asked for', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({
      operation: 'keys/*',
      after: 1,
      fault: { type: 'status', status: 429, retryAfter: 3 },
    })
    expect((await sign(rig)).status).toBe(200)
    const refused = await sign(rig)
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toBe('3')
    expect((await sign(rig)).status).toBe(200)
  })

  test('a reset shows as one, and nothing was carried out', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({ operation: 'keys/create', fault: { type: 'reset' } })
    const error = await rejection(
      rig.raw('POST', '/keys/new/create?api-version=7.6', { body: { kty: 'EC' } }),
    )
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect((await rig.raw('GET', '/keys/new?api-version=7.6')).status).toBe(404)
  })

  test('the clients survive a reset by themselves', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({ operation: 'keys/get', fault: { type: 'reset' } })
    await expect(rig.keys.getKey('k')).resolves.toMatchObject({ name: 'k' })
    expect(rig.emulator.requests.list('keys/get').map(({ outcome }) => outcome)).toEqual(['reset', 200])
  })

  test('a hang never answers', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'hang' } })
    const outcome = await Promise.race([
      sign(rig).then(() => 'answered'),
      new Promise((resolve) => setTimeout(resolve, 200, 'nothing')),
    ])
    expect(outcome).toBe('nothing')
  })

  test('a truncated answer breaks off', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'truncate' } })
    expect(await rejection(sign(rig))).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a corrupted signature is well formed and wrong', async () => {
    const rig = await rigWithKey()
    const key = await rig.keys.getKey('k')
    const client = rig.cryptography(key)
    rig.emulator.faults.add({ operation: 'keys/sign', times: 20, fault: { type: 'corrupt' } })
    for (let i = 0; i < 20; i++) {
      const { result } = await client.signData('ES256', Buffer.from('x'))
      expect(result).toHaveLength(64)
      expect(isValidSignature('ES256', publicKeyOf(key), Buffer.from('x'), result)).toBe(false)
    }
    const { result } = await client.signData('ES256', Buffer.from('x'))
    expect(isValidSignature('ES256', publicKeyOf(key), Buffer.from('x'), result)).toBe(true)
  })

  test('latency is added', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({ operation: 'keys/sign', fault: { type: 'latency', ms: 60 } })
    const before = performance.now()
    await sign(rig)
    expect(performance.now() - before).toBeGreaterThanOrEqual(58)
  })

  test('the challenge and the authority have faults of their own, and clear ends all', async () => {
    const rig = await startRig()
    const { faults } = rig.emulator
    faults.add({ operation: 'challenge', fault: { type: 'status', status: 400 } })
    expect((await rig.raw('GET', '/keys?api-version=7.6', { token: null })).status).toBe(400)
    faults.add({ operation: 'token', times: Infinity, fault: { type: 'status', status: 400 } })
    await expect(rig.credential.getToken('https://vault.azure.net/.default')).rejects.toThrow(
      /AuthenticationRequired|challenge|resolve|400|error/i,
    )
    faults.clear()
    await expect(rig.credential.getToken('https://vault.azure.net/.default')).resolves.toBeDefined()
  })

  test('from another process, over HTTP', async () => {
    const rig = await rigWithKey()
    const url = `http://127.0.0.1:${rig.emulator.metadataPort}/faults`
    const post = (body: unknown, type = 'application/json'): Promise<Response> =>
      fetch(url, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) })
    const fault = { operation: 'keys/sign', times: 'all', fault: { type: 'status', status: 503 } }
    expect((await post(fault, 'text/plain')).status).toBe(415)
    for (const refused of [
      { fault: { type: 'earthquake' } },
      { fault: { type: 'status', status: 503, body: '' } },
      { fault: { type: 'reset' }, operatoin: 'keys/sign' },
      { fault: { type: 'reset' }, rate: 2 },
    ])
      expect((await post(refused)).status, JSON.stringify(refused)).toBe(400)
    expect((await post(fault)).status).toBe(204)
    expect((await sign(rig)).status).toBe(503)
    expect((await sign(rig)).status).toBe(503)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(204)
    expect((await sign(rig)).status).toBe(200)
  })

  test('has the code, the message and the inner code that it is given', async () => {
    const rig = await rigWithKey()
    const fault = {
      type: 'status',
      status: 403,
      code: 'Forbidden',
      message: 'No.',
      innererror: 'ForbiddenByFirewall',
    } as const
    rig.emulator.faults.add({ operation: 'keys/sign', fault })
    expect(await sign(rig)).toMatchObject({
      status: 403,
      body: { error: { code: 'Forbidden', message: 'No.', innererror: { code: 'ForbiddenByFirewall' } } },
    })
  })

  test('hits a share of the requests: the 401 that passes, with its challenge', async () => {
    const rig = await rigWithKey()
    rig.emulator.faults.add({
      operation: 'keys/sign',
      times: Infinity,
      rate: 0.25,
      fault: { type: 'status', status: 401 },
    })
    const answers: Awaited<ReturnType<typeof sign>>[] = []
    for (let i = 0; i < 8; i++) answers.push(await sign(rig))
    const [, , , refused] = answers
    expect(refused?.body).toMatchObject({
      error: { message: expect.stringContaining('AKV10046') as string },
    })
    expect(refused?.headers['www-authenticate']).toMatch(/^Bearer authorization=/)
    const statuses = answers.map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 200, 401, 200, 200, 200, 401])
  })

  test.each([
    { times: 0, fault: { type: 'reset' } },
    { after: -1, fault: { type: 'reset' } },
    { fault: { type: 'status', status: 200 } },
    { rate: 0, fault: { type: 'reset' } },
  ] as const)('%j is refused', async (fault) => {
    const rig = await startRig()
    expect(() => rig.emulator.faults.add(fault)).toThrow(EmulatorError)
  })
})

describe('faults in process', () => {
  test('a reset, a hang with an abort, and a status reach the client as from a network', async () => {
    const emulator = createKeyVaultEmulator()
    const httpClient = emulator.httpClient()
    const retryOptions = { maxRetries: 0 }
    const keys = new KeyClient(emulator.vaultUrl(), emulator.credential(), { httpClient, retryOptions })
    const key = await keys.createEcKey('k')
    const client = new CryptographyClient(key, emulator.credential(), { httpClient, retryOptions })
    await client.signData('ES256', Buffer.from('x'))
    emulator.faults.add({ fault: { type: 'reset' } })
    expect(await rejection(client.signData('ES256', Buffer.from('x')))).toMatchObject({ code: 'ECONNRESET' })
    emulator.faults.add({ fault: { type: 'status', status: 500 } })
    expect(errorOf(await rejection(client.signData('ES256', Buffer.from('x')))).status).toBe(500)
    emulator.faults.add({ fault: { type: 'hang' } })
    const abort = new AbortController()
    const hanging = rejection(client.signData('ES256', Buffer.from('x'), { abortSignal: abort.signal }))
    abort.abort()
    expect(await hanging).toMatchObject({ name: 'AbortError' })
    expect(emulator.requests.list('keys/sign').map(({ outcome }) => outcome)).toEqual([
      200,
      'reset',
      500,
      'hang',
    ])
  })
})
