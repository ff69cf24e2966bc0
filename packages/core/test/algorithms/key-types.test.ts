import { expect, test } from 'vitest'
import { algorithm, keyType, keyTypes } from '../../src/index.ts'

test('every type has a default algorithm of its own kind', () => {
  expect(keyTypes.map(({ name, defaultAlgorithm }) => [name, algorithm(defaultAlgorithm).curve])).toEqual([
    ['rsa-2048', null],
    ['rsa-3072', null],
    ['rsa-4096', null],
    ['ec-p256', 'P-256'],
    ['ec-p384', 'P-384'],
    ['ec-p521', 'P-521'],
    ['ec-secp256k1', 'secp256k1'],
    ['ed25519', 'Ed25519'],
    ['ml-dsa-44', null],
    ['ml-dsa-65', null],
    ['ml-dsa-87', null],
  ])
})

test('only RSA has a modulus length, that of its name', () => {
  for (const { name, modulusLength } of keyTypes) {
    expect(modulusLength).toBe(name.startsWith('rsa-') ? Number(name.slice(4)) : null)
  }
})

test('keyType finds every type by its name', () => {
  for (const type of keyTypes) expect(keyType(type.name)).toBe(type)
})

test('a name of another type is refused', () => {
  expect(() => keyType(2048 as never)).toThrow('name must be a string')
})

test.for(['rsa-1024', 'RSA-2048', 'ed448', '', 'toString'])('%j is no key type', (name) => {
  expect(() => keyType(name)).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_KEY',
      message: expect.stringMatching(/^unknown key type; use one of rsa-2048, rsa-3072, /) as string,
    }),
  )
})
