import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KeyTypeName } from '@sealwright/core'
import { openKeyRing, type KeyRing, type KeyRingOptions, type KeyRingSource } from '@sealwright/keyring'
import { localStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify, type JWTVerifyOptions } from 'jose'
import { expect, onTestFinished } from 'vitest'

/** A ring, and how to move its clock. Nothing else goes by that clock. */
export interface TestRing {
  readonly ring: KeyRing
  /** Lets so many seconds pass for the ring, which then reads its store. */
  readonly pass: (seconds: number) => Promise<void>
  /** Lets so much time pass without a reading that the ring is too old. */
  readonly expire: () => void
}

/** Opens a ring on a folder with keys of these types. It ends with the test. */
export async function openFolderRing(
  keyTypes: KeyTypeName | readonly KeyTypeName[],
  options: Omit<KeyRingOptions, 'backends' | 'clock'> = {},
): Promise<TestRing> {
  const folder = scratchFolder()
  const sources = [keyTypes].flat().map((keyType) => ({
    uri: `store:${folder}?name=${keyType}`,
    create: { keyType },
  }))
  return openTestRing(sources, { ...options, backends: [localStore()] })
}

/** Opens a ring on a clock that the test moves. It ends with the test. */
export async function openTestRing(
  sources: readonly KeyRingSource[],
  options: Omit<KeyRingOptions, 'clock'>,
): Promise<TestRing> {
  let ahead = 0
  const clock = { now: () => Date.now() + ahead, elapsed: () => performance.now() + ahead }
  const ring = await openKeyRing(sources, {}, { ...options, clock })
  onTestFinished(() => ring.close())
  return {
    ring,
    async pass(seconds) {
      ahead += seconds * 1_000
      await ring.refresh()
    },
    expire() {
      ahead += ring.policy.maxSetAge * 1_000 + 1
    },
  }
}

/** Serves on a port of its own until the test ends. The listener is made for the origin. */
export async function serve(
  listenerFor: (origin: string) => RequestListener | Promise<RequestListener>,
): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  server.on('request', await listenerFor(origin))
  return origin
}

/** A validator that reads the JWK Set when its `max-age` is over, and never because of a `kid` that it does not know. */
export interface Validator {
  /** Throws for a token that it refuses. */
  validate(token: string): Promise<unknown>
  /** The `max-age` is over. */
  expire(): Promise<void>
}

/** jose, as a {@link Validator}. */
export function strictValidator(jwksUri: string, options: JWTVerifyOptions): Validator {
  const keys = createRemoteJWKSet(new URL(jwksUri), { cooldownDuration: Infinity, cacheMaxAge: Infinity })
  return { validate: (token) => jwtVerify(token, keys, options), expire: () => keys.reload() }
}

/**
 * Rotates the key of a ring: announced, active, and the old one retiring and gone. At each step tokens are issued and
 * validated, and so are those of the step before. A token that is refused fails the test.
 *
 * @param issue has a client get tokens
 * @returns the `kid`s of the tokens: that of the first key, then that of the second
 */
export async function rotateInTheMiddle(
  { ring, pass }: Pick<TestRing, 'ring' | 'pass'>,
  issue: () => Promise<readonly string[]>,
  validator: Validator,
): Promise<readonly string[]> {
  const { announcement, jwksMaxAge, clockSkew, retention } = ring.policy
  const keyIds = new Set<string>()
  let before: readonly string[] = []
  const step = async (): Promise<void> => {
    const tokens = await issue()
    for (const token of [...before, ...tokens]) await validator.validate(token)
    for (const token of tokens) keyIds.add(decodeProtectedHeader(token).kid?.split('#').at(-1) ?? '')
    before = tokens
  }
  const first = ring.signer().keyId
  await validator.expire()
  await step()
  await ring.rotate()
  await step()
  await pass(jwksMaxAge)
  await validator.expire()
  await step()
  await pass(announcement - jwksMaxAge - 5)
  await step()
  expect([...keyIds]).toEqual([first])
  await pass(10)
  await step()
  const second = ring.signer().keyId
  expect([...keyIds]).toEqual([first, second])
  await pass(clockSkew + 1)
  await step()
  // By then every token of the first key has expired.
  before = []
  await pass(retention)
  expect(ring.jwks().keys.map(({ kid }) => kid)).toEqual([second])
  await validator.expire()
  await step()
  return [...keyIds]
}
