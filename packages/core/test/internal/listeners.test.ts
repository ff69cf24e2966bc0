import { expect, test } from 'vitest'
import { careful } from '../../src/internal.ts'

const failed = new Error('failed')

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw failed
    },
  ],
  ['rejects', () => Promise.reject(failed)],
])('a listener that %s is called at once, and its error goes no further', async (_, end) => {
  const [values, errors] = [[] as number[], [] as unknown[]]
  const listener = (value: number): unknown => {
    values.push(value)
    return end()
  }
  careful(listener, (error) => errors.push(error))(1)
  // If its rejection were left unhandled, this test would fail.
  careful(listener)(2)
  expect(values).toEqual([1, 2])
  await new Promise((resolve) => setImmediate(resolve))
  expect(errors).toEqual([failed])
})

test('without a listener nothing happens', () => {
  expect(careful(undefined)(1)).toBeUndefined()
})
