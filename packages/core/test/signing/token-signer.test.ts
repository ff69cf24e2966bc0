import { expect, test } from 'vitest'
import { privateKey } from '@sealwright/test-kit/keys'
import { createLocalSigner } from '../../src/index.ts'
import { isTokenSignerSource, tokenSigner } from '../../src/internal.ts'

test('a signer makes whole tokens only if it says so', () => {
  const signer = createLocalSigner(privateKey('ES256'))
  expect(isTokenSignerSource(signer)).toBe(false)
  expect(isTokenSignerSource(Object.assign(signer, { [tokenSigner]: () => null }))).toBe(true)
})
