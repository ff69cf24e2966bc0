import { generateKeyPairSync } from 'node:crypto'
import type { Histogram } from '@opentelemetry/sdk-metrics'
import {
  createLocalSigner,
  isSyncSigner,
  SealwrightError,
  type Signer,
  type SigningKey,
} from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { createSignatureMetrics } from '../../src/index.ts'
import { testReader } from '../support/reader.ts'

const local = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const data = new TextEncoder().encode('data')

/** A signer that can sign asynchronously only, with `sign`. */
function remote(sign: Signer['sign']): Signer {
  const { algorithm, keyId, publicKey } = local
  return { algorithm, keyId, publicKey, sign }
}

function attributes(backend: string, error?: string): string {
  const all = `sealwright.key.id=${local.keyId} sealwright.key.algorithm=ES256 sealwright.key.backend=${backend}`
  return error === undefined ? all : `${all} error.type=${error}`
}

describe('the metrics of signatures', () => {
  test('count each signature once, with its key, algorithm, backend and error', async () => {
    const signatures = createSignatureMetrics()
    const { meter, values } = testReader([signatures])
    signatures.observe({ meter })
    const measured = signatures.signer(local)
    expect(isSyncSigner(measured)).toBe(true)
    await measured.sign(data)
    measured.signSync(data)
    const down = new SealwrightError('UNAVAILABLE', 'the vault is down')
    const vault = signatures.signer(
      remote(() => Promise.reject(down)),
      { backend: 'azure-keyvault' },
    )
    expect(isSyncSigner(vault)).toBe(false)
    await expect(vault.sign(data)).rejects.toBe(down)
    await expect(vault.sign(data)).rejects.toBe(down)
    const hsm = signatures.signer(remote((_, options) => Promise.reject(options?.signal?.reason)))
    await expect(hsm.sign(data, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
    const expected = {
      [attributes('local')]: 2,
      [attributes('azure-keyvault')]: 0,
      [attributes('azure-keyvault', 'UNAVAILABLE')]: 2,
      [attributes('remote')]: 0,
      [attributes('remote', 'AbortError')]: 1,
    }
    expect(await values('sealwright.signatures')).toEqual(expected)
    const durations = await values('sealwright.signature.duration')
    const counts = Object.entries(durations).map(([of, value]) => [of, (value as { count: number }).count])
    expect(Object.fromEntries(counts)).toEqual(
      Object.fromEntries(Object.entries(expected).filter(([, count]) => count > 0)),
    )
  })

  test('an error with a name of its own is _OTHER, so that a signer cannot make series without end', async () => {
    const signatures = createSignatureMetrics()
    const recorder = signatures.recorder({ keyId: 'k', algorithm: 'ES256', backend: 'hsm' })
    const named = ['HsmError 1', 'HsmError 2'].map((name) => Object.assign(new Error('no'), { name }))
    const failures = [...named, 'no', new TypeError('no')]
    for (const error of failures) recorder.failed(recorder.start(), error)
    const points = (await testReader([signatures]).collect()).get('sealwright.signature.duration')?.dataPoints
    expect(points?.map(({ attributes: of, value }) => [of['error.type'], value])).toMatchObject([
      ['_OTHER', { count: 3 }],
      ['TypeError', { count: 1 }],
    ])
  })

  test.each([
    [AbortSignal.abort().reason, 'AbortError'],
    [new DOMException('no', 'TimeoutError'), 'TimeoutError'],
    [new DOMException('no', 'OperationError'), 'OperationError'],
    [new DOMException('no', 'DataError'), 'DataError'],
    [new DOMException('no', 'InvalidAccessError'), 'InvalidAccessError'],
    [new DOMException('no', 'InvalidStateError'), 'InvalidStateError'],
    [new DOMException('no', 'NotSupportedError'), 'NotSupportedError'],
    [new AggregateError([]), 'AggregateError'],
    [new Error('no'), 'Error'],
    [new RangeError('no'), 'RangeError'],
    [new ReferenceError('no'), 'ReferenceError'],
    [new SyntaxError('no'), 'SyntaxError'],
    [new DOMException('no', 'QuotaExceededError'), '_OTHER'],
  ])('an error of the platform has its name: %s', async (error, name) => {
    const signatures = createSignatureMetrics()
    const recorder = signatures.recorder({ keyId: 'k', algorithm: 'ES256', backend: 'hsm' })
    recorder.failed(recorder.start(), error)
    const [point] = (await testReader([signatures]).collect()).get(
      'sealwright.signature.duration',
    )!.dataPoints
    expect(point?.attributes['error.type']).toBe(name)
  })

  test('of keys with similar names are apart', () => {
    const signatures = createSignatureMetrics()
    const one = signatures.recorder({ keyId: 'K1', algorithm: 'ES256', backend: 'local' })
    expect(signatures.recorder({ keyId: '1', algorithm: 'ES256K', backend: 'local' })).not.toBe(one)
  })

  test('a signature that throws synchronously is counted', async () => {
    const signatures = createSignatureMetrics()
    const { meter, values } = testReader()
    signatures.observe({ meter })
    const broken = new SealwrightError('UNSUPPORTED_KEY', 'OpenSSL cannot sign')
    const signer = signatures.signer({
      ...remote(() => Promise.reject(broken)),
      signSync() {
        throw broken
      },
    })
    expect(() => signer.signSync(data)).toThrow(broken)
    expect(await values('sealwright.signatures')).toMatchObject({
      [attributes('local', 'UNSUPPORTED_KEY')]: 1,
    })
    expect(await values('sealwright.active_signatures')).toEqual({ [attributes('local')]: 0 })
  })

  test('signatures in progress are counted until they end', async () => {
    const signatures = createSignatureMetrics()
    const { meter, values } = testReader()
    signatures.observe({ meter, attributes: { 'service.part': 'tokens' } })
    const waiting: (() => void)[] = []
    const signer = signatures.signer(
      remote(() => new Promise((resolve) => waiting.push(() => resolve(new Uint8Array())))),
    )
    const all = [signer.sign(data), signer.sign(data)]
    const of = `service.part=tokens ${attributes('remote')}`
    expect(await values('sealwright.active_signatures')).toEqual({ [of]: 2 })
    waiting.forEach((end) => end())
    await Promise.all(all)
    expect(await values('sealwright.active_signatures')).toEqual({ [of]: 0 })
  })

  test('the duration is that of the signature, in seconds', async () => {
    const signatures = createSignatureMetrics({ clock: () => new Date(1_000) })
    const of = { keyId: 'k', algorithm: 'ES256', backend: 'local' }
    const recorder = signatures.recorder(of)
    expect(signatures.recorder({ ...of })).toBe(recorder)
    const startedAt = recorder.start()
    recorder.succeeded(startedAt - 700)
    const { dataPoints } = (await testReader([signatures]).collect()).get('sealwright.signature.duration')!
    expect(dataPoints[0]?.startTime).toEqual([1, 0])
    const { sum, buckets } = dataPoints[0]!.value as Histogram
    expect(sum).toBeGreaterThanOrEqual(0.7)
    expect(sum).toBeLessThan(1)
    expect(buckets.boundaries[buckets.counts.indexOf(1)]).toBe(1)
  })

  test('a key from a store signs tokens as before, and all of its signers are measured', async () => {
    const store = await openFolderStore(scratchFolder())
    const key = await store.create('signing', { keyType: 'ec-p256' })
    const signatures = createSignatureMetrics()
    const { meter, values } = testReader()
    signatures.observe({ meter })
    const measured: SigningKey = signatures.key(key)
    expect(measured).toMatchObject({ keyId: key.keyId, location: key.location, notAfter: key.notAfter })
    expect(measured.signer()).toBe(measured.signer('ES256'))
    const issuer = createJwtIssuer(measured, { issuer: 'https://id.example', x5tS256: true })
    await jwtVerify(await issuer.issue({ sub: 'a' }), key.publicKey)
    await jwtVerify(issuer.issueSync({ sub: 'a' }), key.publicKey)
    expect(Object.values(await values('sealwright.signatures'))).toEqual([2])
  })

  test('of many keys those are forgotten that were not used for the longest time', async () => {
    const signatures = createSignatureMetrics()
    for (let index = 0; index < 300; index++) {
      const recorder = signatures.recorder({ keyId: `key ${index}`, algorithm: 'ES256', backend: 'local' })
      recorder.succeeded(recorder.start())
    }
    const points = (await testReader([signatures]).collect()).get('sealwright.signature.duration')?.dataPoints
    expect(points).toHaveLength(256)
    expect(points?.[0]?.attributes['sealwright.key.id']).toBe('key 44')
  })

  test('a key that is still used is not forgotten, however many others there were', async () => {
    const signatures = createSignatureMetrics()
    const root = signatures.recorder({ keyId: 'root', algorithm: 'ES256', backend: 'azure-keyvault' })
    for (let index = 0; index < 300; index++) {
      root.succeeded(root.start())
      const delegate = signatures.recorder({ keyId: `key ${index}`, algorithm: 'ES256', backend: 'local' })
      delegate.succeeded(delegate.start())
    }
    const points = (await testReader([signatures]).collect()).get('sealwright.signature.duration')?.dataPoints
    expect(points?.[0]).toMatchObject({ attributes: { 'sealwright.key.id': 'root' }, value: { count: 300 } })
  })

  test('what observe has registered ends with the function that it returns', async () => {
    const signatures = createSignatureMetrics()
    const { meter, values } = testReader()
    const stop = signatures.observe({ meter })
    const signer = signatures.signer(local)
    await signer.sign(data)
    expect(Object.values(await values('sealwright.signatures'))).toEqual([1])
    stop()
    await signer.sign(data)
    expect(Object.values(await values('sealwright.signatures'))).toEqual([1])
  })

  test.each([
    ['no signer', () => createSignatureMetrics().signer({} as never), 'signer must be a Signer'],
    ['no key', () => createSignatureMetrics().key(local as never), 'key must be a SigningKey'],
    ['an empty backend', () => createSignatureMetrics().signer(local, { backend: '' }), 'options.backend'],
    [
      'an empty backend of a key',
      () =>
        createSignatureMetrics().key({ ...local, signer: () => local, certificates: [] } as never, {
          backend: '',
        }),
      'options.backend',
    ],
    ['no meter', () => createSignatureMetrics().observe({} as never), 'options.meter must be a Meter'],
    ['an unknown option', () => createSignatureMetrics({ buckets: [] } as never), 'options.buckets'],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(call).toThrow(message)
  })
})
