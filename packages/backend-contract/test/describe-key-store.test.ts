import { ecdsaSignatureToDer, SealwrightError, type KeyStore, type SigningKey } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { MemoryKeyStore } from '../../../examples/memory-key-store.ts'
import { describeKeyStore, type Capabilities } from '../src/index.ts'

const capabilities: Capabilities = {
  keyTypes: ['ec-p256'],
  certificates: 'days',
  importPkcs12: null,
  renew: false,
  exportPkcs12: false,
  delete: false,
  rotate: false,
  disable: false,
  switchOff: false,
  cutOff: false,
}

/** The rules that a store breaks, by name. */
async function brokenRules(
  make: (keys: Map<string, SigningKey>) => KeyStore,
  expected: Partial<Capabilities> = {},
): Promise<readonly string[]> {
  const rules: { name: string; check: () => Promise<void> }[] = []
  describeKeyStore(
    'a store',
    () => {
      const keys = new Map<string, SigningKey>()
      return Promise.resolve({ store: make(keys), reopen: () => Promise.resolve(make(keys)) })
    },
    { ...capabilities, ...expected },
    { describe: (_, body) => body(), test: (name, check) => rules.push({ name, check }) },
  )
  const broken: string[] = []
  for (const { name, check } of rules) {
    await check().catch(() => broken.push(name))
  }
  return broken
}

/** A store whose keys are changed on their way out. */
class ChangedStore extends MemoryKeyStore {
  readonly #change: (key: SigningKey) => SigningKey

  constructor(keys: Map<string, SigningKey>, change: (key: SigningKey) => SigningKey) {
    super(keys)
    this.#change = change
  }

  override async get(...parameters: Parameters<MemoryKeyStore['get']>): Promise<SigningKey | null> {
    const key = await super.get(...parameters)
    return key === null ? null : this.#change(key)
  }

  override async create(...parameters: Parameters<MemoryKeyStore['create']>): Promise<SigningKey> {
    return this.#change(await super.create(...parameters))
  }
}

/** Forgets what is there, so that a second key takes its name. */
class OverwritingStore extends MemoryKeyStore {
  readonly #keys: Map<string, SigningKey>

  constructor(keys: Map<string, SigningKey>) {
    super(keys)
    this.#keys = keys
  }

  override async create(...parameters: Parameters<MemoryKeyStore['create']>): Promise<SigningKey> {
    this.#keys.delete(parameters[0])
    return super.create(...parameters)
  }
}

class StoreThatThrowsForAbsence extends MemoryKeyStore {
  override async get(...parameters: Parameters<MemoryKeyStore['get']>): Promise<SigningKey> {
    const key = await super.get(...parameters)
    if (key === null) throw new SealwrightError('NOT_FOUND', 'there is no such key in memory')
    return key
  }
}

describe('the contract', () => {
  test('is kept by the store in examples', async () => {
    // It makes every key type, which the tests of examples check. Here it says that it makes one.
    expect(await brokenRules((keys) => new MemoryKeyStore(keys))).toEqual([
      'create with any other key type is UNSUPPORTED_KEY and creates nothing',
    ])
  })

  test.each<[string, (keys: Map<string, SigningKey>) => KeyStore, RegExp]>([
    [
      'has kids of its own',
      (keys) => new ChangedStore(keys, (key) => ({ ...key, keyId: key.name })),
      /the kid is/,
    ],
    ['overwrites', (keys) => new OverwritingStore(keys), /create with a name that is taken/],
    ['throws for absence', (keys) => new StoreThatThrowsForAbsence(keys), /get is null for a name/],
    [
      'signs in DER',
      (keys) =>
        new ChangedStore(keys, (key) => ({
          ...key,
          signer: (algorithm) => {
            const signer = key.signer(algorithm)
            const { keyId, publicKey } = signer
            return {
              algorithm: signer.algorithm,
              keyId,
              publicKey,
              sign: async (data, options) => ecdsaSignatureToDer(await signer.sign(data, options), 32),
            }
          },
        })),
      /each key has the requested type/,
    ],
    [
      'shows the private key',
      (keys) => new ChangedStore(keys, (key) => ({ ...key, pem: '-----BEGIN PRIVATE KEY-----' })),
      /no property, inspection or JSON/,
    ],
    [
      'has no certificates',
      (keys) => new ChangedStore(keys, (key) => ({ ...key, certificates: [] })),
      /the first certificate is that of the key/,
    ],
  ])('finds out a store that %s', async (_, make, rule) => {
    expect(await brokenRules(make)).toContainEqual(expect.stringMatching(rule))
  })

  test('finds out a store that lacks what it says it can', async () => {
    const broken = await brokenRules((keys) => new MemoryKeyStore(keys), { delete: true })
    expect(broken).toContain('the store has exactly the capabilities that it states')
  })
})
