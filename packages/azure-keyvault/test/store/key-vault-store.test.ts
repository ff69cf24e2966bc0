import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createLocalSigner, isSealwrightError, jwkThumbprint, type SealwrightError } from '@sealwright/core'
import { wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, run } from '@sealwright/test-kit/tools'
import { createSelfSignedCertificate, parseCertificate } from '@sealwright/x509'
import { describe, expect, test } from 'vitest'
import { openKeyVault, type CertificateIssuer } from '../../src/index.ts'
import { VaultStore } from '../../src/store/key-vault-store.ts'
import { VaultConnection } from '../../src/vault/connection.ts'
import { KeyCollection } from '../../src/vault/key-collection.ts'
import { startVault } from '../support/vault.ts'

/** The error of a promise that must fail. */
async function failure(promise: Promise<unknown>): Promise<SealwrightError> {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  if (isSealwrightError(error)) return error
  throw new Error(`no SealwrightError: ${inspect(error)}`)
}

describe('creating in the vault', () => {
  test('makes a certificate for signing tokens whose key cannot be exported', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    const key = await store.create('my-app-auth', { subject: 'CN=my-app-auth,O=Contoso' })
    expect(await vault.certificates.getCertificatePolicy('my-app-auth')).toMatchObject({
      exportable: false,
      reuseKey: false,
      keyType: 'RSA',
      keySize: 2048,
      keyUsage: ['digitalSignature'],
      validityInMonths: 24,
      issuerName: 'Self',
    })
    expect((await vault.keys.getKey('my-app-auth')).properties.exportable ?? false).toBe(false)
    expect(key.location).toBe(`${vault.url}/certificates/my-app-auth/${key.version}`)
  })

  test('a certificate has the names that are asked for, and so has the next version', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    const subjectAltNames = [
      { type: 'dns', value: 'auth.example.com' },
      { type: 'dns', value: 'id.example.com' },
      { type: 'email', value: 'keys@example.com' },
      { type: 'upn', value: 'keys@example.com' },
      { type: 'uri', value: 'https://auth.example.com' },
      { type: 'ip', value: '10.0.0.1' },
    ] as const
    const first = await store.create('named', { keyType: 'ec-p256', subjectAltNames })
    for (const { certificates } of [first, await store.rotate('named')]) {
      const [certificate] = certificates
      if (certificate === undefined) throw new Error('there is no certificate')
      const { extensions } = parseCertificate(certificate)
      expect(extensions.subjectAltNames).toHaveLength(subjectAltNames.length)
      expect(extensions.subjectAltNames).toEqual(expect.arrayContaining([...subjectAltNames]))
    }
    const bare = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    expect(await failure(bare.create('bare', { subjectAltNames }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'a bare key has no certificate, so it accepts no subjectAltNames',
    })
    const directoryName = { type: 'directoryName', value: 'CN=a' } as const
    expect(await failure(store.create('other', { subjectAltNames: [directoryName] }))).toMatchObject({
      code: 'UNSUPPORTED_OPERATION',
      message: expect.stringContaining('it supports dns, email, upn, uri, ip'),
    })
  })

  test('keeps keys in hardware where asked to', async () => {
    const vault = await startVault()
    for (const collection of ['certificates', 'keys'] as const) {
      const store = openKeyVault(vault.url, { ...vault.options, collection })
      const key = await store.create(`in-${collection}`, { keyType: 'ec-p256', hardware: true })
      expect((await vault.keys.getKey(`in-${collection}`)).keyType).toBe('EC-HSM')
      await key.signer().sign(Buffer.from('data'))
    }
  })

  test('a bare key has no certificate; x509 makes one that the vault signs', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    const key = await store.create('bare', { keyType: 'ec-p256' })
    expect(key.certificates).toEqual([])
    const certificate = await createSelfSignedCertificate(key.signer(), { subject: 'CN=bare' })
    expect(certificate.verify(key.publicKey)).toBe(true)
    expect(jwkThumbprint(certificate.publicKey)).toBe(key.keyId)
  })

  test('an algorithm that the vault does not have is refused with what it has', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, vault.options)
    const error = await failure(store.create('edwards', { keyType: 'ed25519' }))
    expect(error).toMatchObject({ code: 'UNSUPPORTED_KEY', message: expect.stringContaining('ec-p256') })
    const key = await store.create('rsa')
    expect(() => key.signer('EdDSA')).toThrow(/RS256.*PS512/)
    expect(vault.emulator.requests.count('certificates/create')).toBe(1)
  })

  test('a certificate that is pending is neither absent nor there', async () => {
    const vault = await startVault()
    await vault.certificates.beginCreateCertificate('pending', {
      issuerName: 'Unknown',
      subject: 'CN=pending',
    })
    const store = openKeyVault(vault.url, { ...vault.options, creationTimeout: 100 })
    await expect(store.get('pending')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('pending'),
    })
    await expect(store.create('pending')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(store.getOrCreate('pending')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(vault.emulator.requests.count('certificates/create')).toBe(1)
  })

  test('a pending certificate of somebody else is waited for', async () => {
    const vault = await startVault({ timing: { issuance: 500 } })
    await vault.certificates.beginCreateCertificate('theirs', { issuerName: 'Self', subject: 'CN=theirs' })
    const key = await openKeyVault(vault.url, vault.options).getOrCreate('theirs')
    expect(key.certificates[0]?.subject).toBe('CN=theirs')
    expect(vault.emulator.requests.count('certificates/create')).toBe(1)
  })

  test.each(['certificates', 'keys'] as const)(
    'a name in %s whose last owner is deleted but recoverable says so',
    async (collection) => {
      const vault = await startVault()
      const store = openKeyVault(vault.url, { ...vault.options, collection })
      await store.create('deleted', { keyType: 'ec-p256' })
      await store.delete('deleted')
      expect(await store.get('deleted')).toBeNull()
      for (const creating of [() => store.create('deleted'), () => store.getOrCreate('deleted')]) {
        expect(await failure(creating())).toMatchObject({
          code: 'ALREADY_EXISTS',
          message: expect.stringMatching(/recover|being deleted/),
        })
      }
    },
  )

  test('a request that may have made something is not repeated', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    vault.emulator.faults.add({ operation: 'keys/create', fault: { type: 'truncate' } })
    expect(await failure(store.create('once', { keyType: 'ec-p256' }))).toMatchObject({ code: 'UNAVAILABLE' })
    expect(vault.emulator.requests.count('keys/create')).toBe(1)
    expect(await store.list({ name: 'once' })).toHaveLength(1)
  })

  test.each<[string, (abort: () => void) => void]>([
    ['at once', (abort) => abort()],
    ['before it looks back', (abort) => void setImmediate(abort)],
  ])('a second version is disabled even if its creator aborts %s', async (_, when) => {
    const vault = await startVault()
    const controller = new AbortController()
    const reason = new Error('no longer wanted')
    /** Another process creates the key between the look for it and the creation. */
    class OvertakenCollection extends KeyCollection {
      override async create(...parameters: Parameters<KeyCollection['create']>): Promise<string> {
        await vault.keys.createKey('k', 'EC')
        vault.emulator.clock.advance(2_000)
        const version = await super.create(...parameters)
        when(() => controller.abort(reason))
        return version
      }
    }
    const connection = new VaultConnection(vault.url, { ...vault.options, settleTime: 100 })
    const store = new VaultStore(connection, new OvertakenCollection(connection), false)
    await expect(store.create('k', { signal: controller.signal })).rejects.toBe(reason)
    const enabled = async (): Promise<readonly boolean[]> =>
      (await store.list({ name: 'k' })).map((version) => version.enabled)
    await expect.poll(enabled, { timeout: 20_000 }).toEqual([false, true])
  })

  test('a request that was refused for the moment is', async () => {
    const vault = await startVault()
    const store = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    vault.emulator.faults.add({ operation: 'keys/create', fault: { type: 'status', status: 429 }, times: 2 })
    await store.create('twice', { keyType: 'ec-p256' })
    expect(await store.list({ name: 'twice' })).toHaveLength(1)
  })
})

