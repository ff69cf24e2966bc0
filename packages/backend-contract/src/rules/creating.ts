import assert from 'node:assert/strict'
import {
  canDelete,
  canDisable,
  canRotate,
  isSealwrightError,
  keyTypes,
  type SigningKey,
} from '@sealwright/core'
import type { Rule } from '../subject.ts'
import { anyKeyType, identity, rejection, uniqueName } from '../support.ts'

/** No store accepts these as names: they are empty, too long, or mean something to a file system or a URL. */
const hostileNames = [
  '',
  ' ',
  '.',
  '..',
  '../escape',
  'a/b',
  'a\\b',
  '/etc/passwd',
  'a\u0000b',
  'a\nb',
  'a?b',
  'a#b',
  '%2e%2e%2fescape',
  'x'.repeat(1_000),
]

/** What a program in JavaScript may pass as a name. Most of them are valid names when they are converted to strings. */
const otherTypes: readonly unknown[] = [undefined, null, 5, ['contract'], {}]

const simultaneous = 8

export const creating: readonly Rule[] = [
  {
    rule: 'create with any other key type is UNSUPPORTED_KEY and creates nothing',
    async check({ store }, capabilities) {
      const name = uniqueName()
      const others = keyTypes.map((type) => type.name).filter((type) => !capabilities.keyTypes.includes(type))
      for (const keyType of [...others, 'rsa-1024', 'dsa', '']) {
        // @ts-expect-error callers without types pass any string
        await rejection(store.create(name, { keyType }), 'UNSUPPORTED_KEY')
      }
      assert.equal(await store.get(name), null)
    },
  },
  {
    rule: 'create with a name that is taken is ALREADY_EXISTS and changes nothing',
    async check({ store, reopen }, capabilities) {
      const name = uniqueName()
      const options = { keyType: anyKeyType(capabilities) }
      const created = await store.create(name, options)
      await rejection(store.create(name, options), 'ALREADY_EXISTS')
      await rejection((await reopen()).create(name, options), 'ALREADY_EXISTS')
      assert.deepEqual(identity(await store.get(name)), identity(created))
      assert.equal((await store.list({ name })).length, 1)
    },
  },
  {
    rule: `one of ${simultaneous} simultaneous creates succeeds, and every instance sees its key`,
    async check({ reopen }, capabilities) {
      const name = uniqueName()
      const stores = await Promise.all(Array.from({ length: simultaneous }, () => reopen()))
      const results = await Promise.allSettled(
        stores.map((store) => store.create(name, { keyType: anyKeyType(capabilities) })),
      )
      const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      for (const result of results) {
        if (result.status === 'fulfilled') continue
        assert(isSealwrightError(result.reason, 'ALREADY_EXISTS'), String(result.reason))
      }
      assert.deepEqual(
        winners.map((key) => key.keyId),
        [winners[0]?.keyId],
        'exactly one create succeeds',
      )
      for (const store of stores) assert.equal((await store.get(name))?.keyId, winners[0]?.keyId)
      const usable = (await (await reopen()).list({ name })).filter((key) => key.enabled)
      assert.deepEqual(
        usable.map((key) => key.keyId),
        [winners[0]?.keyId],
      )
    },
  },
  {
    rule: 'a certificate is self-signed and has the requested subject, by default the name',
    appliesTo: ({ certificates }) => certificates !== null,
    async check({ store }, capabilities) {
      const keyType = anyKeyType(capabilities)
      const name = uniqueName()
      const [plain] = (await store.create(name, { keyType })).certificates
      assert.equal(plain?.subject, `CN=${name}`)
      const subject = 'CN=token signing,O=Contoso'
      const [named] = (await store.create(uniqueName(), { keyType, subject })).certificates
      // Node shows the encoded order, one name a line.
      assert.deepEqual(named?.subject.split('\n'), ['O=Contoso', 'CN=token signing'])
      assert(named?.verify(named.publicKey), 'the certificate is signed with its own key')
      assert.equal(named?.issuer, named?.subject)
    },
  },
  {
    rule: 'a certificate is valid for the requested number of days, by default 730',
    appliesTo: ({ certificates }) => certificates !== null,
    async check({ store }, capabilities) {
      const keyType = anyKeyType(capabilities)
      for (const validityDays of [undefined, 90]) {
        const before = Date.now()
        const key = await store.create(uniqueName(), { keyType, validityDays })
        const days = ((key.notAfter?.getTime() ?? 0) - before) / (24 * 60 * 60 * 1_000)
        const [least, most] = [
          validityDays ?? 730,
          (validityDays ?? 730) + (capabilities.certificates === 'months' ? 32 : 1),
        ]
        assert(days > least - 1 && days < most, `valid for ${days} days, ${least} were requested`)
        // Clocks differ: a service may count from some minutes ago.
        assert((key.notBefore?.getTime() ?? Infinity) <= Date.now() + 1_000, 'it is valid at once')
      }
    },
  },
  {
    rule: 'a malformed option is INVALID_ARGUMENT and creates nothing',
    async check({ store }, capabilities) {
      const name = uniqueName()
      const keyType = anyKeyType(capabilities)
      for (const validityDays of [0, -1, Number.NaN, Infinity, 1e9]) {
        await rejection(store.create(name, { keyType, validityDays }), 'INVALID_ARGUMENT')
      }
      for (const subject of ['', 'no attribute', 'CN=', 'CN=a,,O=b', 'CN="unclosed']) {
        await rejection(store.create(name, { keyType, subject }), 'INVALID_ARGUMENT')
      }
      assert.equal(await store.get(name), null)
    },
  },
  {
    rule: 'a name that means something to a file system or a URL finds nothing and creates nothing',
    async check({ store }, capabilities) {
      for (const name of hostileNames) {
        await assertFindsNothing(store.get(name))
        await assertFindsNothing(store.list({ name }))
        await rejection(store.create(name, { keyType: anyKeyType(capabilities) }), 'INVALID_ARGUMENT')
      }
      const names = (await store.list()).map((key) => key.name)
      assert.deepEqual(
        names.filter((name) => hostileNames.includes(name)),
        [],
      )
    },
  },
  {
    rule: 'a name that is not a string is INVALID_ARGUMENT, and changes nothing',
    async check({ store }, capabilities) {
      const kept = await store.create(uniqueName(), { keyType: anyKeyType(capabilities) })
      for (const value of otherTypes) {
        const name = value as string
        await rejection(store.get(name), 'INVALID_ARGUMENT')
        if (value !== undefined) await rejection(store.list({ name }), 'INVALID_ARGUMENT')
        await rejection(store.create(name, { keyType: anyKeyType(capabilities) }), 'INVALID_ARGUMENT')
        if (canDelete(store)) await rejection(store.delete(name), 'INVALID_ARGUMENT')
        if (canRotate(store)) await rejection(store.rotate(name), 'INVALID_ARGUMENT')
        if (canDisable(store)) await rejection(store.disable(name, 'x'), 'INVALID_ARGUMENT')
      }
      // Not all keys, nor their number: other tests may use the same vault at the same time.
      assert.equal((await store.get(kept.name))?.location, kept.location)
      const after = await store.list()
      assert.deepEqual(
        after.filter((key) => otherTypes.map(String).includes(key.name)),
        [],
      )
    },
  },
  {
    rule: 'get, list and create reject with the reason of an aborted signal, and create nothing',
    async check({ store }, capabilities) {
      const name = uniqueName()
      const reason = new Error('no longer wanted')
      const signal = AbortSignal.abort(reason)
      await assert.rejects(store.get(name, { signal }), reason)
      await assert.rejects(store.list({ signal }), reason)
      await assert.rejects(store.create(name, { keyType: anyKeyType(capabilities), signal }), reason)
      assert.equal(await store.get(name), null)
    },
  },
]

/** A store may call the name invalid, or say that there is no such key. */
async function assertFindsNothing(
  finding: Promise<SigningKey | null | readonly SigningKey[]>,
): Promise<void> {
  const found = await finding.catch((error: unknown) => {
    if (isSealwrightError(error, 'INVALID_ARGUMENT')) return null
    throw error
  })
  assert(found === null || (Array.isArray(found) && found.length === 0), 'something was found')
}
