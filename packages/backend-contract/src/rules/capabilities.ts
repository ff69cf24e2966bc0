import assert from 'node:assert/strict'
import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  canDelete,
  canExportPkcs12,
  canImportPkcs12,
  canRotate,
  createLocalSigner,
  isSealwrightError,
  jwkThumbprint,
  type KeyDeleter,
  type KeyRotator,
  type KeyStore,
  type Pkcs12Exporter,
  type Pkcs12Importer,
} from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey, readPkcs12, writePkcs12 } from '@sealwright/x509'
import type { Rule } from '../subject.ts'
import { anyKeyType, identity, rejection, uniqueName } from '../support.ts'
import { assertVerifies } from './signing.ts'

const simultaneous = 8

export const capabilities: readonly Rule[] = [
  {
    rule: 'the store has the capabilities it says, and no others',
    async check({ store }, expected) {
      assert.deepEqual(
        {
          importPkcs12: canImportPkcs12(store),
          exportPkcs12: canExportPkcs12(store),
          delete: canDelete(store),
          rotate: canRotate(store),
        },
        {
          importPkcs12: expected.importPkcs12 !== null,
          exportPkcs12: expected.exportPkcs12,
          delete: expected.delete,
          rotate: expected.rotate,
        },
      )
    },
  },
]

export const importing: readonly Rule[] = [
  {
    rule: 'an imported key keeps its kid and its certificate',
    async check({ store, reopen }, expected) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const imported = await importer(store).importPkcs12(name, pfx.file, pfx.password)
      assert.equal(imported.keyId, jwkThumbprint(pfx.privateKey))
      const [certificate] = imported.certificates
      if (expected.importPkcs12 === 'key') assert.equal(certificate, undefined)
      else assert(certificate?.raw.equals(pfx.certificate.raw))
      assert.deepEqual(identity(await (await reopen()).get(name)), identity(imported))
      await assertVerifies(imported.signer(), Buffer.from('data'))
    },
  },
  {
    rule: 'importing the same key again changes nothing',
    async check({ store }) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const first = await importer(store).importPkcs12(name, pfx.file, pfx.password)
      const second = await importer(store).importPkcs12(name, pfx.file, pfx.password)
      assert.deepEqual(identity(second), identity(first))
      assert.equal((await store.list({ name })).length, 1)
    },
  },
  {
    rule: 'importing the same key with another certificate replaces the certificate, and the key stays as old as it was',
    appliesTo: ({ renew }) => renew,
    async check({ store, reopen }) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const before = await importer(store).importPkcs12(name, pfx.file, pfx.password)
      const renewal = await makePkcs12(pfx.privateKey)
      const renewed = await importer(store).importPkcs12(name, renewal.file, renewal.password)
      assert.equal(renewed.keyId, before.keyId)
      assert.notEqual(renewed.version, before.version)
      assert(renewed.certificates[0]?.raw.equals(renewal.certificate.raw))
      assert.deepEqual(renewed.createdAt, before.createdAt)
      const listed = await (await reopen()).list({ name })
      assert.deepEqual(listed.map(identity), [identity(renewed)])
      await assertVerifies(renewed.signer(), Buffer.from('data'))
    },
  },
  {
    rule: 'importing onto another key is ALREADY_EXISTS and leaves what is there',
    async check({ store }, expected) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const created = await store.create(name, { keyType: anyKeyType(expected) })
      await rejection(importer(store).importPkcs12(name, pfx.file, pfx.password), 'ALREADY_EXISTS')
      assert.deepEqual(identity(await store.get(name)), identity(created))
    },
  },
  {
    rule: 'a wrong password is WRONG_PASSWORD, garbage is INVALID_ENCODING, and both make nothing',
    async check({ store }) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const { message } = await rejection(
        importer(store).importPkcs12(name, pfx.file, 'not the password'),
        'WRONG_PASSWORD',
      )
      assert.doesNotMatch(message, /not the password/)
      const garbage = [new Uint8Array(), Buffer.from('garbage'), pfx.file.subarray(0, pfx.file.length - 1)]
      for (const file of garbage) {
        await rejection(importer(store).importPkcs12(name, file, pfx.password), 'INVALID_ENCODING')
      }
      await rejection(importer(store).importPkcs12('../escape', pfx.file, pfx.password), 'INVALID_ARGUMENT')
      assert.equal(await store.get(name), null)
    },
  },
]

