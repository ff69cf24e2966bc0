import { z } from 'zod'
import { badParameter } from '../protocol/errors.ts'
import { isJsonObject, type JsonObject } from '../protocol/body.ts'

/** A condition of a release policy: the value of a claim, or several conditions. */
type Condition =
  | { readonly claim: string; readonly equals: string | number | boolean }
  | { readonly anyOf: readonly Condition[] }
  | { readonly allOf: readonly Condition[] }

type AuthorityConditions = Exclude<Condition, { readonly claim: string }> & { readonly authority: string }

/** Who may attest an environment, and which claims its attestation must have. */
export interface PolicyDocument {
  readonly version: string
  readonly anyOf: readonly AuthorityConditions[]
}

const conditionsSchema: z.ZodType<readonly Condition[]> = z.lazy(() => z.array(conditionSchema).min(1))
const conditionSchema: z.ZodType<Condition> = z.union([
  z.strictObject({ claim: z.string(), equals: z.union([z.string(), z.number(), z.boolean()]) }),
  z.strictObject({ anyOf: conditionsSchema }),
  z.strictObject({ allOf: conditionsSchema }),
])
const authoritySchema = z.string().regex(/^https:\/\//)
const policySchema: z.ZodType<PolicyDocument> = z.strictObject({
  version: z.string(),
  anyOf: z
    .array(
      z.union([
        z.strictObject({ authority: authoritySchema, anyOf: conditionsSchema }),
        z.strictObject({ authority: authoritySchema, allOf: conditionsSchema }),
      ]),
    )
    .min(1),
})

/**
 * Reads a release policy, whose grammar is documented as "secure key release policy grammar".
 *
 * @param data base64url of JSON
 * @throws ServiceError 400
 */
export function parsePolicy(data: string): PolicyDocument {
  try {
    return policySchema.parse(JSON.parse(Buffer.from(data, 'base64url').toString()))
  } catch {
    // Also for one that is nested too deeply for the stack.
    throw badParameter(
      'The key release policy is invalid. It has the form ' +
        '{"version":"1.0.0","anyOf":[{"authority":"https://…","allOf":[{"claim":"…","equals":"…"}]}]}.',
    )
  }
}

/** A policy as the service stores it: without white space, the members in its own order. @throws ServiceError 400 */
export function normalizedPolicy(data: string): string {
  return Buffer.from(JSON.stringify(parsePolicy(data))).toString('base64url')
}

/** The same authority with and without a slash at the end. */
export function normalizedAuthority(url: string): string {
  return url.replace(/(?<!\/)\/+$/, '')
}

/** Whether these claims of an authority meet a policy. */
export function meetsPolicy(policy: PolicyDocument, issuer: string, claims: JsonObject): boolean {
  return policy.anyOf.some((entry) => normalizedAuthority(entry.authority) === issuer && isMet(entry, claims))
}

function isMet(condition: Condition | AuthorityConditions, claims: JsonObject): boolean {
  if ('claim' in condition) {
    const value = claimOf(claims, condition.claim)
    // The service was recorded to find the claim `true` equal to "true".
    return (
      ['string', 'number', 'boolean'].includes(typeof value) && String(value) === String(condition.equals)
    )
  }
  return 'anyOf' in condition
    ? condition.anyOf.some((inner) => isMet(inner, claims))
    : condition.allOf.every((inner) => isMet(inner, claims))
}

/** A claim by its name, in which dots lead into objects. */
function claimOf(claims: JsonObject, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, part)) return undefined
    value = value[part]
  }
  return value
}
