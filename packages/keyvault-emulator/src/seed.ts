import type { JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { AttestationKeys } from './keys/attestation-token.ts'
import type { IdentityOptions } from './options.ts'
import { EmulatorError, ServiceError } from './protocol/errors.ts'
import { isJsonObject, parseBody, parseJsonObject } from './protocol/body.ts'
import type { AccessPolicy } from './protocol/permissions.ts'
import { performDirectly, type ServiceParts } from './service/vault-request.ts'

/** The initial contents of an emulator. Objects that already exist in a data folder are not changed. */
export interface Seed {
  /** Instead of the default identities; the option `identities` wins. */
  readonly identities?: readonly IdentityOptions[] | undefined
  /** As the option `attestationAuthorities`, which wins. */
  readonly attestationAuthorities?: Readonly<Record<string, AttestationKeys>> | undefined
  /** Objects by the name of their vault. */
  readonly vaults?: Readonly<Record<string, VaultSeed>> | undefined
}

/** The objects of one vault: the members of the request that makes each, and its name. */
export interface VaultSeed {
  /** `kty` and what `keys/create` takes, or `key`, a private JWK, to import. */
  readonly keys?: readonly NamedRequest[] | undefined
  /** `value` and what `secrets/set` takes. */
  readonly secrets?: readonly NamedRequest[] | undefined
  /** `policy`, or `value` (a PFX in base64, or PEM) and `pwd` to import. In a seed file `file` can stand for `value`. */
  readonly certificates?: readonly NamedRequest[] | undefined
}

/** A request body and the name of the object it makes. */
export interface NamedRequest {
  /** The name of the object. */
  readonly name: string
  readonly [member: string]: unknown
}

const objects = z.array(z.looseObject({ name: z.string() })).optional()
const access: z.ZodType<AccessPolicy | 'all'> = z.union([z.literal('all'), z.custom<AccessPolicy>()])

const seedSchema = z.strictObject({
  identities: z
    .array(
      z.strictObject({
        clientId: z.string().optional(),
        clientSecret: z.string().optional(),
        clientCertificate: z.string().optional(),
        federatedCredential: z
          .strictObject({ issuer: z.string(), subject: z.string(), publicKey: z.string() })
          .optional(),
        objectId: z.string().optional(),
        access: access.optional(),
        roles: z.array(z.strictObject({ role: z.string(), scope: z.string().optional() })).optional(),
      }),
    )
    .optional(),
  attestationAuthorities: z
    .record(z.string(), z.object({ keys: z.array(z.custom<JsonWebKey>(isJsonObject, 'a JWK')) }))
    .optional(),
  vaults: z
    .record(
      z.string().regex(/^[a-z0-9-]{1,63}$/, 'the name of a vault'),
      z.strictObject({ keys: objects, secrets: objects, certificates: objects }),
    )
    .optional(),
})

/**
 * Reads a seed file. Files that it names lie beside it.
 *
 * @throws EmulatorError for a file that is missing or does not fit
 */
export function readSeed(file: string): Seed {
  try {
    const seed: Seed = parseBody(seedSchema, parseJsonObject(readFileSync(file)))
    const vaults = Object.entries(seed.vaults ?? {}).map(([name, vault]): [string, VaultSeed] => [
      name,
      {
        ...vault,
        certificates: vault.certificates?.map((certificate) => withFile(certificate, dirname(file))),
      },
    ])
    return { ...seed, vaults: Object.fromEntries(vaults) }
  } catch (cause) {
    if (cause instanceof EmulatorError) throw cause
    throw new EmulatorError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

/** Creates the objects of a seed that do not exist yet. @throws EmulatorError with the name of the object that cannot be created */
export async function plantSeed(parts: ServiceParts, { vaults = {} }: Seed): Promise<void> {
  for (const [vault, { keys = [], secrets = [], certificates = [] }] of Object.entries(vaults)) {
    const requests = [
      ...keys.map(
        (key) =>
          ({
            kind: 'key',
            body: key,
            method: 'key' in key ? 'PUT' : 'POST',
            action: 'key' in key ? '' : '/create',
          }) as const,
      ),
      ...secrets.map((secret) => ({ kind: 'secret', body: secret, method: 'PUT', action: '' }) as const),
      ...certificates.map(
        (certificate) =>
          ({
            kind: 'certificate',
            body: certificate,
            method: 'POST',
            action: 'value' in certificate ? '/import' : '/create',
          }) as const,
      ),
    ]
    for (const {
      kind,
      body: { name, ...body },
      method,
      action,
    } of requests) {
      if (parts.vault(vault).read(name)[kind] !== null) continue
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other, so that the first error stops it
        await performDirectly(parts, vault, method, `${kind}s/${name}${action}`, body)
      } catch (cause) {
        if (!(cause instanceof ServiceError)) throw cause
        throw new EmulatorError(`the seed's ${kind} ${name} of vault ${vault}: ${cause.message}`, { cause })
      }
      parts.vault(vault).update(name, ({ certificate }) => {
        // A seed is there from the start.
        const { pending = null } = certificate ?? {}
        if (pending !== null && pending.endsAt !== null) pending.endsAt = parts.settings.now()
      })
    }
  }
}

/** A PFX or PEM file in base64 in place of its name. */
function withFile(certificate: NamedRequest, folder: string): NamedRequest {
  const { file, ...rest } = certificate
  if (typeof file !== 'string') return certificate
  return { ...rest, name: certificate.name, value: readFileSync(resolve(folder, file)).toString('base64') }
}
