import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '@sealwright/test-kit/errors'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { arrivalOf, disabledBy, recordArrival, recordDisabled, recordsOf } from '../../src/layouts/records.ts'

const [kid, otherKid] = ['k'.repeat(43), '-_'.repeat(21) + 'z']
const now = new Date('2026-11-25T21:22:33.123Z')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now })
})
afterEach(() => {
  vi.useRealTimers()
})

test('an arrival is recorded in the name of an empty file, in lower case', async () => {
  const folder = scratchFolder()
  const arrival = await recordArrival(folder, 'My-App', kid, 0)
  expect(await readdir(folder)).toEqual([`.my-app.${kid}.arrived-20261125T212233123Z`])
  expect(arrivalOf(await readdir(folder), 'MY-APP', kid)).toEqual(now)
  expect(await arrival.confirm()).toEqual(now)
  expect(await readdir(folder)).toHaveLength(1)
  await arrival.undo()
  expect(await readdir(folder)).toEqual([])
})

test('an arrival is not earlier than it may be', async () => {
  const folder = scratchFolder()
  const later = now.getTime() + 1
  await recordArrival(folder, 'k', kid, later)
  await recordArrival(folder, 'l', kid, now.getTime() - 1)
  const names = await readdir(folder)
  expect(arrivalOf(names, 'k', kid)).toEqual(new Date(later))
  expect(arrivalOf(names, 'l', kid)).toEqual(now)
})

test.each([
  [5_000, 0, 1],
  [5_001, 5_001, 2],
])('a key that appears %i ms after its record is dated %i ms after it', async (passed, after, records) => {
  const folder = scratchFolder()
  const arrival = await recordArrival(folder, 'k', kid, 0)
  vi.setSystemTime(now.getTime() + passed)
  const expected = new Date(now.getTime() + after)
  expect(await arrival.confirm()).toEqual(expected)
  const names = await readdir(folder)
  expect(names).toHaveLength(records)
  expect(arrivalOf(names, 'k', kid)).toEqual(expected)
})

test('of processes that record the same arrival, each has its own record, and removes no other', async () => {
  const folder = scratchFolder()
  const [first, second, third] = await Promise.all([0, 1, 2].map(() => recordArrival(folder, 'k', kid, 0)))
  expect(await readdir(folder)).toHaveLength(3)
  await second?.undo()
  await third?.undo()
  expect(arrivalOf(await readdir(folder), 'k', kid)).toEqual(await first?.confirm())
})

test('the latest record of a key counts, and no other file', () => {
  const names = [
    `.k.${kid}.arrived-20250101T000000000Z`,
    `.k.${kid}.arrived-20260101T000000000Z`,
    `.k.${kid}.arrived-20240101T000000000Z`,
    `.k.${otherKid}.arrived-20270101T000000000Z`,
    `.l.${kid}.arrived-20280101T000000000Z`,
    `.k.${kid}.arrived-20291301T000000000Z`,
    `x.k.${kid}.arrived-20300101T000000000Z`,
    `.k.${kid}.arrived-20310101T000000000Zx`,
    `.k.${kid}.disabled`,
    'k.pfx',
  ]
  expect(arrivalOf(names, 'k', kid)).toEqual(new Date('2026-01-01T00:00:00Z'))
  expect(arrivalOf(names, 'K', otherKid)).toEqual(new Date('2027-01-01T00:00:00Z'))
  expect(arrivalOf(names, 'm', kid)).toBeNull()
  expect(arrivalOf([], 'k', kid)).toBeNull()
})

test('a disabled key is recorded likewise, as often as it is disabled', async () => {
  const folder = scratchFolder()
  await recordDisabled(folder, 'My-App', kid)
  await recordDisabled(folder, 'my-app', kid)
  const names = await readdir(folder)
  expect(names).toEqual([`.my-app.${kid}.disabled`])
  expect(disabledBy(['a', ...names], 'MY-APP', kid)).toBe(names[0])
  expect(disabledBy(names, 'my-app', otherKid)).toBeNull()
  expect(disabledBy(names, 'other', kid)).toBeNull()
  expect(disabledBy([`x.my-app.${kid}.disabled`, `.my-app.${kid}.disabledx`], 'my-app', kid)).toBeNull()
})

test('the records of a name are both kinds, of all its keys', () => {
  const own = [`.k.${kid}.arrived-20250101T000000000Z`, `.k.${otherKid}.disabled`]
  const others = [`.l.${kid}.disabled`, `.l.${kid}.arrived-20250101T000000000Z`, 'k.pfx', '.k.notes']
  expect(recordsOf([...others, ...own], 'K')).toEqual(own)
})

test('a record that was made by hand counts in any case of the name, and in one of the kid', () => {
  const names = [`.My-App.${otherKid}.disabled`, `.MY-APP.${otherKid}.arrived-20250101T000000000Z`]
  expect(disabledBy(names, 'my-app', otherKid)).toBe(names[0])
  expect(arrivalOf(names, 'My-App', otherKid)).toEqual(new Date('2025-01-01T00:00:00Z'))
  expect(recordsOf(names, 'my-app')).toEqual(names)
  expect(disabledBy(names, 'my-app', otherKid.toUpperCase())).toBeNull()
})

test('a record that cannot be made names its file and folder', async () => {
  const folder = join(scratchFolder(), 'missing')
  expect(await failure('UNAVAILABLE', () => recordDisabled(folder, 'k', kid))).toBe(
    `cannot write .k.${kid}.disabled in ${folder} (ENOENT)`,
  )
})
