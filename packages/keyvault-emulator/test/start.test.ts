import { existsSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, test } from 'vitest'
import {
  EmulatorError,
  startKeyVaultEmulator,
  type RunningKeyVaultEmulator,
} from '@sealwright/keyvault-emulator'
import { createCertificateAuthority, createServerCertificate } from '../src/http/server-certificate.ts'
import { readSeed } from '../src/seed.ts'
import { rigFor, startRig } from './support/rig.ts'

/** The status and the challenge of a request without a token, with the certificate verified. */
function challengeAt(emulator: RunningKeyVaultEmulator, host: string, ca = emulator.ca): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({
      host: '127.0.0.1',
      port: emulator.port,
      servername: host,
      path: '/keys/k?api-version=7.6',
      ca,
      agent: false,
      headers: { host: `${host}:${emulator.port}` },
    })
    call.on('error', reject)
    call.on('response', (response) => {
      response.resume()
      resolve(`${response.statusCode} ${response.headers['www-authenticate']}`)
    })
    call.end()
  })
}

describe('host names', () => {
  test.each([
    'emulator.privatelink.vaultcore.azure.net',
    'host.docker.internal',
    'localhost',
    'keyvault',
    'kv.internal',
  ])('%s is a vault, with a certificate for that name', async (host) => {
    const { emulator } = await startRig({ hosts: ['keyvault', 'kv.internal'] })
    expect(await challengeAt(emulator, host)).toMatch(/^401 .*resource="https:\/\/vault\.azure\.net"$/)
  })

  test('a certificate of one’s own is served instead of the emulator’s', async () => {
    const authority = createCertificateAuthority()
    const tls = createServerCertificate(authority, ['*.vault.azure.net'])
    const emulator = await startKeyVaultEmulator({ tls })
    try {
      expect(await challengeAt(emulator, 'a.vault.azure.net', authority.certificate)).toMatch(/^401/)
      await expect(challengeAt(emulator, 'a.vault.azure.net')).rejects.toThrow(/certificate/)
    } finally {
      await emulator.close()
    }
  })
})

const files = (): { folder: string; file: string } => {
  const folder = scratchFolder()
  return { folder, file: join(folder, 'seed.json') }
}

describe('a seed', () => {
  const policy = { key_props: { kty: 'EC' }, x509_props: { subject: 'CN=seeded' }, issuer: { name: 'Self' } }

  test('is there from the start: identities, keys, secrets, certificates and a file to import', async () => {
    const source = await startRig()
    const poller = await source.certificates.beginCreateCertificate(
      'c',
      { issuerName: 'Self', subject: 'CN=file', keyType: 'EC' },
      { intervalInMs: 5 },
    )
    await poller.pollUntilDone()
    const pfx = (await source.secrets.getSecret('c')).value ?? ''
    const { folder, file } = files()
    writeFileSync(join(folder, 'file.pfx'), Buffer.from(pfx, 'base64'))
    writeFileSync(
      file,
      JSON.stringify({
        identities: [{ clientId: 'app', clientSecret: 'pw' }],
        vaults: {
          emulator: {
            keys: [{ name: 'made', kty: 'EC', crv: 'P-384' }],
            secrets: [{ name: 'password', value: 'x', contentType: 'text/plain' }],
            certificates: [
              { name: 'made-too', policy },
              { name: 'imported', file: 'file.pfx' },
            ],
          },
        },
      }),
    )
    const emulator = await startKeyVaultEmulator({ seed: readSeed(file), timing: { issuance: 3_600_000 } })
    try {
      const rig = rigFor(emulator)
      expect(emulator.identities).toMatchObject([{ clientId: 'app', clientSecret: 'pw' }])
      expect((await rig.keys.getKey('made')).key?.crv).toBe('P-384')
      expect((await rig.secrets.getSecret('password')).value).toBe('x')
      expect((await rig.certificates.getCertificate('made-too')).properties.enabled).toBe(true)
      expect((await rig.certificates.getCertificate('imported')).policy?.subject).toBe('CN=file')
    } finally {
      await emulator.close()
    }
  })

  test('leaves alone what a data folder has', async () => {
    const data = scratchFolder()
    const seed = { vaults: { emulator: { secrets: [{ name: 's', value: 'seeded' }] } } }
    const first = await startKeyVaultEmulator({ data, seed })
    await rigFor(first).secrets.setSecret('s', 'changed')
    await first.close()
    expect(existsSync(join(data, 'emulator.lock'))).toBe(false)
    const second = await startKeyVaultEmulator({ data, seed })
    expect((await rigFor(second).secrets.getSecret('s')).value).toBe('changed')
    await second.close()
  })

  test.each([
    ['no JSON', '{', /seed\.json: The request body is not valid JSON/],
    ['an unknown member', '{"vault":{}}', /'vault' is unknown/],
    [
      'an object without a name',
      '{"vaults":{"v":{"keys":[{"kty":"EC"}]}}}',
      /'vaults\.v\.keys\.0\.name' is required/,
    ],
    ['a vault that cannot be a host name', '{"vaults":{"A_b":{}}}', /A_b/],
  ])('with %s is refused by the name of its file', (_, content, message) => {
    const { file } = files()
    writeFileSync(file, content)
    expect(() => readSeed(file)).toThrow(EmulatorError)
    expect(() => readSeed(file)).toThrow(message)
  })

  test('that the service would refuse names the object', async () => {
    const seed = { vaults: { v: { keys: [{ name: 'k', kty: 'DSA' }] } } }
    await expect(startKeyVaultEmulator({ seed })).rejects.toThrow(
      /the seed's key k of vault v: Key type 'DSA'/,
    )
  })
})

test('the page and the health endpoint answer over plain HTTP, the page without scripts and escaped', async () => {
  const rig = await startRig()
  await rig.keys.createEcKey('shown')
  await rig.raw('GET', '/keys/%3Cscript%3E?api-version=7.6')
  const url = `http://127.0.0.1:${rig.emulator.metadataPort}`
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
  const page = await fetch(`${url}/`)
  const text = await page.text()
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
  expect(text).toContain('<td>shown</td>')
  expect(text).not.toMatch(/<script/i)
})
