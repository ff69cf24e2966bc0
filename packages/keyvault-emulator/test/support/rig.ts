import {
  createPublicKey,
  constants,
  generateKeyPairSync,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { request as httpsRequest } from 'node:https'
import type { ClientSecretCredential } from '@azure/identity'
import { CertificateClient } from '@azure/keyvault-certificates'
import { CryptographyClient, KeyClient, type KeyVaultKey } from '@azure/keyvault-keys'
import { SecretClient } from '@azure/keyvault-secrets'
import {
  startKeyVaultEmulator,
  wellKnown,
  type RunningKeyVaultEmulator,
  type StartOptions,
} from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { onTestFinished } from 'vitest'

/**
 * An emulator with the unmodified SDK clients, over TLS, signed in through its authority. Closed when the test
 * ends.
 */
export interface Rig {
  readonly emulator: RunningKeyVaultEmulator
  readonly credential: ClientSecretCredential
  readonly keys: KeyClient
  readonly certificates: CertificateClient
  readonly secrets: SecretClient
  /** A client for one key. */
  cryptography(key: KeyVaultKey | string): CryptographyClient
  /** A request of one's own, with a token unless told otherwise. */
  raw(method: string, path: string, options?: RawOptions): Promise<RawAnswer>
}

interface RawOptions {
  readonly body?: unknown
  /** Null sends none. */
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Record<string, unknown>
}

export async function startRig(options: StartOptions = {}): Promise<Rig> {
  const emulator = await startKeyVaultEmulator({
    timing: { issuance: 20, deletion: 20, recovery: 20 },
    ...options,
  })
  onTestFinished(() => emulator.close())
  return rigFor(emulator)
}

export function rigFor(emulator: RunningKeyVaultEmulator): Rig {
  const agent = emulator.agent()
  const { clientId, clientSecret } = emulator.identities[0] ?? wellKnown
  const credential = secretCredential(emulator, {
    clientId,
    clientSecret: clientSecret ?? wellKnown.clientSecret,
  })
  const url = emulator.vaultUrl()
  return {
    emulator,
    credential,
    keys: new KeyClient(url, credential, { agent }),
    certificates: new CertificateClient(url, credential, { agent }),
    secrets: new SecretClient(url, credential, { agent }),
    // Told apart for the overloads' sake.
    cryptography: (key) =>
      typeof key === 'string'
        ? new CryptographyClient(key, credential, { agent })
        : new CryptographyClient(key, credential, { agent }),
    async raw(method, path, { body, token, headers = {} } = {}) {
      const bearer =
        token === undefined
          ? (await emulator.credential().getToken('https://vault.azure.net/.default')).token
          : token
      return new Promise((resolve, reject) => {
        const request = httpsRequest(
          `${url}${path}`,
          {
            agent,
            method,
            headers: {
              ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
              ...(body === undefined ? {} : { 'content-type': 'application/json' }),
              ...headers,
            },
          },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('error', reject)
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString()
              resolve({
                status: response.statusCode ?? 0,
                headers: response.headers,
                body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
              })
            })
          },
        )
        request.on('error', reject)
        request.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
      })
    },
  }
}

/** Node's view of a key that a client returned. */
export function publicKeyOf(key: KeyVaultKey): KeyObject {
  const { kty = '', crv, n, e, x, y } = key.key ?? {}
  const jwk: JsonWebKey = kty.startsWith('RSA')
    ? { kty: 'RSA', n: encode(n), e: encode(e) }
    : { kty: 'EC', crv: crv === 'P-256K' ? 'secp256k1' : (crv ?? ''), x: encode(x), y: encode(y) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

/** Whether Node finds the signature of that message valid. */
export function isValidSignature(
  algorithm: string,
  key: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const digest = digestOf(algorithm)
  switch (algorithm.slice(0, 2)) {
    case 'ES':
      return verify(digest, message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    case 'PS':
      return verify(
        digest,
        message,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
        signature,
      )
    default:
      return verify(digest, message, key, signature)
  }
}

/** The digest of a JOSE algorithm: `sha256` for ES256K. */
export function digestOf(algorithm: string): string {
  return `sha${algorithm.slice(2, 5)}`
}

/** The error body of a refused request, thrown by a client. */
export function errorOf(error: unknown): {
  status: number | undefined
  code: string | undefined
  message: string
  inner: string | undefined
} {
  const { statusCode, code, message, details } = error as {
    statusCode?: number
    code?: string
    message: string
    details?: { error?: { innererror?: { code?: string }; innerError?: { code?: string } } }
  }
  const inner = details?.error?.innererror ?? details?.error?.innerError
  return { status: statusCode, code, message, inner: inner?.code }
}

function encode(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64url')
}

// Made once per file: making RSA keys is what would take the time of these tests.
let rsaKey: KeyObject | undefined

/** An RSA-2048 key in the vault without the time of making one. */
export async function importRsaKey(
  rig: Rig,
  name: string,
  options: { kty?: 'RSA' | 'RSA-HSM'; attributes?: object } = {},
): Promise<KeyVaultKey> {
  rsaKey ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const key = { ...rsaKey.export({ format: 'jwk' }), kty: options.kty ?? 'RSA' }
  await rig.raw('PUT', `/keys/${name}?api-version=7.6`, {
    body: { key, attributes: options.attributes ?? {} },
  })
  return rig.keys.getKey(name)
}
