import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createLocalSigner } from '@sealwright/core'
import { createSelfSignedCertificate } from '@sealwright/x509'
import { onTestFinished } from 'vitest'
import { attestPair, attributesOf, type HardwareModule } from './attested-key.ts'

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

const base64url = (value: Uint8Array | string): string => Buffer.from(value).toString('base64url')

/** How the service answers with an attestation that a module has made of an RSA key, in the layout of LiquidSecurity. */
export function attestationMember(module: HardwareModule, publicKey: KeyObject): Record<string, string> {
  return {
    version: 'MRVL-1',
    certificatePemFile: base64url([module.partition, module.module].map(String).join('')),
    privateKeyAttestation: base64url(attestPair([attributesOf(publicKey)], module.partitionKey)),
  }
}

/** How it answers with an RSA key `k` and the attestation of it. */
export function attestedKeyBody(module: HardwareModule, publicKey: KeyObject): unknown {
  const { n, e } = publicKey.export({ format: 'jwk' })
  const kid = `https://${hsmHost}/keys/k/${hsmKeyVersion}`
  return {
    key: { kid, kty: 'RSA-HSM', n, e, key_ops: ['sign', 'verify'] },
    attributes: { enabled: true, attestation: attestationMember(module, publicKey) },
  }
}
