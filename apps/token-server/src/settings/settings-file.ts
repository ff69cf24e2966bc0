import { join } from 'node:path'
import type { KeyRingPolicyOptions } from '@sealwright/keyring'
import { z } from 'zod'
import { appFolder } from './app-folder.ts'
import { clientKeyProblem } from './client-key.ts'
import { invalidSetting } from './invalid-setting.ts'
import { issuerProblem } from './issuer.ts'
import { parseJson } from './json.ts'
import { additionalKey, keyRing, readAdditionalKey, signingAlgorithm } from './key-ring-settings.ts'
import type { AdditionalKeySetting, Client, Resource } from './settings.ts'
import { readTextFile } from './text-file.ts'

/** The settings file without `TOKEN_SERVER_SETTINGS`. */
export const sampleSettingsFile: string = join(appFolder, 'token-server.json')

export interface FileSettings {
  readonly issuer: string | null
  readonly resources: readonly Resource[]
  readonly clients: ReadonlyMap<string, Client>
  readonly additionalSigningKeys: readonly AdditionalKeySetting[]
  readonly keyRing: KeyRingPolicyOptions
  readonly identityServerKeyIds: boolean
  /** The sections with .NET's names, unchanged: see signing-key/. */
  readonly dotNetSections: Readonly<Record<string, unknown>>
}

/** Enough for thousands of clients, and small enough to parse at once. */
const maximumBytes = 1024 * 1024

const defaultLifetime = 3600

/** One day. Tokens cannot be revoked, so a client requests a new one instead. */
const maximumLifetime = 86_400

const lifetimeRule = `must be a whole number of seconds from 1 to ${maximumLifetime}`
const lifetime = z.int(lifetimeRule).min(1).max(maximumLifetime)

/** A scope-token, RFC 6749 §3.3. */
const scope = z
  .string()
  .regex(
    /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/,
    'must be printable ASCII without space, " and \\ (RFC 6749 §3.3)',
  )

/** A lone surrogate, which JSON can escape, has no UTF-8 encoding. */
const audience = z
  .string()
  .min(1)
  .max(2000)
  .refine((text) => !/\p{Surrogate}/u.test(text), 'must be well-formed text, without lone surrogates')

/** VSCHARs, RFC 6749 App. A.1. */
const clientId = z.string().regex(/^[\x20-\x7e]{1,200}$/, 'must be 1 to 200 printable ASCII characters')

const secretHash = z.string().transform((text, context): Uint8Array => {
  const hash = /^[0-9a-f]{64}$/i.test(text)
    ? Buffer.from(text, 'hex')
    : /^[\w+/-]{43}=?$/.test(text)
      ? Buffer.from(text, 'base64')
      : null
  if (hash !== null) return hash
  context.addIssue('must be the SHA-256 of the secret, as 64 hexadecimal digits or 44 characters of base64')
  return z.NEVER
})

const clientKey = z.looseObject({ kty: z.string() }).superRefine((jwk, context) => {
  const problem = clientKeyProblem(jwk)
  if (problem !== null) context.addIssue(problem)
})

function haveDifferentIds(keys: readonly Readonly<Record<string, unknown>>[]): boolean {
  const ids = keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]))
  return new Set(ids).size === ids.length
}

const client = z
  .strictObject({
    clientId,
    description: z.string().optional(),
    secrets: z
      .array(z.strictObject({ sha256: secretHash, description: z.string().optional() }))
      .max(10)
      .default([]),
    jwks: z
      .strictObject({
        keys: z
          .array(clientKey)
          .min(1)
          .max(10)
          .refine(haveDifferentIds, 'several keys have the same "kid"; each needs its own'),
      })
      .optional(),
    grantTypes: z.array(z.literal('client_credentials')).default(['client_credentials']),
    scopes: z.array(scope).min(1),
    accessTokenLifetime: lifetime.optional(),
    signingAlgorithm: signingAlgorithm.default(null),
  })
  .refine((each) => each.secrets.length > 0 || each.jwks !== undefined, 'must have "secrets" or "jwks"')