export const exporting: readonly Rule[] = [
  {
    rule: 'an exported file opens with its password and holds the key and its certificate',
    async check({ store }, expected) {
      const name = uniqueName()
      const key = await store.create(name, { keyType: anyKeyType(expected) })
      const file = await exporter(store).exportPkcs12(name, 'correct horse')
      const { keys } = await readPkcs12(file, 'correct horse')
      assert.deepEqual(
        keys.map((each) => jwkThumbprint(each.privateKey)),
        [key.keyId],
      )
      assert.deepEqual(
        keys[0]?.certificates.map(({ raw }) => raw.toString('base64')),
        key.certificates.map(({ raw }) => raw.toString('base64')),
      )
      await rejection(readPkcs12(file, 'wrong horse'), 'WRONG_PASSWORD')
    },
  },
  {
    rule: 'exporting what is absent is NOT_FOUND',
    async check({ store }) {
      await rejection(exporter(store).exportPkcs12(uniqueName(), 'password'), 'NOT_FOUND')
    },
  },
]

export const rotating: readonly Rule[] = [
  {
    rule: 'rotate makes another key of that name, which get finds; the old one is listed after it and still signs',
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      const first = await store.create(name, { keyType: anyKeyType(expected) })
      const second = await rotator(store).rotate(name)
      assert.notEqual(second.keyId, first.keyId)
      assert.notEqual(second.version, first.version)
      assert.equal(second.publicKey.asymmetricKeyType, first.publicKey.asymmetricKeyType)
      assert.equal(second.certificates[0]?.subject, first.certificates[0]?.subject)
      const reopened = await reopen()
      assert.equal((await reopened.get(name))?.keyId, second.keyId)
      const listed = await reopened.list({ name })
      assert.deepEqual(
        listed.map((key) => key.version),
        [second.version, first.version],
      )
      const old = await reopened.get(name, { version: first.version })
      assert.equal(old?.keyId, first.keyId)
      await assertVerifies(old.signer(), Buffer.from('data'))
      await assertVerifies(first.signer(), Buffer.from('data'))
      await assertVerifies(second.signer(), Buffer.from('data'))
    },
  },
  {
    rule: 'get passes over a version that was switched off',
    appliesTo: (expected) => expected.switchOff,
    async check({ store, reopen, switchOff }, expected) {
      assert(switchOff !== undefined)
      const name = uniqueName()
      const first = await store.create(name, { keyType: anyKeyType(expected) })
      const second = await rotator(store).rotate(name)
      await switchOff(name, second.version)
      assert.equal((await (await reopen()).get(name))?.version, first.version)
      const listed = await store.list({ name })
      assert.deepEqual(
        listed.map(({ version, enabled }) => ({ version, enabled })),
        [
          { version: second.version, enabled: false },
          { version: first.version, enabled: true },
        ],
      )
    },
  },
  {
    rule: `of ${simultaneous} rotations at once each makes a version of its own or is ALREADY_EXISTS, and none is lost`,
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      const first = await store.create(name, { keyType: anyKeyType(expected) })
      const stores = await Promise.all(Array.from({ length: simultaneous }, () => reopen()))
      const results = await Promise.allSettled(stores.map((each) => rotator(each).rotate(name)))
      const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      for (const result of results) {
        if (result.status === 'fulfilled') continue
        assert(isSealwrightError(result.reason, 'ALREADY_EXISTS'), String(result.reason))
      }
      assert(made.length > 0, 'no rotation succeeds')
      const listed = (await (await reopen()).list({ name })).map(({ version }) => version)
      assert.deepEqual(listed.toSorted(), [first, ...made].map(({ version }) => version).toSorted())
      assert.equal(listed.at(-1), first.version, 'the oldest version is the last')
    },
  },
  {
    rule: 'createdAt is the time at which the store got a version, and stays',
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      const began = Date.now()
      const first = await store.create(name, { keyType: anyKeyType(expected) })
      const between = Date.now()
      const second = await rotator(store).rotate(name)
      const ended = Date.now()
      assertWithin(first.createdAt, began, between)
      assertWithin(second.createdAt, between, ended)
      const listed = await (await reopen()).list({ name })
      assert.deepEqual(
        listed.map(({ createdAt }) => createdAt),
        [second.createdAt, first.createdAt],
      )
    },
  },
  {
    rule: 'of versions that are made as quickly as possible each has a later createdAt than the one before',
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      await store.create(name, { keyType: anyKeyType(expected) })
      await rotator(store).rotate(name)
      await rotator(store).rotate(name)
      const times = (await (await reopen()).list({ name })).map(
        ({ createdAt }) => createdAt?.getTime() ?? NaN,
      )
      const [third = NaN, second = NaN, first = NaN] = times
      assert(first < second && second < third, `the times are ${times.join(', ')}`)
    },
  },
  {
    rule: 'rotate after a version that is not the newest is ALREADY_EXISTS and makes nothing',
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      const first = await store.create(name, { keyType: anyKeyType(expected) })
      const second = await rotator(store).rotate(name, { after: first.version })
      const reopened = await reopen()
      await rejection(rotator(reopened).rotate(name, { after: first.version }), 'ALREADY_EXISTS')
      const listed = (await reopened.list({ name })).map(({ version }) => version)
      assert.deepEqual(listed, [second.version, first.version])
    },
  },
  {
    rule: 'rotating what is absent is NOT_FOUND and makes nothing',
    async check({ store }) {
      const name = uniqueName()
      await rejection(rotator(store).rotate(name), 'NOT_FOUND')
      assert.equal(await store.get(name), null)
    },
  },
]

