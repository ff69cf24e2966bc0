import { randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertificatePolicy, KeyVaultCertificateWithPolicy } from '@azure/keyvault-certificates'
import { rejection } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, runForBytes } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { errorOf, isValidSignature, startRig, type Rig } from '../support/rig.ts'

const selfSigned: CertificatePolicy = { issuerName: 'Self', subject: 'CN=MyCert', keyType: 'EC' }

async function create(
  rig: Rig,
  name: string,
  policy: CertificatePolicy = selfSigned,
): Promise<KeyVaultCertificateWithPolicy> {
  const poller = await rig.certificates.beginCreateCertificate(name, policy, { intervalInMs: 5 })
  return poller.pollUntilDone()
}

function certificateOf({ cer }: { cer?: Uint8Array | undefined }): X509Certificate {
  return new X509Certificate(cer ?? new Uint8Array())
}

describe('create, issuer Self', () => {
  test('goes from pending to completed as recorded', async () => {
    let now = Date.UTC(2026, 3, 6, 3, 34, 9)
    const rig = await startRig({ now: () => now, timing: { issuance: 10_000 } })
    const path = '/certificates/c'
    const started = await rig.raw('POST', `${path}/create?api-version=2025-07-01`, {
      body: {
        policy: {
          key_props: {},
          secret_props: {},
          x509_props: { subject: 'cn=MyCert', sans: {} },
          issuer: { name: 'Self' },
          attributes: {},
        },
        attributes: {},
      },
    })
    const id = `${rig.emulator.vaultUrl()}/certificates/c`
    expect(started.status).toBe(202)
    expect(started.headers['retry-after']).toBe('10')
    const requestId = String(started.body['request_id'])
    expect(started.headers['location']).toBe(`${id}/pending?api-version=2025-07-01&request_id=${requestId}`)
    expect(requestId).toMatch(/^[0-9a-f]{32}$/)
    expect(started.body).toEqual({
      id: `${id}/pending`,
      issuer: { name: 'Self' },
      csr: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) as string,
      cancellation_requested: false,
      status: 'inProgress',
      status_details:
        'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer ' +
        'provider. Please check again later.',
      preserveCertOrder: false,
      request_id: requestId,
    })
    expect((await rig.raw('GET', `${path}/pending?api-version=2025-07-01`)).body).toEqual(started.body)

    const meanwhile = (await rig.raw('GET', `${path}/?api-version=2025-07-01`)).body
    expect(Object.keys(meanwhile)).toEqual(['id', 'attributes', 'policy', 'pending', 'preserveCertOrder'])
    expect(meanwhile['attributes']).toEqual({
      enabled: false,
      nbf: now / 1000 - 600,
      exp: Date.UTC(2027, 3, 6, 3, 34, 9) / 1000,
      created: now / 1000,
      updated: now / 1000,
      recoveryLevel: 'Recoverable+Purgeable',
      recoverableDays: 90,
    })
    expect((await rig.raw('GET', '/keys/c?api-version=7.6')).status).toBe(404)

    now += 10_000
    const completed = await rig.raw('GET', `${path}/pending?api-version=2025-07-01`)
    expect(completed.headers['retry-after']).toBeUndefined()
    expect(completed.body).toEqual({
      id: `${id}/pending`,
      issuer: { name: 'Self' },
      csr: started.body['csr'],
      cancellation_requested: false,
      status: 'completed',
      target: id,
      preserveCertOrder: false,
      request_id: requestId,
    })
    const finished = (await rig.raw('GET', `${path}/?api-version=2025-07-01`)).body
    expect(Object.keys(finished)).toEqual([
      'id',
      'kid',
      'sid',
      'x5t',
      'cer',
      'attributes',
      'policy',
      'pending',
      'preserveCertOrder',
    ])
    expect(finished['id']).not.toBe(meanwhile['id'])
    expect(finished['kid']).toBe(String(finished['id']).replace('/certificates/', '/keys/'))
    expect(finished['sid']).toBe(String(finished['id']).replace('/certificates/', '/secrets/'))
    expect(finished['policy']).toEqual({
      id: `${id}/policy`,
      key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      x509_props: {
        subject: 'cn=MyCert',
        sans: {},
        ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
        key_usage: ['digitalSignature', 'keyEncipherment'],
        validity_months: 12,
        basic_constraints: { ca: false },
      },
      lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } }],
      issuer: { name: 'Self' },
      attributes: { enabled: true, created: now / 1000 - 10, updated: now / 1000 - 10 },
    })
    const certificate = new X509Certificate(Buffer.from(String(finished['cer']), 'base64'))
    expect(certificate.subject).toBe('CN=MyCert')
    expect(certificate.issuer).toBe('CN=MyCert')
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(Date.parse(certificate.validFrom)).toBe(now - 600_000)
    expect(Buffer.from(String(finished['x5t']), 'base64url').toString('hex')).toBe(
      certificate.fingerprint.replaceAll(':', '').toLowerCase(),
    )
  })

  test.each([
    ['RSA', undefined, 'RS256'],
    ['EC', 'P-256', 'ES256'],
    ['EC', 'P-384', 'ES384'],
    ['EC', 'P-521', 'ES512'],
    ['EC', 'P-256K', 'ES256K'],
  ] as const)(
    '%s %s: its key signs what the certificate verifies',
    async (keyType, keyCurveName, algorithm) => {
      const rig = await startRig()
      const certificate = await create(rig, 'c', {
        ...selfSigned,
        keyType,
        ...(keyCurveName === undefined ? {} : { keyCurveName }),
      })
      const { publicKey } = certificateOf(certificate)
      const message = randomBytes(50)
      const { result } = await rig.cryptography(certificate.keyId ?? '').signData(algorithm, message)
      expect(isValidSignature(algorithm, publicKey, message, result)).toBe(true)
      const key = await rig.keys.getKey('c')
      expect(key.properties).toMatchObject({ managed: true, version: certificate.properties.version })
    },
  )

  test('the policy decides extensions, validity and what the key may do', async () => {
    const rig = await startRig()
    const certificate = await create(rig, 'c', {
      issuerName: 'Self',
      subject: 'CN="Sign, Inc", O=Exämple, C=DE',
      keyType: 'EC',
      keyUsage: ['digitalSignature', 'keyCertSign'],
      enhancedKeyUsage: ['1.3.6.1.5.5.7.3.3'],
      validityInMonths: 24,
      subjectAlternativeNames: { dnsNames: ['a.example'], emails: ['a@b.example'] },
    })
    const x509 = certificateOf(certificate)
    expect(x509.subject).toBe('C=DE\nO=Exämple\nCN=Sign\\, Inc')
    expect(x509.subjectAltName).toBe('email:a@b.example, DNS:a.example')
    expect(x509.keyUsage).toEqual(['1.3.6.1.5.5.7.3.3'])
    expect(Date.parse(x509.validTo) - Date.parse(x509.validFrom)).toBeGreaterThan(729 * 86_400_000)
    expect((await rig.keys.getKey('c')).keyOperations).toEqual(['sign', 'verify'])
  })

  test('again under the same name is a new version with a new key, or with the same when the policy says so', async () => {
    const rig = await startRig()
    const first = await create(rig, 'c')
    const second = await create(rig, 'c')
    const third = await create(rig, 'c', { ...selfSigned, reuseKey: true })
    const keys = [first, second, third].map((certificate) =>
      certificateOf(certificate).publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    )
    expect(new Set(keys).size).toBe(2)
    expect(keys[2]).toBe(keys[1])
    const versions: string[] = []
    for await (const { version } of rig.certificates.listPropertiesOfCertificateVersions('c')) {
      versions.push(version ?? '')
    }
    expect(new Set(versions)).toEqual(
      new Set([first, second, third].map(({ properties }) => properties.version)),
    )
    expect(versions).toHaveLength(3)
  })

  test('while one is pending, another is a 409', async () => {
    const rig = await startRig({ timing: { issuance: 60_000 } })
    await rig.certificates.beginCreateCertificate('c', selfSigned)
    expect(errorOf(await rejection(rig.certificates.beginCreateCertificate('c', selfSigned)))).toMatchObject({
      status: 409,
      code: 'Conflict',
      message:
        "A new key vault certificate can not be created or imported while a pending key vault certificate's status is " +
        'inProgress.',
    })
  })

  test.each([
    [{}, /'policy' is required/],
    [{ policy: { x509_props: {} } }, /subject or subject alternative names/],
    [{ policy: { x509_props: { subject: 'nonsense' } } }, /not a valid X.500/],
    [{ policy: { x509_props: { subject: 'CN=a' }, key_props: { kty: 'oct' } } }, /Key type 'oct'/],
    [{ policy: { x509_props: { subject: 'CN=a', key_usage: ['fly'] } } }, /Key usage 'fly'/],
    [{ policy: { x509_props: { subject: 'CN=a', ekus: ['x'] } } }, /not an object identifier/],
    [{ policy: { x509_props: { subject: 'CN=a', validity_months: 0 } } }, /Validity of 0 months/],
    [{ policy: { x509_props: { subject: 'CN=a' }, issuer: { name: 'DigiCert' } } }, /issuer 'DigiCert'/],
    [{ policy: { x509_props: { subject: 'CN=a' }, secret_props: { contentType: 'text' } } }, /Content type/],
  ])('%j is a 400 and makes nothing', async (body, message) => {
    const rig = await startRig()
    const answer = await rig.raw('POST', '/certificates/c/create?api-version=7.6', { body })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toMatch(message)
    expect((await rig.raw('GET', '/certificates/c?api-version=7.6')).status).toBe(404)
  })
})