const schema = z
  .strictObject({
    $schema: z.string().optional(),
    issuer: z
      .string()
      .superRefine((issuer, context) => {
        const problem = issuerProblem(issuer)
        if (problem !== null) context.addIssue(problem)
      })
      .optional(),
    accessTokenLifetime: lifetime.default(defaultLifetime),
    resources: z
      .array(
        z.strictObject({
          audience,
          scopes: z.array(scope).min(1),
          signingAlgorithm: signingAlgorithm.default(null),
        }),
      )
      .min(1),
    clients: z.array(client).min(1),
    additionalSigningKeys: z.array(additionalKey).max(10).default([]),
    keyRing: keyRing.default({}),
    identityServerKeyIds: z.boolean().default(false),
  })
  .superRefine(({ resources, clients }, context) => {
    const known = new Set<string>()
    for (const [index, resource] of resources.entries()) {
      for (const [at, name] of resource.scopes.entries()) {
        if (known.has(name)) {
          const path = ['resources', index, 'scopes', at]
          context.addIssue({ code: 'custom', path, message: `the scope "${name}" is already defined above` })
        }
        known.add(name)
      }
    }
    const ids = new Set<string>()
    for (const [index, each] of clients.entries()) {
      if (ids.has(each.clientId)) {
        const path = ['clients', index, 'clientId']
        context.addIssue({
          code: 'custom',
          path,
          message: `the client "${each.clientId}" is already defined above`,
        })
      }
      ids.add(each.clientId)
      for (const [at, name] of each.scopes.entries()) {
        if (known.has(name)) continue
        const path = ['clients', index, 'scopes', at]
        context.addIssue({ code: 'custom', path, message: `no resource has the scope "${name}"` })
      }
    }
  })

/**
 * Reads and checks the settings file.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; the message has the file and the path of the setting in it, or the line and
 *   column. It quotes no values.
 */
export function readSettingsFile(path: string): FileSettings {
  const text = readTextFile(path, 'the settings file', maximumBytes)
  const { dotNetSections, own } = splitSections(parseJson(text, path))
  const result = schema.safeParse(own)
  if (!result.success) throw invalidSetting(`${path}: ${describeIssues(result.error.issues)}`)
  const { issuer, resources, clients, accessTokenLifetime, additionalSigningKeys } = result.data
  return {
    issuer: issuer ?? null,
    resources,
    additionalSigningKeys: additionalSigningKeys.map(readAdditionalKey),
    keyRing: result.data.keyRing,
    identityServerKeyIds: result.data.identityServerKeyIds,
    clients: new Map(
      clients.map((each) => [
        each.clientId,
        {
          clientId: each.clientId,
          secretHashes: each.secrets.map((secret) => secret.sha256),
          jwks: each.jwks ?? null,
          grantTypes: each.grantTypes,
          scopes: [...new Set(each.scopes)],
          accessTokenLifetime: each.accessTokenLifetime ?? accessTokenLifetime,
          signingAlgorithm: each.signingAlgorithm,
        },
      ]),
    ),
    dotNetSections,
  }
}

/** Separates the sections with .NET's names, which are case-insensitive. */
function splitSections(json: unknown): { own: unknown; dotNetSections: Record<string, unknown> } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { own: json, dotNetSections: {} }
  }
  const own: Record<string, unknown> = {}
  const dotNetSections: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    const section = /^(?:IdentityServer|OpenIDServerSigningSettings)$/i.test(name) ? dotNetSections : own
    section[name] = value
  }
  return { own, dotNetSections }
}

/** `clients[0].scopes[1]: …`, for the first three. */
function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const lines = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${formatPath([...issue.path, key])}: there is no such setting`)
      : [`${formatPath(issue.path)}: ${issue.message}`],
  )
  const more = lines.length > 3 ? `; and ${lines.length - 3} more` : ''
  return lines.slice(0, 3).join('; ') + more
}

function formatPath(path: readonly PropertyKey[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  return text.replace(/^\./, '') || '(the whole file)'
}
