import { scratchFolder } from '@sealwright/test-kit/folders'
import { Openssl } from '@sealwright/test-kit/openssl'
import { lacks } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { commonNames } from '../../src/internal/common-names.ts'

test.skipIf(lacks('openssl')).each([
  ['/CN=one', ['one']],
  ['/CN=one/O=Contoso/CN=two', ['one', 'two']],
  ['/O=Contoso', []],
  ['/', []],
])('the common names of %s are %j [needs openssl]', (subject, names) => {
  expect(commonNames(new Openssl(scratchFolder()).certificate(subject).certificate)).toEqual(names)
})