const withoutOpenssl = lacks('openssl')

/** A CA that OpenSSL makes. */
async function makeIssuer(folder: string): Promise<CertificateIssuer> {
  run(
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /O=Contoso/CN=CA ' +
      `-addext keyUsage=critical,keyCertSign -keyout ${folder}/ca.key -out ${folder}/ca.pem`,
  )
  return {
    signer: createLocalSigner(createPrivateKey(await readFile(join(folder, 'ca.key')))),
    certificates: [new X509Certificate(await readFile(join(folder, 'ca.pem')))],
  }
}

describe('a certificate from an issuer', () => {
  test.skipIf(withoutOpenssl)(
    'is requested, signed and merged, and OpenSSL accepts its chain [needs openssl]',
    async () => {
      const vault = await startVault()
      const folder = scratchFolder()
      const issuer = await makeIssuer(folder)
      const store = openKeyVault(vault.url, vault.options)
      const subjectAltNames = [{ type: 'dns', value: 'issued.example.com' }] as const
      const options = { subject: 'CN=issued', validityDays: 90, issuer, subjectAltNames }
      const key = await store.create('issued', options)
      const [certificate] = key.certificates
      expect(certificate?.subjectAltName).toBe('DNS:issued.example.com')
      expect(certificate?.issuer).toBe('O=Contoso\nCN=CA')
      expect(certificate?.subject).toBe('CN=issued')
      // The issuer's ends before the 90 days do.
      expect(certificate?.validTo).toBe(issuer.certificates[0]?.validTo)
      await writeFile(join(folder, 'issued.pem'), certificate?.toString() ?? '')
      expect(run(`openssl verify -x509_strict -CAfile ${folder}/ca.pem ${folder}/issued.pem`)).toContain(
        ': OK',
      )
      await expect(key.signer().sign(Buffer.from('data'))).resolves.toHaveLength(256)
      // Its next version comes from the issuer as well, and not without it.
      expect(await failure(store.rotate('issued'))).toMatchObject({ code: 'UNSUPPORTED_OPERATION' })
      const next = await store.rotate('issued', { issuer })
      expect(next.certificates[0]?.issuer).toBe('O=Contoso\nCN=CA')
      expect(next.certificates[0]?.subjectAltName).toBe('DNS:issued.example.com')
      expect(next.keyId).not.toBe(key.keyId)
    },
  )

  test.skipIf(withoutOpenssl)('that cannot be had leaves the name free [needs openssl]', async () => {
    const vault = await startVault()
    const { certificates } = await makeIssuer(scratchFolder())
    const signer = createLocalSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    const store = openKeyVault(vault.url, vault.options)
    const error = await failure(store.create('refused', { issuer: { signer, certificates } }))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('issuer') })
    expect(await store.get('refused')).toBeNull()
    await store.create('refused', { keyType: 'ec-p256' })
  })
})

