import assert from 'node:assert/strict'
import {
  canDisable,
  canRotate,
  isSealwrightError,
  type KeyDisabler,
  type KeyRotator,
  type KeyStore,
} from '@sealwright/core'
import type { Rule } from '../subject.ts'
import { anyKeyType, identity, rejection, uniqueName } from '../support.ts'
import { assertVerifies } from './signing.ts'

const simultaneous = 8

export const rotating: readonly Rule[] = [
  {
    rule: 'rotate creates another key of that name, which get returns; the old one is listed after it and still signs',
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
    rule: 'get passes over a version that an administrator has disabled',
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
    rule: `each of ${simultaneous} simultaneous rotations creates a version or is ALREADY_EXISTS, and no version is lost`,
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
    rule: 'createdAt is the time at which the store received a version, and does not change',
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
    rule: 'each version has a later createdAt than the one before, even in quick succession',
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
    rule: 'rotate after a version that is not the newest is ALREADY_EXISTS and creates nothing',
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
    rule: 'rotating an absent key is NOT_FOUND and creates nothing',
    async check({ store }) {
      const name = uniqueName()
      await rejection(rotator(store).rotate(name), 'NOT_FOUND')
      assert.equal(await store.get(name), null)
    },
  },
]

export const disabling: readonly Rule[] = [
  {
    rule: 'a disabled version is listed as disabled, and refuses to sign once it is read again',
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      const { version } = await store.create(name, { keyType: anyKeyType(expected) })
      await disabler(store).disable(name, version)
      await disabler(store).disable(name, version)
      const reopened = await reopen()
      const [listed, ...others] = await reopened.list({ name })
      assert.deepEqual([listed?.version, listed?.enabled, others], [version, false, []])
      for (const key of [listed, await reopened.get(name), await reopened.get(name, { version })]) {
        assert.equal(key?.enabled, false)
        await rejection(key.signer().sign(Buffer.from('data')), 'ACCESS_DENIED')
      }
      await rejection(reopened.create(name, { keyType: anyKeyType(expected) }), 'ALREADY_EXISTS')
    },
  },
  {
    rule: 'get passes over a disabled version while another is enabled, and the next version is enabled',
    appliesTo: (expected) => expected.rotate,
    async check({ store, reopen }, expected) {
      const name = uniqueName()
      const first = await store.create(name, { keyType: anyKeyType(expected) })
      const second = await rotator(store).rotate(name)
      await disabler(store).disable(name, second.version)
      assert.equal((await (await reopen()).get(name))?.version, first.version)
      await disabler(store).disable(name, first.version)
      assert.equal((await (await reopen()).get(name))?.version, second.version)
      const third = await rotator(store).rotate(name)
      assert.deepEqual(identity(await (await reopen()).get(name)), { ...identity(third), enabled: true })
      await assertVerifies(third.signer(), Buffer.from('data'))
    },
  },
  {
    rule: 'disabling an absent version is NOT_FOUND and changes nothing',
    async check({ store }, expected) {
      const name = uniqueName()
      await rejection(disabler(store).disable(name, 'no-such-version'), 'NOT_FOUND')
      const key = await store.create(name, { keyType: anyKeyType(expected) })
      await rejection(disabler(store).disable(name, 'no-such-version'), 'NOT_FOUND')
      assert.deepEqual(identity(await store.get(name)), identity(key))
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

function rotator(store: KeyStore): KeyRotator {
  assert(canRotate(store))
  return store
}

function disabler(store: KeyStore): KeyDisabler {
  assert(canDisable(store))
  return store
}
