import { expect, test } from 'vitest'
import {
  canDelete,
  canDisable,
  canExportPkcs12,
  canImportPkcs12,
  canRotate,
  type KeyStore,
} from '../../src/index.ts'

const readOnly: KeyStore = {
  location: 'memory',
  get: () => Promise.resolve(null),
  list: () => Promise.resolve([]),
  create: () => Promise.reject(new Error('read only')),
}

test.for([
  ['importPkcs12', canImportPkcs12],
  ['exportPkcs12', canExportPkcs12],
  ['delete', canDelete],
  ['rotate', canRotate],
  ['disable', canDisable],
] as const)('a store with the method %s has that capability, and others have not', ([method, guard]) => {
  expect(guard(readOnly)).toBe(false)
  expect(guard({ ...readOnly, [method]: () => Promise.resolve() })).toBe(true)
  expect(guard({ ...readOnly, [method]: true })).toBe(false)
})

test('a method of the prototype counts', () => {
  const store: KeyStore = Object.assign(Object.create({ delete: () => Promise.resolve() }), readOnly)
  expect(canDelete(store)).toBe(true)
})

test.for([null, undefined, 'hunter2', 7])('%s has no capability', (value) => {
  for (const guard of [canDelete, canDisable, canRotate, canImportPkcs12, canExportPkcs12]) {
    expect(guard(value as unknown as KeyStore)).toBe(false)
  }
})
