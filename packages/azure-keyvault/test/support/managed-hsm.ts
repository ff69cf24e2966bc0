import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createLocalSigner } from '@sealwright/core'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { onTestFinished } from 'vitest'

export const hsmKeyVersion = '0123456789abcdef0123456789abcdef'
export const hsmHost = 'contoso.managedhsm.azure.net'

/** A managed HSM that knows one request: the emulator has no module that could attest its keys. */
export async function startManagedHsm(body: unknown): Promise<{ url: string; ca: string; asked: string[] }> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: `CN=${hsmHost}`,
    subjectAltNames: [{ type: 'dns', value: hsmHost }],
  })
  const ca = String(certificate)
  const asked: string[] = []
  const server = createServer(
    { cert: ca, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) },
    ({ headers, url = '' }, response) => {
      if (headers.authorization === undefined) {
        const challenge =
          'Bearer authorization="https://login.example/t", resource="https://managedhsm.azure.net"'
        response.writeHead(401, { 'WWW-Authenticate': challenge }).end()
        return
      }
      asked.push(new URL(url, `https://${hsmHost}`).pathname)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `https://${hsmHost}:${(server.address() as AddressInfo).port}`, ca, asked }
}
