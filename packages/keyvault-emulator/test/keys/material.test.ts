import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { sameKey } from '../../src/keys/material.ts'

test('keys of different types are not the same, and private keys are read as before', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = ec.privateKey.export({ format: 'pem', type: 'pkcs8' })
  expect(sameKey(rsa.publicKey, ec.publicKey)).toBe(false)
  expect(sameKey(ec.publicKey, createPrivateKey(pem))).toBe(false)
  expect(sameKey(ec.privateKey, createPrivateKey(pem))).toBe(true)
})