export const deleting: readonly Rule[] = [
  {
    rule: 'what is deleted is gone, and nothing else is',
    async check({ store, reopen }, expected) {
      const [name, other] = [uniqueName(), uniqueName()]
      const options = { keyType: anyKeyType(expected) }
      await store.create(name, options)
      const kept = await store.create(other, options)
      await deleter(store).delete(name)
      const reopened = await reopen()
      assert.equal(await reopened.get(name), null)
      assert.deepEqual(await reopened.list({ name }), [])
      assert.deepEqual(identity(await reopened.get(other)), identity(kept))
    },
  },
  {
    rule: 'deleting what is absent is NOT_FOUND',
    async check({ store }) {
      await rejection(deleter(store).delete(uniqueName()), 'NOT_FOUND')
    },
  },
]

/** Services count in whole seconds, by clocks that differ from this one's. */
const clockTolerance = 2_000

function assertWithin(time: Date | null, earliest: number, latest: number): void {
  assert(time !== null, 'createdAt is null')
  const [from, to] = [earliest - clockTolerance, latest + clockTolerance]
  assert(time.getTime() >= from && time.getTime() <= to, `createdAt is ${time.toISOString()}`)
}

interface TestPkcs12 {
  readonly file: Uint8Array
  readonly password: string
  readonly privateKey: KeyObject
  readonly certificate: X509Certificate
}

/** A PKCS#12 file with the key, by default a new RSA key: every store that imports takes RSA. */
async function makePkcs12(key?: KeyObject): Promise<TestPkcs12> {
  const privateKey = key ?? (await generatePrivateKey('rsa-2048'))
  const certificate = await createSelfSignedCertificate(createLocalSigner(privateKey), {
    subject: 'CN=imported',
  })
  const password = 'correct horse battery staple'
  const contents = { privateKey, certificates: [certificate], friendlyName: 'imported' }
  // Few iterations, to keep the tests quick.
  const file = await writePkcs12(contents, password, { iterations: 2_048 })
  return { file, password, privateKey, certificate }
}

function importer(store: KeyStore): Pkcs12Importer {
  assert(canImportPkcs12(store))
  return store
}

function exporter(store: KeyStore): Pkcs12Exporter {
  assert(canExportPkcs12(store))
  return store
}

function rotator(store: KeyStore): KeyRotator {
  assert(canRotate(store))
  return store
}

function deleter(store: KeyStore): KeyDeleter {
  assert(canDelete(store))
  return store
}
