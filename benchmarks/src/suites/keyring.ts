import type { KeyObject } from 'node:crypto'
import { setImmediate, setTimeout } from 'node:timers/promises'
import {
  algorithmsOf,
  createLocalSigner,
  type KeyRotator,
  type KeyStore,
  type SigningKey,
} from '@sealwright/core'
import { createJwtIssuer } from '@sealwright/jws'
import { openDelegation, openKeyRing, type DelegateRegistry, type KeyRing } from '@sealwright/keyring'
import { subject } from '../load/keys.ts'
import { repeat } from '../measuring/loops.ts'
import { measure, type Row } from '../measuring/measure.ts'
import { shortestTimes } from '../load/shortest-times.ts'
import type { Suite, SuiteContext } from '../suite.ts'
import { audience, claims, issuer } from '../load/tokens.ts'

/** What a ring adds to a token: nothing, one that rotates every two seconds, and a delegate of a key. */
export const keyring: Suite = {
  name: 'keyring',
  title: 'Through a ring of keys',
  async run({ plan, progress }: SuiteContext): Promise<Row[]> {
    progress('a ring, one that rotates, and a delegate')
    const plain = keyOf(subject('ES256').privateKey, '0')
    const registry = memoryRegistry()
    const still = await openKeyRing([{ key: plain }])
    const rotating = await openKeyRing([{ store: rotatingStore(), name: 'a', create: {} }], {
      ...shortestTimes,
      tokenLifetime: 1,
      rotationInterval: 2,
    })
    const vouching = await openKeyRing(
      [{ key: plain }],
      { ...shortestTimes, tokenLifetime: 1, rotationInterval: null },
      { delegates: registry },
    )
    const delegation = openDelegation(vouching, registry)
    try {
      await untilAnnounced(() => delegation.delegateId !== null)
      const alone = make(plain)
      const [ofStill, ofRotating, ofDelegate] = [
        still.perKey(make),
        rotating.perKey(make),
        delegation.perKey(make),
      ]
      const makers = [
        { name: 'inline', role: 'limit', token: () => alone.issueSync(claims) },
        { name: 'ring', role: 'own', token: () => ofStill().issueSync(claims) },
        { name: 'ring that rotates', role: 'own', token: () => ofRotating().issueSync(claims) },
        { name: 'delegate', role: 'own', token: () => ofDelegate().issueSync(claims) },
      ] as const
      const contestants = makers.map(({ name, role, token }) => ({
        name,
        role,
        mode: 'sync',
        // The rings read and rotate between the turns.
        run: async (count: number) => {
          repeat(count, token)
          await setImmediate()
        },
      }))
      return await measure('keyring', 'ES256', contestants, plan)
    } finally {
      delegation.close()
      for (const ring of [still, rotating, vouching] satisfies KeyRing[]) ring.close()
    }
  },
}

function make(key: SigningKey): ReturnType<typeof createJwtIssuer> {
  return createJwtIssuer(key, { issuer, audience })
}

function keyOf(privateKey: KeyObject, version: string): SigningKey {
  const { publicKey, keyId } = createLocalSigner(privateKey)
  return {
    name: 'a',
    version,
    location: 'memory',
    keyId,
    publicKey,
    algorithms: algorithmsOf(publicKey),
    certificates: [],
    notBefore: null,
    notAfter: null,
    enforcesValidity: false,
    createdAt: new Date(),
    enabled: true,
    signer: (algorithm) => createLocalSigner(privateKey, { algorithm }),
  }
}

function rotatingStore(): KeyStore & KeyRotator {
  const versions: SigningKey[] = []
  const add = async (): Promise<SigningKey> => {
    const key = keyOf(subject('ES256').privateKey, String(versions.length))
    versions.unshift(key)
    return key
  }
  return {
    location: 'memory',
    get: async () => versions[0] ?? null,
    list: async () => [...versions],
    create: add,
    rotate: add,
  }
}

function memoryRegistry(): DelegateRegistry {
  const certificates: Uint8Array[] = []
  return {
    location: 'memory',
    list: async () => [...certificates],
    publish: async (certificate) => void certificates.push(certificate),
  }
}

async function untilAnnounced(isAnnounced: () => boolean): Promise<void> {
  while (!isAnnounced()) await setTimeout(100)
}
