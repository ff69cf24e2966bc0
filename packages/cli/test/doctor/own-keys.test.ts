import { createLocalSigner } from '@sealwright/core'
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { withoutCopies, type OwnKey } from '../../src/doctor/checks/own-keys.ts'

const signer = createLocalSigner(generateKeyPairSync('ed25519').privateKey)

function version(day: number, enabled: boolean): OwnKey {
  const dates = { createdAt: new Date(Date.UTC(2030, 0, day)), notBefore: null, notAfter: null }
  return {
    keyId: 'a',
    location: `version ${day}`,
    algorithms: [],
    version: { id: 'a', ...dates, enforcesValidity: false, enabled },
    signer: () => signer,
  }
}

// The newest first, as a place lists them.
test.each([
  ['its newest version counts, as of its oldest', [[version(2, true), version(1, false)]], 1, true],
  ['a disabled newest version revokes it', [[version(2, false), version(1, true)]], 1, false],
  ['so does one in another place', [[version(2, true)], [version(3, false)]], 2, false],
])('of a key in several versions: %s', (_, places, day, enabled) => {
  const [key, ...others] = withoutCopies(places)
  expect(others).toEqual([])
  expect(key?.version).toMatchObject({ createdAt: new Date(Date.UTC(2030, 0, day)), enabled })
})
