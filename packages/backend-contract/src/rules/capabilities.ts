import assert from 'node:assert/strict'
import type { KeyObject, X509Certificate } from 'node:crypto'
import {
  canDelete,
  canDisable,
  canExportPkcs12,
  canImportPkcs12,
  canRotate,
  createLocalSigner,
  jwkThumbprint,
  type KeyDeleter,
  type KeyStore,
  type Pkcs12Exporter,
  type Pkcs12Importer,
} from '@sealwright/core'
import { createSelfSignedCertificate, generatePrivateKey, readPkcs12, writePkcs12 } from '@sealwright/x509'
import type { Rule } from '../subject.ts'
import { anyKeyType, identity, rejection, uniqueName } from '../support.ts'
import { assertVerifies } from './signing.ts'

export const capabilities: readonly Rule[] = [
  {
    rule: 'the store has exactly the capabilities that it states',
    async check({ store }, expected) {
      assert.deepEqual(
        {
          importPkcs12: canImportPkcs12(store),
          exportPkcs12: canExportPkcs12(store),
          delete: canDelete(store),
          rotate: canRotate(store),
          disable: canDisable(store),
        },
        {
          importPkcs12: expected.importPkcs12 !== null,
          exportPkcs12: expected.exportPkcs12,
          delete: expected.delete,
          rotate: expected.rotate,
          disable: expected.disable,
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
    rule: 'importing the same key with another certificate replaces the certificate and keeps createdAt',
    appliesTo: ({ renew }) => renew,
    async check({ store, reopen }) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const before = await importer(store).importPkcs12(name, pfx.file, pfx.password)
      const renewal = await makePkcs12()
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
    rule: 'importing a key under the name of another is ALREADY_EXISTS and changes nothing',
    async check({ store }, expected) {
      const pfx = await makePkcs12()
      const name = uniqueName()
      const created = await store.create(name, { keyType: anyKeyType(expected) })
      await rejection(importer(store).importPkcs12(name, pfx.file, pfx.password), 'ALREADY_EXISTS')
      assert.deepEqual(identity(await store.get(name)), identity(created))
    },
  },
  {
    rule: 'a wrong password is WRONG_PASSWORD, garbage is INVALID_ENCODING, and neither imports anything',
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
    rule: 'an exported file opens with its password and contains the key and its certificate',
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
    rule: 'exporting an absent key is NOT_FOUND',
    async check({ store }) {
      await rejection(exporter(store).exportPkcs12(uniqueName(), 'password'), 'NOT_FOUND')
    },
  },
]

export const deleting: readonly Rule[] = [
  {
    rule: 'delete removes that key and no other',
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
    rule: 'deleting an absent key is NOT_FOUND',
    async check({ store }) {
      await rejection(deleter(store).delete(uniqueName()), 'NOT_FOUND')
    },
  },
]

interface TestPkcs12 {
  readonly file: Uint8Array
  readonly password: string
  readonly privateKey: KeyObject
  readonly certificate: X509Certificate
}

/** The key that is imported, generated once. Every store that imports accepts RSA. */
let rsaKey: Promise<KeyObject> | undefined

/** A PKCS#12 file with the key and a new certificate. */
async function makePkcs12(): Promise<TestPkcs12> {
  const privateKey = await (rsaKey ??= generatePrivateKey('rsa-2048'))
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

function deleter(store: KeyStore): KeyDeleter {
  assert(canDelete(store))
  return store
}
