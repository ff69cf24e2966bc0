import type { PipelinePolicy } from '@azure/core-rest-pipeline'

/**
 * Adds a policy to the request that imports a certificate: a PEM whose key cannot be exported. The SDK's
 * `importCertificate` (4.10) drops its `policy` option, and the service then makes a certificate whose private key
 * `secrets/get` returns.
 */
export const importNotExportable: PipelinePolicy = {
  name: 'importNotExportable',
  sendRequest(request, next) {
    const isImport = request.method === 'POST' && /\/certificates\/[^/]+\/import$/.test(pathOf(request.url))
    if (isImport && typeof request.body === 'string') {
      request.body = JSON.stringify({ ...JSON.parse(request.body), policy: notExportablePem })
    }
    return next(request)
  },
}

/** `CertificatePolicy` of the service's REST API. */
const notExportablePem = {
  key_props: { exportable: false, reuse_key: false },
  secret_props: { contentType: 'application/x-pem-file' },
}

function pathOf(url: string): string {
  return new URL(url).pathname
}
