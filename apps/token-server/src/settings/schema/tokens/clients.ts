import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { clientKeyProblem } from '../../client-key.ts'
import { signingAlgorithm } from '../keys/names.ts'
import { orNull, type Section } from '../section.ts'
import { lifetime } from './access-tokens.ts'
import { scope } from './resources.ts'

/** A client as the settings have it, checked. */
export interface ClientEntry {
  readonly clientId: string
  readonly secrets: readonly { readonly sha256: Uint8Array }[]
  readonly jwks?: JSONWebKeySet | undefined
  readonly grantTypes: readonly 'client_credentials'[]
  readonly scopes: readonly string[]
  readonly accessTokenLifetime?: number | undefined
  readonly signingAlgorithm: string | null
}

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
    signingAlgorithm: orNull(signingAlgorithm),
  })
  .refine((each) => each.secrets.length > 0 || each.jwks !== undefined, 'must have "secrets" or "jwks"')

export const clients: Section<readonly ClientEntry[]> = { schema: z.array(client).min(1), isLive: true }