describe('importing into the vault', () => {
  test.skipIf(withoutOpenssl)(
    'a PFX made by OpenSSL keeps its kid and certificate, and its key cannot be exported [needs openssl]',
    async () => {
      const vault = await startVault()
      const folder = scratchFolder()
      const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
      const pfxFile = join(folder, 'my.pfx')
      run(
        `openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=local -keyout ${keyFile} -out ${certificateFile}`,
      )
      run(
        `openssl pkcs12 -export -inkey ${keyFile} -in ${certificateFile} -passout pass:hunter2 -out ${pfxFile}`,
      )
      const local = createLocalSigner(createPrivateKey(await readFile(keyFile)))
      const data = Buffer.from('an old token')
      const before = await local.sign(data)
      const store = openKeyVault(vault.url, vault.options)
      const key = await store.importPkcs12('moved', await readFile(pfxFile), 'hunter2')
      expect(key.keyId).toBe(local.keyId)
      expect(key.certificates[0]?.toString()).toBe(
        new X509Certificate(await readFile(certificateFile)).toString(),
      )
      // RSASSA-PKCS1-v1_5 is deterministic: the vault signs exactly as the file did.
      expect(await key.signer('RS256').sign(data)).toEqual(Uint8Array.from(before))
      expect((await vault.certificates.getCertificatePolicy('moved')).exportable).toBe(false)
    },
  )

  test('a PEM file is read as well, encrypted or not, with a password that is asked for', async () => {
    const vault = await startVault()
    const privateKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const local = createLocalSigner(privateKey)
    const certificate = String(await createSelfSignedCertificate(local, { subject: 'CN=local' }))
    const plain = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const encrypted = privateKey.export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'hunter2',
    })
    const store = openKeyVault(vault.url, vault.options)
    const withCertificate = Buffer.from(`${certificate}\n${encrypted.toString()}`)
    const key = await store.importPkcs12('moved', withCertificate, () => Promise.resolve('hunter2'))
    expect([key.keyId, String(key.certificates[0])]).toEqual([local.keyId, certificate])
    const refused = await failure(store.importPkcs12('bare', Buffer.from(plain), ''))
    expect(refused).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('no certificate'),
    })
    const wrong = await failure(store.importPkcs12('wrong', withCertificate, 'not the password'))
    expect(wrong.code).toBe('WRONG_PASSWORD')
    const keys = openKeyVault(vault.url, { ...vault.options, collection: 'keys' })
    expect((await keys.importPkcs12('bare', Buffer.from(plain), '')).keyId).toBe(local.keyId)
  })
})

