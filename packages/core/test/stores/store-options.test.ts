import { expect, test } from 'vitest'
import {
  aBoolean,
  createKeyOptions,
  getKeyOptions,
  listKeysOptions,
  rotateKeyOptions,
  type Check,
} from '../../src/internal.ts'

const { signal } = new AbortController()

test.for<[string, Check, Readonly<Record<string, unknown>>]>([
  ['get', getKeyOptions, { version: '1', signal }],
  ['list', listKeysOptions, { name: 'a', signal }],
  ['create', createKeyOptions(), { keyType: 'ec-p256', subject: 'CN=a', validityDays: 1, signal }],
  [
    'create of one store',
    createKeyOptions({ exportable: aBoolean }),
    { keyType: 'ec-p256', subject: 'CN=a', validityDays: 1, exportable: true, signal },
  ],
  ['rotate', rotateKeyOptions(), { after: '1', signal }],
  ['rotate of one store', rotateKeyOptions({ keep: aBoolean }), { after: '1', keep: true, signal }],
])('the options of %s are checked, and a misspelt one is refused', ([, check, options]) => {
  const names = Object.keys(options)
  check('options', {})
  check('options', options)
  for (const name of names)
    expect(() => check('options', { ...options, [name]: null })).toThrow(`options.${name} must be `)
  expect(() => check('options', { ...options, days: 1 })).toThrow(
    `options.days is not an option; the options are ${names.join(', ')}`,
  )
})
