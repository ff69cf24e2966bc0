import { expect, test } from 'vitest'
import { canLocate, type Backend } from '../../src/index.ts'

const backend: Backend = {
  name: 'memory',
  forms: ['memory:NAME'],
  accepts: () => true,
  open: () => Promise.reject(new Error('nothing is opened')),
}

test('a backend with the method locate can tell the store of a URI, and others cannot', () => {
  expect(canLocate(backend)).toBe(false)
  expect(canLocate(Object.assign({ locate: () => Promise.resolve(null) }, backend))).toBe(true)
  expect(canLocate(null as unknown as Backend)).toBe(false)
})
