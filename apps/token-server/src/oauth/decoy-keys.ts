import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { compactVerify, type CryptoKey, type JWK } from 'jose'
import type { Client } from '../settings/settings.ts'
import { clientKeyProblem } from '../settings/client-key.ts'
import { createKeyFinder, type KeyFinder } from './assertion-keys.ts'

/**
 * Public keys for assertions that no key of the client has signed. They make every such assertion cost the same, so the time
 * does not tell which clients exist, nor which keys they have. No assertion verifies with them.
 *
 * How long RSA takes depends on the key. So there is a decoy for each kind of RSA key that any client has, and an assertion
 * that is refused is verified once with a key of each kind.
 */
export interface DecoyKeys {
  /** The key to verify with in place of the client's. */
  find(alg: string): CryptoKey
  /** Verifies the assertion with a key of each kind except that of `tried`, the key already used. */
  verifyWithOthers(jwt: string, alg: string, tried: CryptoKey): Promise<void>
}

/** @param clients whose keys have been checked */
export async function createDecoyKeys(clients: Iterable<Client>): Promise<DecoyKeys> {
  const [kind, ...otherKinds] = rsaKinds(clients)
  const others = [
    generateKeyPairSync('ed25519').publicKey,
    ...['P-256', 'P-384', 'P-521'].map((namedCurve) => generateKeyPairSync('ec', { namedCurve }).publicKey),
  ].map((key): JWK => key.export({ format: 'jwk' }))
  const main = await createKeyFinder({ keys: [rsaKey(kind), ...others] })
  const finders = [
    main,
    ...(await Promise.all(otherKinds.map((each) => createKeyFinder({ keys: [rsaKey(each)] })))),
  ]

  return {
    find: (alg) => findOne(main, alg),
    async verifyWithOthers(jwt, alg, tried) {
      const triedKind = kindOf(tried)
      if (triedKind === null) return
      for (const find of finders) {
        const key = findOne(find, alg)
        // eslint-disable-next-line no-await-in-loop -- side by side they would take as long as the slowest of them
        if (kindOf(key) !== triedKind) await compactVerify(jwt, key).catch(() => undefined)
      }
    },
  }
}

function findOne(find: KeyFinder, alg: string): CryptoKey {
  const key = find({ alg })
  if (typeof key === 'string') throw new Error('unreachable: there is one decoy key for each algorithm')
  return key
}

/** The properties of an RSA key that affect the verification time. */
interface RsaKind {
  readonly bits: number
  /** base64url */
  readonly exponent: string
}

/** Each once. Without any RSA key, that of most keys. */
function rsaKinds(clients: Iterable<Client>): readonly [RsaKind, ...RsaKind[]] {
  const kinds = new Map<string, RsaKind>()
  for (const { jwks } of clients)
    for (const { n, e } of jwks?.keys ?? []) {
      if (n === undefined || e === undefined) continue
      const bits = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`).toString(2).length
      kinds.set(`${bits} ${e}`, { bits, exponent: e })
    }
  const [first = { bits: 2048, exponent: 'AQAB' }, ...others] = kinds.values()
  return [first, ...others]
}

/** null for a key that is not RSA. There is one kind of each of the others. */
function kindOf({ algorithm }: CryptoKey): string | null {
  if (!('modulusLength' in algorithm) || !('publicExponent' in algorithm)) return null
  const { modulusLength, publicExponent } = algorithm
  if (!(publicExponent instanceof Uint8Array)) return null
  return `${String(modulusLength)} ${Buffer.from(publicExponent).toString('hex')}`
}

/** Random bits as the modulus: verifying costs the same as with a real one, which takes long to make. */
function rsaKey({ bits, exponent }: RsaKind): JWK {
  const unused = (8 - (bits % 8)) % 8
  for (;;) {
    const modulus = randomBytes(Math.ceil(bits / 8))
    modulus[0] = ((modulus[0] ?? 0) & (0xff >> unused)) | (0x80 >> unused)
    const jwk = { kty: 'RSA', n: modulus.toString('base64url') }
    // One in twelve has no small factor. The others are refused as weak keys.
    if (clientKeyProblem({ ...jwk, e: 'AQAB' }) === null) return { ...jwk, e: exponent }
  }
}
