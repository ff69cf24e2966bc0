import { sign, verify, webcrypto, type KeyObject } from 'node:crypto'
import { Crypto as PeculiarCrypto } from '@peculiar/webcrypto'
import { algorithmsOf, keyType, type KeyTypeName } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { generatePrivateKey } from '../../src/index.ts'
import { commonKeyTypes, rejectionCode } from '../support/certificates.ts'

const peculiarCrypto = new PeculiarCrypto()

test.each(commonKeyTypes)('$name is made by default', async ({ name }) => {
  expect(factsOf(await generatePrivateKey(name))).toEqual(factsWanted(name))
})

// The larger RSA keys take seconds, and their code is that of the smaller.
const quickTypes = commonKeyTypes.map(({ name }) => name).filter((name) => !/3072|4096/.test(name))

describe('in the WebCrypto that is given', () => {
  test.each(quickTypes)('@peculiar/webcrypto makes %s', async (name) => {
    expect(factsOf(await generatePrivateKey(name, { crypto: peculiarCrypto }))).toEqual(factsWanted(name))
  })

  test.each(quickTypes.filter((name) => name !== 'ec-secp256k1'))("Node's makes %s", async (name) => {
    expect(factsOf(await generatePrivateKey(name, { crypto: webcrypto }))).toEqual(factsWanted(name))
  })

  test("Node's is not replaced behind the caller's back where it lacks secp256k1", async () => {
    expect(await rejectionCode(generatePrivateKey('ec-secp256k1', { crypto: webcrypto }))).toBe(
      'UNSUPPORTED_KEY',
    )
  })
})

test('an unknown type is refused', async () => {
  expect(await rejectionCode(generatePrivateKey('rsa-1024' as KeyTypeName))).toBe('UNSUPPORTED_KEY')
})

interface KeyFacts {
  readonly type: string
  readonly modulusLength: number | null
  readonly publicExponent: bigint | null
  readonly defaultAlgorithm: string | undefined
  readonly signs: boolean
}

function factsOf(key: KeyObject): KeyFacts {
  const { modulusLength = null, publicExponent = null } = key.asymmetricKeyDetails ?? {}
  const [algorithm] = algorithmsOf(key)
  const data = Buffer.from('data')
  const digest = algorithm?.digest ?? null
  const signs = verify(digest, data, key, sign(digest, data, key))
  return { type: key.type, modulusLength, publicExponent, defaultAlgorithm: algorithm?.name, signs }
}

function factsWanted(name: KeyTypeName): KeyFacts {
  const { modulusLength, defaultAlgorithm } = keyType(name)
  const publicExponent = modulusLength === null ? null : 65537n
  return { type: 'private', modulusLength, publicExponent, defaultAlgorithm, signs: true }
}
