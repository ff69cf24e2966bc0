import { encrypt, decrypt } from './encryption.ts'
import { badParameter, forbidden } from '../protocol/errors.ts'
import { bytesMember, requiredString } from '../protocol/json-input.ts'
import { requireVersion } from '../vault/collection.ts'
import { keyId } from './keys.ts'
import { ok, seconds, type Answer, type Call, type Operation } from '../vault/operation.ts'
import type { KeyVersion } from '../vault/records.ts'
import { signDigest, verifyDigest } from './signature.ts'

/** What is done with a key, by the name it has in `key_ops`. */
type Use = 'sign' | 'verify' | 'encrypt' | 'decrypt' | 'wrapKey' | 'unwrapKey'

/**
 * Uses that go on with a key that is outside its validity: what was signed or encrypted before must stay usable. A
 * disabled key still verifies, too.
 */
const usesOfThePast: ReadonlySet<Use> = new Set(['verify', 'decrypt', 'unwrapKey'])

/** What is done with keys. */
export const cryptographyOperations: readonly Operation[] = [
  operation('sign', 'sign', (call) => {
    const { id, version } = usableKey(call, 'sign')
    const signature = signDigest(version.material, algorithm(call), bytesMember(call.body, 'value'), id)
    return result(id, signature)
  }),
  operation('verify', 'verify', (call) => {
    const { id, version } = usableKey(call, 'verify')
    const digest = bytesMember(call.body, 'digest')
    const signature = bytesMember(call.body, 'value')
    return ok({ value: verifyDigest(version.material, algorithm(call), digest, signature, id) })
  }),
  operation('encrypt', 'encrypt', (call) => {
    const { id, version } = usableKey(call, 'encrypt')
    return result(id, encrypt(version.material, algorithm(call), bytesMember(call.body, 'value')))
  }),
  operation('decrypt', 'decrypt', (call) => {
    const { id, version } = usableKey(call, 'decrypt')
    return result(id, decrypt(version.material, algorithm(call), bytesMember(call.body, 'value')))
  }),
  operation('wrapkey', 'wrapKey', (call) => {
    const { id, version } = usableKey(call, 'wrapKey')
    return result(id, encrypt(version.material, algorithm(call), bytesMember(call.body, 'value')))
  }),
  operation('unwrapkey', 'unwrapKey', (call) => {
    const { id, version } = usableKey(call, 'unwrapKey')
    return result(id, decrypt(version.material, algorithm(call), bytesMember(call.body, 'value')))
  }),
  ...['keys/{name}/release', 'keys/{name}/{version}/release'].map((path): Operation => ({
    name: 'keys/release',
    method: 'POST',
    path,
    permission: ['keys', 'release'],
    quota: 'key',
    handle(call) {
      requireVersion('key', call, call.vault.read(call.name).key)
      throw forbidden('Operation release is not permitted on this key.', 'KeyNotExportable')
    },
  })),
  ...['keys/{name}/attestation', 'keys/{name}/{version}/attestation'].map((path): Operation => ({
    name: 'keys/getAttestation',
    method: 'GET',
    path,
    permission: ['keys', 'get'],
    quota: 'key',
    handle(call) {
      requireVersion('key', call, call.vault.read(call.name).key)
      throw badParameter('Key attestation is supported by Managed HSM only.')
    },
  })),
]

function operation(action: string, use: Use, handle: (call: Call) => Answer): Operation {
  return {
    name: `keys/${use}`,
    method: 'POST',
    path: `keys/{name}/{version}/${action}`,
    permission: ['keys', use],
    quota: 'key',
    handle,
  }
}

/** The key, if it may be used so now. @throws ServiceError 404, 403 */
function usableKey(call: Call, use: Use): { id: string; version: KeyVersion } {
  const [record, version] = requireVersion('key', call, call.vault.read(call.name).key)
  if (!version.keyOps.includes(use)) {
    throw forbidden(`Operation ${use} is not permitted on this key.`, 'KeyOperationForbidden')
  }
  const { enabled, nbf, exp } = version.attributes
  if (!enabled && use !== 'verify') {
    throw forbidden(`Operation ${use} is not allowed on a disabled key.`, 'KeyDisabled')
  }
  if (!usesOfThePast.has(use)) {
    const now = seconds(call.settings)
    if (nbf !== undefined && now < nbf) {
      throw forbidden(`Operation ${use} is not allowed on a key that is not yet valid.`, 'KeyNotYetValid')
    }
    if (exp !== undefined && now >= exp) {
      throw forbidden(`Operation ${use} is not allowed on an expired key.`, 'KeyExpired')
    }
  }
  return { id: keyId(call, record, version), version }
}

function algorithm(call: Call): string {
  return requiredString(call.body, 'alg')
}

/** A `KeyOperationResult`. */
function result(kid: string, value: Uint8Array): Answer {
  return ok({ kid, value: Buffer.from(value).toString('base64url') })
}
