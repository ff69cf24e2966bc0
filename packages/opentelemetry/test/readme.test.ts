import { readFileSync } from 'node:fs'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { DataPointType } from '@opentelemetry/sdk-metrics'
import { azureKeyVault } from '@sealwright/azure-keyvault'
import { openKeyRing } from '@sealwright/keyring'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test } from 'vitest'
import { createSignatureMetrics, observeKeyRing, observeKeyVault } from '../src/index.ts'
import { measuredIssuer } from './examples/prometheus.ts'
import { testReader } from './support/reader.ts'
import { fullStatus } from './support/vault-status.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

async function openRing(): ReturnType<typeof openKeyRing> {
  const store = await openFolderStore(scratchFolder())
  const create = { keyType: 'ec-p256' } as const
  const ring = await openKeyRing([{ store, name: 'signing', create }], { tokenLifetime: 3_600 })
  onTestFinished(() => ring.close())
  return ring
}

test('the README shows the example, and that serves what it says', async () => {
  const code = readFileSync(new URL('./examples/prometheus.ts', import.meta.url), 'utf8')
  expect(readme).toContain(code)
  const { issuer, exporter } = measuredIssuer(await openRing(), azureKeyVault())
  onTestFinished(() => exporter.shutdown())
  await issuer().issue({ sub: 'a' })
  // Its port may be in use here.
  const { resourceMetrics } = await exporter.collect()
  const text = new PrometheusSerializer().serialize(resourceMetrics)
  expect(text).toMatch(/^sealwright_signatures_total\{.*sealwright_key_backend="azure-keyvault".*\} 1$/m)
  expect(text).toMatch(/^sealwright_signature_duration_bucket\{.*le="\+Inf"\} 1$/m)
})

test('the table has every metric with its type, its unit and its attributes', async () => {
  const signatures = createSignatureMetrics()
  const { meter, collect } = testReader([signatures])
  const ring = await openRing()
  signatures.observe({ meter })
  const delegate = { ...ring.status().keys[0]!, keyId: 'd', delegatedBy: 'a' }
  const withDelegate = {
    policy: ring.policy,
    status: () => ({ ...ring.status(), keys: [...ring.status().keys, delegate] }),
  }
  observeKeyRing(withDelegate, { meter })
  observeKeyVault({ status: () => fullStatus }, { meter })
  const recorder = signatures.recorder({ keyId: 'k', algorithm: 'ES256', backend: 'local' })
  recorder.succeeded(recorder.start())
  recorder.failed(recorder.start(), new Error('no'))
  const metrics = [...(await collect()).values()]
  // A sentence, which Prometheus serves as HELP.
  for (const { descriptor } of metrics) expect(descriptor.description, descriptor.name).toMatch(/^\S.*\.$/)
  const actual = metrics.map((metric) => ({
    name: metric.descriptor.name,
    type: typeOf(metric),
    unit: metric.descriptor.unit,
    attributes: [
      ...new Set(metric.dataPoints.flatMap(({ attributes }) => Object.keys(attributes))),
    ].toSorted(),
  }))
  const rows = [...readme.matchAll(/^\| `(sealwright\.[\w.]+)` *\| ([\w -]+?) *\| ([^|]*)\| ([^|]*)\|/gm)]
  const documented = rows.map(([, name, type, unit, attributes]) => ({
    name,
    type,
    unit: unit?.trim().replaceAll('`', ''),
    attributes: attributesIn(attributes?.trim() ?? ''),
  }))
  expect(documented.toSorted(byName)).toEqual(actual.toSorted(byName))
})

function byName(a: { name?: string | undefined }, b: { name?: string | undefined }): number {
  return String(a.name).localeCompare(String(b.name))
}

function typeOf(metric: { dataPointType: DataPointType; isMonotonic?: boolean }): string {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram'
  if (metric.dataPointType === DataPointType.GAUGE) return 'gauge'
  return metric.isMonotonic === true ? 'counter' : 'up-down counter'
}

/** What the cell lists, with what its short forms stand for. */
function attributesIn(cell: string): string[] {
  if (cell === '') return []
  return cell
    .replace(/^key\b/, 'sealwright.key.id, sealwright.key.algorithm, sealwright.key.backend')
    .replace(/^server\b/, 'server.address, server.port')
    .replaceAll('`', '')
    .split(', ')
    .map((name) => (name.startsWith('.') ? `sealwright.key${name}` : name))
    .toSorted()
}
