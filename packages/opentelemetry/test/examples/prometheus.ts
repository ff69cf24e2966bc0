import { PrometheusExporter } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import type { azureKeyVault } from '@sealwright/azure-keyvault'
import { createJwtIssuer, type JwtIssuer } from '@sealwright/jws'
import type { KeyRing } from '@sealwright/keyring'
import { createSignatureMetrics, observeKeyRing, observeKeyVault } from '@sealwright/opentelemetry'

/** Serves the metrics at http://localhost:9464/metrics, and returns an issuer whose signatures are measured. */
export function measuredIssuer(
  ring: KeyRing,
  vault: ReturnType<typeof azureKeyVault>,
): { issuer: () => JwtIssuer; exporter: PrometheusExporter } {
  const signatures = createSignatureMetrics()
  const exporter = new PrometheusExporter({ host: 'localhost', metricProducers: [signatures] })
  const meter = new MeterProvider({ readers: [exporter] }).getMeter('my-app')
  signatures.observe({ meter })
  observeKeyRing(ring, { meter })
  observeKeyVault(vault, { meter })
  const options = { backend: 'azure-keyvault' }
  const issuer = ring.perKey((key) =>
    createJwtIssuer(signatures.key(key, options), { issuer: 'https://auth.example.com' }),
  )
  return { issuer, exporter }
}
