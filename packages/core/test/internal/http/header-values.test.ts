import { expect, test } from 'vitest'
import { headerValues } from '../../../src/internal/http/header-values.ts'

const values = (...rawHeaders: string[]): readonly string[] => headerValues(rawHeaders, 'authorization')

test('every value of the header is found, in any letters, and no value is taken for a name', () => {
  expect(values()).toEqual([])
  expect(values('Host', 'a', 'Proxy-Authorization', 'b', 'If-None-Match', 'c')).toEqual([])
  expect(
    values('X', 'authorization', 'Authorization', 'a', 'Host', 'x', 'AUTHORIZATION', 'b', 'Y', 'Z'),
  ).toEqual(['a', 'b'])
})
