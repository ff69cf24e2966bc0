import { createSign, generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  WorkloadIdentityCredential,
} from '@azure/identity'
import { rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, test } from 'vitest'
import { startRig, type Rig } from '../support/rig.ts'

const scope = 'https://vault.azure.net/.default'
const clientId = 'app'
const issuer = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = issuer.publicKey.export({ format: 'pem', type: 'spki' }).toString()

/** A token of the cluster's issuer. */
function assertion(claims: object = {}, key = issuer.privateKey): string {
  const payload = {
    iss: 'https://cluster.example',
    sub: 'system:serviceaccount:default:app',
    aud: 'api://AzureADTokenExchange',
    exp: Math.floor(Date.now() / 1000) + 600,
    ...claims,
  }
  const input = [{ alg: 'RS256', typ: 'JWT' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${input}.${createSign('sha256').update(input).sign(key).toString('base64url')}`
}

async function federatedRig(): Promise<Rig> {
  const federatedCredential = {
    issuer: 'https://cluster.example',
    subject: 'system:serviceaccount:default:app',
    publicKey,
  }
  return startRig({ identities: [{ clientId, federatedCredential }] })
}

const optionsOf = ({ emulator }: Rig): object => ({
  authorityHost: emulator.authorityHost,
  disableInstanceDiscovery: true,
  tlsOptions: { ca: emulator.ca },
})

describe('credentials of the SDK, unmodified', () => {
  test('ClientCertificateCredential', async () => {
    const source = await startRig()
    const policy = { issuerName: 'Self', subject: 'CN=app', contentType: 'application/x-pem-file' } as const
    const poller = await source.certificates.beginCreateCertificate('app', policy, { intervalInMs: 5 })
    await poller.pollUntilDone()
    const pem = (await source.secrets.getSecret('app')).value ?? ''
    const certificate = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(pem)?.[0] ?? ''
    const rig = await startRig({ identities: [{ clientId, clientCertificate: certificate }] })
    const credential = new ClientCertificateCredential(
      rig.emulator.tenantId,
      clientId,
      { certificate: pem },
      optionsOf(rig),
    )
    expect((await credential.getToken(scope)).token).toMatch(/^ey/)
    expect(rig.emulator.requests.count('token')).toBe(1)
  })

  test('WorkloadIdentityCredential', async () => {
    const rig = await federatedRig()
    const tokenFilePath = join(scratchFolder(), 'token')
    writeFileSync(tokenFilePath, assertion())
    const { tenantId } = rig.emulator
    const credential = new WorkloadIdentityCredential({
      tenantId,
      clientId,
      tokenFilePath,
      ...optionsOf(rig),
    })
    expect((await credential.getToken(scope)).token).toMatch(/^ey/)
  })
})

test.each([
  ['another issuer', assertion({ iss: 'https://other.example' })],
  ['another subject', assertion({ sub: 'other' })],
  ['another audience', assertion({ aud: 'https://other.example' })],
  ['expiry', assertion({ exp: 1 })],
  ['another key', assertion({}, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)],
  ['no signature', `${assertion().split('.').slice(0, 2).join('.')}.`],
])('an assertion with %s is refused', async (_, token) => {
  const rig = await federatedRig()
  const credential = new ClientAssertionCredential(
    rig.emulator.tenantId,
    clientId,
    () => Promise.resolve(token),
    optionsOf(rig),
  )
  expect(String(await rejection(credential.getToken(scope)))).toMatch(/AADSTS700027/)
})

test('an identity with assertions has no secret: none is accepted, not even the empty one', async () => {
  const rig = await federatedRig()
  expect(String(await rejection(rig.credential.getToken(scope)))).toMatch(/AADSTS7000215/)
})
