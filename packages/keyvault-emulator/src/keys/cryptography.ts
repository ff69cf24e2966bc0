import { z } from 'zod'
import { encrypt, decrypt } from './encryption.ts'
import { isOct } from './material.ts'
import { badParameter, forbidden } from '../protocol/errors.ts'
import { bytesSchema } from '../protocol/body.ts'
import { requireVersion } from '../vault/collection.ts'
import { keyId } from './keys.ts'
import { ok, seconds, withBody, type Call, type Operation } from '../vault/operation.ts'
import type { KeyVersion } from '../vault/records.ts'
import { signDigest, verifyDigest } from './signature.ts'
import {
  decryptAes,
  encryptAes,
  signHmac,
  unwrapAes,
  verifyHmac,
  wrapAes,
  type CipherOutput,
} from './symmetric.ts'

/** A use of a key, by its name in `key_ops`. */
type Use = 'sign' | 'verify' | 'encrypt' | 'decrypt' | 'wrapKey' | 'unwrapKey'

/**
 * Uses that a key outside its validity still has: earlier signatures and ciphertexts stay usable. A disabled key still
 * verifies, too.
 */
const usesOfThePast: ReadonlySet<string> = new Set(['verify', 'decrypt', 'unwrapKey'])

const valueSchema = z.object({
  alg: z.string(),
  value: bytesSchema,
  iv: bytesSchema.optional(),
  tag: bytesSchema.optional(),
  aad: bytesSchema.optional(),
})
const verifySchema = valueSchema.extend({ digest: bytesSchema })

/** Cryptographic operations with keys. */
export const cryptographyOperations: readonly Operation[] = [
  operation('sign', 'sign', ({ material }, { alg, value }, id) =>
    isOct(material.kty) ? signHmac(material, alg, value) : signDigest(material, alg, value, id),
  ),
  {
    ...operation('verify', 'verify', () => new Uint8Array()),
    handle: withBody(verifySchema, (call) => {
      const { id, version } = usableKey(call, 'verify')
      const { alg, digest, value } = call.body
      const { material } = version
      return ok({
        value: isOct(material.kty)
          ? verifyHmac(material, alg, digest, value)
          : verifyDigest(material, alg, digest, value, id),
      })
    }),
  },
  operation('encrypt', 'encrypt', ({ material }, body) =>
    isOct(material.kty) ? encryptAes(material, body.alg, body) : encrypt(material, body.alg, body.value),
  ),
  operation('decrypt', 'decrypt', ({ material }, body) =>
    isOct(material.kty) ? decryptAes(material, body.alg, body) : decrypt(material, body.alg, body.value),
  ),
  operation('wrapkey', 'wrapKey', ({ material }, { alg, value }) =>
    isOct(material.kty) ? wrapAes(material, alg, value) : encrypt(material, alg, value),
  ),
  operation('unwrapkey', 'unwrapKey', ({ material }, { alg, value }) =>
    isOct(material.kty) ? unwrapAes(material, alg, value) : decrypt(material, alg, value),
  ),
  {
    name: 'keys/getAttestation',
    method: 'GET',
    path: 'keys/{name}/{version}/attestation',
    permission: ['keys', 'get'],
    quota: 'key',
    handle(call) {
      requireVersion('key', call, call.vault.read(call.name).key)
      throw badParameter('Key attestation is supported by Managed HSM only.')
    },
  },
]

/** An operation that makes bytes of bytes, answered with a `KeyOperationResult`. */
function operation(
  action: string,
  use: Use,
  compute: (version: KeyVersion, body: z.output<typeof valueSchema>, id: string) => Uint8Array | CipherOutput,
): Operation {
  return {
    name: `keys/${use}`,
    method: 'POST',
    path: `keys/{name}/{version}/${action}`,
    permission: ['keys', use],
    quota: 'key',
    handle: withBody(valueSchema, (call) => {
      const { id, version } = usableKey(call, use)
      const result = compute(version, call.body, id)
      const { value, ...parts } = result instanceof Uint8Array ? { value: result } : result
      return ok({
        kid: id,
        value: Buffer.from(value).toString('base64url'),
        ...(call.service === 'managedHsm' ? { alg: call.body.alg } : {}),
        ...Object.fromEntries(
          Object.entries(parts).map(([name, bytes]) => [name, bytes.toString('base64url')]),
        ),
      })
    }),
  }
}

/** The key, if it may be used in this way now. @throws ServiceError 404, 403 */
function usableKey(call: Call, use: Use): { id: string; version: KeyVersion } {
  const [record, version] = requireVersion('key', call, call.vault.read(call.name).key)
  if (!version.keyOps.includes(use)) {
    throw forbidden(`Operation ${use} is not permitted on this key.`, 'KeyOperationForbidden')
  }
  requireUsable(call, version, use)
  return { id: keyId(call, record, version), version }
}

/** @throws ServiceError 403 for a key that is disabled or outside its validity, unless the use is still allowed */
export function requireUsable(call: Call, version: KeyVersion, use: Use | 'release'): void {
  const { enabled, nbf, exp } = version.attributes
  if (!enabled && use !== 'verify') {
    throw forbidden(`Operation ${use} is not allowed on a disabled key.`, 'KeyDisabled')
  }
  if (usesOfThePast.has(use)) return
  const now = seconds(call.settings)
  if (nbf !== undefined && now < nbf) {
    throw forbidden(`Operation ${use} is not allowed on a key that is not yet valid.`, 'KeyNotYetValid')
  }
  if (exp !== undefined && now >= exp) {
    throw forbidden(`Operation ${use} is not allowed on an expired key.`, 'KeyExpired')
  }
}