describe('permissions', () => {
  test('keys/sign and certificates/get are enough to sign', async () => {
    const vault = await startVault({
      identities: [
        { clientId: wellKnown.clientId, clientSecret: wellKnown.clientSecret },
        { clientId: signerId, clientSecret: 'secret', access: { keys: ['sign'], certificates: ['get'] } },
      ],
    })
    await openKeyVault(vault.url, vault.options).create('my-app-auth', { keyType: 'ec-p256' })
    const credential = secretCredential(vault.emulator, { clientId: signerId, clientSecret: 'secret' })
    const store = openKeyVault(vault.url, { ...vault.options, credential })
    const key = await store.get('my-app-auth')
    await expect(key?.signer().sign(Buffer.from('data'))).resolves.toHaveLength(64)
    // A vault that is read only for this identity says so, naming what is missing, who is asking, and where.
    for (const [attempt, permission] of [
      [() => store.create('another'), 'certificates/create'],
      [() => store.list(), 'certificates/list'],
      [() => store.rotate('my-app-auth'), 'certificates/create'],
      [() => store.delete('my-app-auth'), 'certificates/delete'],
      [
        () =>
          openKeyVault(vault.url, { ...vault.options, credential, collection: 'keys' }).get('my-app-auth'),
        'keys/get',
      ],
    ] as const) {
      const error = await failure(attempt())
      expect(error.code).toBe('ACCESS_DENIED')
      for (const part of [permission, signerId, vault.url]) expect(error.message).toContain(part)
    }
    expect(await openKeyVault(vault.url, vault.options).get('another')).toBeNull()
  })

  test('a missing keys/sign is one error that names permission, identity and vault', async () => {
    const vault = await startVault({
      identities: [
        { clientId: wellKnown.clientId, clientSecret: wellKnown.clientSecret },
        { clientId: signerId, clientSecret: 'secret', access: { certificates: ['get'] } },
      ],
    })
    await openKeyVault(vault.url, vault.options).create('my-app-auth', { keyType: 'ec-p256' })
    const credential = secretCredential(vault.emulator, { clientId: signerId, clientSecret: 'secret' })
    const key = await openKeyVault(vault.url, { ...vault.options, credential }).get('my-app-auth')
    const error = await failure(key?.signer().sign(Buffer.from('data')) ?? Promise.resolve())
    expect(error.message).toMatch(/keys\/sign.*Key Vault Crypto User/)
    expect(error.message).toContain(signerId)
    expect(vault.emulator.requests.count('keys/sign')).toBe(1)
  })

  test('a wrong client secret is ACCESS_DENIED, with the authority’s reason', async () => {
    const vault = await startVault()
    const credential = secretCredential(vault.emulator, {
      clientId: wellKnown.clientId,
      clientSecret: 'a wrong secret',
    })
    const error = await failure(openKeyVault(vault.url, { ...vault.options, credential }).get('any'))
    expect(error).toMatchObject({ code: 'ACCESS_DENIED', message: expect.stringContaining('invalid_client') })
    expect(inspect(error, { depth: 20 })).not.toContain('a wrong secret')
  })

  test('no error leads to a token, not even by its cause', async () => {
    const vault = await startVault()
    const tokens: string[] = []
    const inner = secretCredential(vault.emulator, wellKnown)
    const credential = {
      getToken: async (...parameters: Parameters<typeof inner.getToken>) => {
        const token = await inner.getToken(...parameters)
        tokens.push(token.token)
        return token
      },
    }
    const store = openKeyVault(vault.url, { ...vault.options, credential, managementDeadline: 300 })
    const errors = [await failure(store.rotate('absent'))]
    for (const fault of [
      { type: 'status', status: 500 },
      { type: 'status', status: 403 },
      { type: 'reset' },
      { type: 'truncate' },
    ] as const) {
      vault.emulator.faults.add({ operation: 'certificates/*', fault, times: Infinity })
      errors.push(await failure(store.list()))
      vault.emulator.faults.clear()
    }
    expect(tokens.length).toBeGreaterThan(0)
    for (const error of errors) {
      expect(error.cause ?? error.code).toBeDefined()
      const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
      for (const token of tokens) expect(shown).not.toContain(token)
    }
  })
})

const signerId = '00000000-0000-4000-8000-0000000000aa'
