import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK } from 'jose'
import type { Rule } from '../subject.ts'
import { anyKeyType, identity, rejection, uniqueName } from '../support.ts'

export const reading: readonly Rule[] = [
  {
    rule: 'get is null for a name that is proven absent',
    async check({ store }) {
      assert.equal(await store.get(uniqueName()), null)
    },
  },
  {
    rule: 'get is null for a version that does not exist',
    async check({ store }, capabilities) {
      const [name, other] = [uniqueName(), uniqueName()]
      const options = { keyType: anyKeyType(capabilities) }
      await store.create(name, options)
      const { version } = await store.create(other, options)
      assert.equal(await store.get(name, { version }), null)
      assert.equal(await store.get(name, { version: 'no-such-version' }), null)
    },
  },
  {
    rule: 'get returns the created key, by name and by version, in this instance and in another',
    async check({ store, reopen }, capabilities) {
      const name = uniqueName()
      const created = await store.create(name, { keyType: anyKeyType(capabilities) })
      const reopened = await reopen()
      assert.deepEqual(identity(await store.get(name)), identity(created))
      assert.deepEqual(identity(await reopened.get(name)), identity(created))
      assert.deepEqual(identity(await reopened.get(name, { version: created.version })), identity(created))
    },
  },
  {
    rule: 'the kid is the RFC 7638 thumbprint of the public key',
    async check({ store }, capabilities) {
      const key = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      assert.equal(key.keyId, await calculateJwkThumbprint(await exportJWK(key.publicKey)))
      assert.equal(key.publicKey.type, 'public')
      assert.equal(key.signer().keyId, key.keyId)
      assert(key.signer().publicKey.equals(key.publicKey))
    },
  },
  {
    rule: 'the first certificate is that of the key, and the times are the certificate’s',
    async check({ store }, capabilities) {
      const key = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      const [certificate] = key.certificates
      if (capabilities.certificates === null) return assert.equal(certificate, undefined)
      assert(certificate instanceof X509Certificate)
      assert(certificate.publicKey.equals(key.publicKey))
      assert.deepEqual(key.notBefore, new Date(certificate.validFrom))
      assert.deepEqual(key.notAfter, new Date(certificate.validTo))
    },
  },
  {
    rule: 'list is empty for a name that is proven absent',
    async check({ store }) {
      assert.deepEqual(await store.list({ name: uniqueName() }), [])
    },
  },
  {
    rule: 'list returns every key, and with a name only that key',
    async check({ store, reopen }, capabilities) {
      const names = [uniqueName(), uniqueName()]
      for (const name of names) await store.create(name, { keyType: anyKeyType(capabilities) })
      const listed = await (await reopen()).list()
      for (const name of names) {
        assert.equal(listed.filter((key) => key.name === name).length, 1)
        const own = await store.list({ name })
        assert.deepEqual(own.map(identity), [identity(await store.get(name))])
      }
    },
  },
  {
    rule: 'what cannot be read is an error, never null and never an empty list',
    appliesTo: (capabilities) => capabilities.cutOff,
    async check({ store, reopen, cutOff }, capabilities) {
      assert(cutOff !== undefined)
      const name = uniqueName()
      const { keyId } = await store.create(name, { keyType: anyKeyType(capabilities) })
      const reopened = await reopen()
      const restore = await cutOff()
      try {
        const codes = ['UNAVAILABLE', 'ACCESS_DENIED', 'TIMEOUT', 'UNSAFE_PERMISSIONS'] as const
        await rejection(reopened.get(name), ...codes)
        await rejection(reopened.get(uniqueName()), ...codes)
        await rejection(reopened.list(), ...codes)
        await rejection(reopened.create(uniqueName(), { keyType: anyKeyType(capabilities) }), ...codes)
      } finally {
        await restore()
      }
      assert.equal((await (await reopen()).get(name))?.keyId, keyId)
    },
  },
  {
    rule: 'a location is not empty and contains no secret',
    async check({ store }, capabilities) {
      const key = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      for (const location of [store.location, key.location]) {
        assert.match(location, /\S/)
        assert.doesNotMatch(location, /password|secret=|:\/\/[^/]*@/i)
      }
    },
  },
]