describe('issuer Unknown: CSR and merge', () => {
  test.skipIf(lacks('openssl'))(
    'a CA signs the request, the vault keeps the key [needs openssl]',
    async () => {
      const rig = await startRig()
      const folder = scratchFolder()
      const file = (name: string): string => join(folder, name)
      runForBytes([
        'openssl',
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=Test CA',
        '-keyout',
        file('ca.key'),
        '-out',
        file('ca.crt'),
      ])
      await rig.certificates.beginCreateCertificate('c', {
        issuerName: 'Unknown',
        subject: 'CN=merged',
        keyType: 'RSA',
        exportable: false,
        subjectAlternativeNames: { dnsNames: ['merged.example'] },
      })
      const pending = await rig.raw('GET', '/certificates/c/pending?api-version=7.6')
      expect(pending.body['status_details']).toBe(
        'Pending certificate created. Please Perform Merge to complete the request.',
      )
      const csr = String(pending.body['csr'])
      writeFileSync(file('c.csr'), Buffer.from(csr, 'base64'))
      const request = runForBytes([
        'openssl',
        'req',
        '-inform',
        'DER',
        '-in',
        file('c.csr'),
        '-noout',
        '-text',
        '-verify',
      ]).toString()
      expect(request).toMatch(/Subject: CN ?= ?merged/)
      expect(request).toMatch(/DNS:merged\.example/)
      runForBytes([
        'openssl',
        'x509',
        '-req',
        '-inform',
        'DER',
        '-in',
        file('c.csr'),
        '-CA',
        file('ca.crt'),
        '-CAkey',
        file('ca.key'),
        '-CAcreateserial',
        '-days',
        '30',
        '-out',
        file('c.crt'),
      ])
      const x5c = ['c.crt', 'ca.crt'].map((name) =>
        new X509Certificate(readFileSync(file(name))).raw.toString('base64'),
      )
      const merged = await rig.raw('POST', '/certificates/c/pending/merge?api-version=7.6', { body: { x5c } })
      expect(merged.status).toBe(201)
      expect(merged.body['cer']).toBe(x5c[0])
      const { publicKey } = new X509Certificate(readFileSync(file('c.crt')))
      const { result } = await rig
        .cryptography(String(merged.body['kid']))
        .signData('PS256', Buffer.from('x'))
      expect(isValidSignature('PS256', publicKey, Buffer.from('x'), result)).toBe(true)
      // The whole chain is in the secret, the key is not.
      const secret = await rig.secrets.getSecret('c')
      const shown = runForBytes(
        ['openssl', 'pkcs12', '-legacy', '-passin', 'pass:', '-nodes'],
        Buffer.from(secret.value ?? '', 'base64'),
      ).toString()
      expect(shown.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
      expect(shown).not.toMatch(/PRIVATE KEY/)
    },
  )

  test('the bytes of a base64 text are taken for the certificate, as the SDK’s own sample sends them', async () => {
    const rig = await startRig()
    const policy = { issuerName: 'Unknown', subject: 'CN=c', keyType: 'EC', reuseKey: true }
    const { cer } = await create(rig, 'c')
    await rig.certificates.beginCreateCertificate('c', policy)
    const text = Buffer.from(cer ?? []).toString('base64')
    const merged = await rig.certificates.mergeCertificate('c', [Buffer.from(text)])
    expect(merged.cer).toEqual(cer)
  })

  test.each([
    [undefined, ['own', 'issuer']],
    [false, ['own', 'issuer']],
    [true, ['issuer', 'own']],
  ])(
    'the chain has the end entity first unless preserveCertOrder is set: %s',
    async (preserveCertOrder, order) => {
      const rig = await startRig()
      const [{ cer: issuer }, { cer: own }] = [await create(rig, 'issuer'), await create(rig, 'c')]
      const policy = {
        issuer: { name: 'Unknown' },
        key_props: { kty: 'EC', crv: 'P-256', exportable: false, reuse_key: true },
        secret_props: { contentType: 'application/x-pem-file' },
        x509_props: { subject: 'CN=c' },
      }
      const post = (path: string, body: object): ReturnType<Rig['raw']> =>
        rig.raw('POST', `/certificates/c/${path}?api-version=2025-07-01`, { body })
      await post('create', { policy, preserveCertOrder })
      const [first, second] = [issuer, own].map((der) => Buffer.from(der ?? []).toString('base64'))
      const merged = await post('pending/merge', { x5c: [first, second] })
      expect(merged).toMatchObject({
        status: 201,
        body: { cer: second, preserveCertOrder: preserveCertOrder ?? false },
      })
      const { value = '' } = await rig.secrets.getSecret('c')
      const pem = { own: certificateOf({ cer: own }), issuer: certificateOf({ cer: issuer }) }
      expect(value).toBe(order.map((name) => pem[name as 'own'].toString()).join(''))
    },
  )

  test('a certificate of another key is refused, and the request stays', async () => {
    const rig = await startRig()
    const other = await create(rig, 'other')
    await rig.certificates.beginCreateCertificate('c', { ...selfSigned, issuerName: 'Unknown' })
    const error = errorOf(
      await rejection(rig.certificates.mergeCertificate('c', [other.cer ?? new Uint8Array()])),
    )
    expect(error).toMatchObject({ status: 400, code: 'BadParameter' })
    expect(error.message).toMatch(/does not match the public part/)
    const { body } = await rig.raw('GET', '/certificates/c/pending?api-version=7.6')
    expect(body['status']).toBe('inProgress')
  })

  test.each([[[]], [['AAAA']], [['']]])('x5c %j is a 400', async (x5c) => {
    const rig = await startRig()
    await rig.certificates.beginCreateCertificate('c', { ...selfSigned, issuerName: 'Unknown' })
    const answer = await rig.raw('POST', '/certificates/c/pending/merge?api-version=7.6', { body: { x5c } })
    expect(answer.status).toBe(400)
  })

  test('without a request there is nothing to merge into', async () => {
    const rig = await startRig()
    const { cer } = await create(rig, 'c')
    const error = await rejection(rig.certificates.mergeCertificate('c', [cer ?? new Uint8Array()]))
    expect(errorOf(error).status).toBe(409)
  })
})

describe('the answer has as much as the recorded ones', () => {
  test('by name, by version, to an update, and in a list', async () => {
    const rig = await startRig()
    const { properties } = await create(rig, 'c')
    const path = `/certificates/c/${properties.version}`
    const version = ['id', 'kid', 'sid', 'x5t', 'cer', 'attributes']
    const members = async (method: string, target: string): Promise<string[]> =>
      Object.keys((await rig.raw(method, `${target}?api-version=7.6`)).body)
    expect(await members('GET', '/certificates/c/')).toEqual([...version, 'policy', 'pending'])
    expect(await members('GET', path)).toEqual(version)
    expect(await members('PATCH', path)).toEqual([...version, 'pending'])
    const { body } = await rig.raw('GET', '/certificates/c/versions?api-version=7.6')
    expect(body).toMatchObject({ nextLink: null, value: [{ subject: '' }] })
    expect(Object.keys((body['value'] as object[])[0] ?? {})).toEqual(['id', 'x5t', 'attributes', 'subject'])
  })
})

test('a list of deleted certificates has their recovery attributes, as recorded', async () => {
  const rig = await startRig()
  await create(rig, 'c')
  await (await rig.certificates.beginDeleteCertificate('c', { intervalInMs: 5 })).pollUntilDone()
  const { body } = await rig.raw('GET', '/deletedcertificates?api-version=7.6')
  const [item] = body['value'] as [Record<string, object>]
  expect(Object.keys(item)).toEqual([
    'recoveryId',
    'deletedDate',
    'scheduledPurgeDate',
    'id',
    'x5t',
    'attributes',
  ])
  expect(Object.keys(item['attributes'] ?? {})).toEqual([
    'enabled',
    'nbf',
    'exp',
    'created',
    'updated',
    'recoveryLevel',
    'recoverableDays',
  ])
})

describe('policy and properties', () => {
  test('key usages are taken in any case, and a bad subject is named before a bad issuer', async () => {
    const rig = await startRig()
    const request = (x509: object, issuer: string): ReturnType<Rig['raw']> =>
      rig.raw('POST', '/certificates/c/create?api-version=7.6', {
        body: {
          policy: {
            key_props: { kty: 'ec' },
            x509_props: { subject: 'CN=a', ...x509 },
            issuer: { name: issuer },
          },
        },
      })
    expect(JSON.stringify((await request({ subject: 'a' }, 'nobody')).body)).toMatch(/distinguished name/)
    expect((await request({ key_usage: ['crlSign', 'KEYCERTSIGN'] }, 'Self')).status).toBe(202)
    const policy = await rig.raw('GET', '/certificates/c/policy?api-version=7.6')
    expect(policy.body).toMatchObject({
      key_props: { kty: 'EC' },
      x509_props: { key_usage: ['cRLSign', 'keyCertSign'] },
    })
  })

  test('a policy can be changed and changes the next version', async () => {
    const rig = await startRig()
    await create(rig, 'c')
    await rig.certificates.updateCertificatePolicy('c', {
      ...selfSigned,
      subject: 'CN=Other',
      exportable: false,
    })
    const expected = { subject: 'CN=Other', exportable: false, keyType: 'EC' }
    expect((await rig.certificates.getCertificate('c')).policy).toMatchObject(expected)
    const renewed = await rig.raw('POST', '/certificates/c/create?api-version=7.6')
    expect(renewed.status).toBe(202)
    await expect
      .poll(async () => certificateOf(await rig.certificates.getCertificate('c')).subject, {
        timeout: 10_000,
      })
      .toBe('CN=Other')
  })

  test('disabling a version disables its key and its secret', async () => {
    const rig = await startRig()
    const certificate = await create(rig, 'c')
    const version = certificate.properties.version ?? ''
    await rig.certificates.updateCertificateProperties('c', version, { enabled: false, tags: { a: 'b' } })
    expect((await rig.certificates.getCertificateVersion('c', version)).properties).toMatchObject({
      enabled: false,
      tags: { a: 'b' },
    })
    const body = { alg: 'ES256', value: Buffer.alloc(32).toString('base64url') }
    const answer = await rig.raw('POST', `/keys/c/${version}/sign?api-version=7.6`, { body })
    expect(answer.status).toBe(403)
    expect(errorOf(await rejection(rig.secrets.getSecret('c'))).inner).toBe('SecretDisabled')
  })

  test('tags set while it is pending are the finished certificate’s', async () => {
    let now = Date.UTC(2026, 0, 1)
    const rig = await startRig({ now: () => now, timing: { issuance: 1000 } })
    await rig.certificates.beginCreateCertificate('c', selfSigned)
    const pending = await rig.certificates.getCertificate('c')
    const version = pending.properties.version ?? ''
    await expect(rig.certificates.getCertificateVersion('c', version)).resolves.toMatchObject({ name: 'c' })
    const updated = await rig.certificates.updateCertificateProperties('c', '', { tags: { a: 'b' } })
    expect(updated.properties).toMatchObject({ enabled: false, tags: { a: 'b' } })
    now += 1000
    const finished = await rig.certificates.getCertificate('c')
    expect(finished.properties).toMatchObject({ enabled: true, tags: { a: 'b' } })
  })

  test('lists leave out what is only pending, unless asked', async () => {
    const rig = await startRig({ timing: { issuance: 60_000 } })
    await rig.certificates.beginCreateCertificate('p', selfSigned)
    const names = async (includePending: boolean): Promise<string[]> => {
      const listed: string[] = []
      for await (const { name } of rig.certificates.listPropertiesOfCertificates({ includePending })) {
        listed.push(name ?? '')
      }
      return listed
    }
    expect(await names(false)).toEqual([])
    expect(await names(true)).toEqual(['p'])
  })
})

describe('backup and restore', () => {
  test('brings back certificate, key and secret', async () => {
    const rig = await startRig()
    const certificate = await create(rig, 'c')
    const backup = await rig.certificates.backupCertificate('c')
    await (await rig.certificates.beginDeleteCertificate('c', { intervalInMs: 5 })).pollUntilDone()
    await rig.certificates.purgeDeletedCertificate('c')
    await expect
      .poll(() => rig.certificates.restoreCertificateBackup(backup ?? new Uint8Array()).then(() => true), {
        timeout: 10_000,
      })
      .toBe(true)
    const restored = await rig.certificates.getCertificate('c')
    expect(restored.keyId).toBe(certificate.keyId)
    const { result } = await rig.cryptography(restored.keyId ?? '').signData('ES256', Buffer.from('x'))
    expect(isValidSignature('ES256', certificateOf(certificate).publicKey, Buffer.from('x'), result)).toBe(
      true,
    )
    await expect(rig.secrets.getSecret('c')).resolves.toMatchObject({ name: 'c' })
  })

  test('rubbish is refused as recorded', async () => {
    const rig = await startRig()
    const error = await rejection(rig.certificates.restoreCertificateBackup(new Uint8Array(100)))
    expect(errorOf(error)).toMatchObject({ status: 400, code: 'Malformed backup blob' })
  })
})
