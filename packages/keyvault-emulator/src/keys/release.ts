import {
  createCipheriv,
  createHash,
  constants,
  publicEncrypt,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import { z } from 'zod'
import { caseless } from '../protocol/body.ts'
import { badParameter, forbidden } from '../protocol/errors.ts'
import { requireVersion } from '../vault/collection.ts'
import {
  ok,
  seconds,
  withBody,
  type Answer,
  type Call,
  type Operation,
  type ReleaseSettings,
} from '../vault/operation.ts'
import type { KeyMaterial } from '../vault/records.ts'
import { verifyAttestation, wrappingKeyOf, type Attestation } from './attestation-token.ts'
import { requireUsable } from './cryptography.ts'
import { keyBody } from './keys.ts'
import { meetsPolicy, normalizedAuthority, parsePolicy, type PolicyDocument } from './release-policy.ts'

/** The hash of RSA-OAEP in each way to wrap a released key. */
const wrappings: Readonly<Record<string, string>> = {
  CKM_RSA_AES_KEY_WRAP: 'sha1',
  RSA_AES_KEY_WRAP_256: 'sha256',
  RSA_AES_KEY_WRAP_384: 'sha384',
}

const releaseSchema = z.object({
  target: z.string(),
  nonce: z.string().optional(),
  enc: caseless(Object.keys(wrappings)).default('CKM_RSA_AES_KEY_WRAP'),
})

/** The secure release of exportable keys to an attested environment. */
export const releaseOperations: readonly Operation[] = [
  {
    name: 'keys/release',
    method: 'POST',
    path: 'keys/{name}/{version}/release',
    permission: ['keys', 'release'],
    quota: 'key',
    handle: withBody(releaseSchema, releaseKey),
  },
]

function releaseKey(call: Call<z.output<typeof releaseSchema>>): Answer {
  const [record, version] = requireVersion('key', call, call.vault.read(call.name).key)
  requireUsable(call, version, 'release')
  const { enc, nonce, target } = call.body
  const hash = Object.hasOwn(wrappings, enc) ? wrappings[enc] : undefined
  if (hash === undefined) {
    throw badParameter(
      `Invalid algorithm specified: '${enc}'. There are ${Object.keys(wrappings).join(', ')}.`,
    )
  }
  if (version.releasePolicy === undefined) throw forbidden('The key is not exportable.', 'KeyNotExportable')
  const { contentType: _, ...policy } = version.releasePolicy
  const attestation = requireAttested(call, target, parsePolicy(policy.data))
  const wrapping = wrappingKeyOf(attestation)
  if (wrapping === null) {
    throw badParameter(
      "The attestation has no RSA key of 2048 bits or more in 'x-ms-runtime.keys' to encrypt to.",
    )
  }
  const { key, ...members } = keyBody(call, record, version)
  const released = {
    ...key,
    kty: key.kty.replace(/-HSM$/, ''),
    key_hsm: encode({
      schema_version: '1.0',
      header: { kid: wrapping.kid, alg: 'dir', enc },
      ciphertext: wrapKey(version.material, wrapping.key, hash).toString('base64url'),
    }),
  }
  const asked = `${call.baseUrl}/keys/${record.name}${call.version === '' ? '' : `/${call.version}`}`
  const payload = {
    request: { 'api-version': call.apiVersion, enc, kid: asked, ...(nonce === undefined ? {} : { nonce }) },
    response: { key: { key: released, ...members, release_policy: policy } },
  }
  return ok({ value: signRelease(payload, call.settings.release.signer()) })
}

/** @throws ServiceError 403 unless an authority of the policy vouches for the environment, and its claims meet the policy */
function requireAttested(call: Call, target: string, policy: PolicyDocument): Attestation {
  const { authorities } = call.settings.release
  const issuers = policy.anyOf.map(({ authority }) => normalizedAuthority(authority))
  const attestation = issuers
    .map((issuer) => verifyAttestation(target, issuer, authorities, seconds(call.settings)))
    .find((verified) => verified !== null)
  if (attestation === undefined) {
    const unknown = issuers.filter((issuer) => !authorities.has(issuer))
    throw forbidden(
      'Target environment attestation statement cannot be verified.' +
        (unknown.length === 0
          ? ''
          : ` The emulator was not given the keys of ${unknown.join(', ')}: see its option attestationAuthorities.`),
      'AccessDenied',
    )
  }
  if (!meetsPolicy(policy, attestation.issuer, attestation.claims)) {
    throw forbidden(
      'Target environment attestation does not meet key release policy requirements.',
      'AccessDenied',
    )
  }
  return attestation
}

/** The initial value of AES Key Wrap with Padding (RFC 5649 §3). */
const wrapIv = Buffer.from('a65959a6', 'hex')

/**
 * The private key (PKCS #8, or the secret itself) as PKCS #11 wraps it with CKM_RSA_AES_KEY_WRAP: a new AES-256 key,
 * encrypted with RSA-OAEP, then the private key, wrapped with that AES key (RFC 5649).
 */
function wrapKey(material: KeyMaterial, key: KeyObject, oaepHash: string): Buffer {
  const ephemeral = randomBytes(32)
  const cipher = createCipheriv('id-aes256-wrap-pad', ephemeral, wrapIv)
  return Buffer.concat([
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ephemeral),
    cipher.update(Buffer.from(material.privateKey, 'base64')),
    cipher.final(),
  ])
}

/** A JWS (RFC 7515) with the header that the service was recorded with. */
function signRelease(payload: object, { key, certificates }: ReturnType<ReleaseSettings['signer']>): string {
  const [certificate = Buffer.alloc(0)] = certificates
  const thumbprint = createHash('sha1').update(certificate).digest()
  const header = {
    alg: 'RS256',
    kid: thumbprint.toString('hex').toUpperCase(),
    x5t: thumbprint.toString('base64url'),
    typ: 'JWT',
    'x5t#S256': createHash('sha256').update(certificate).digest('base64url'),
    x5c: certificates.map((der) => der.toString('base64')),
  }
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
