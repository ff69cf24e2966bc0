import { z } from 'zod'
import { badParameter } from './errors.ts'

/** A JSON object that came from a client, before a schema has been applied. */
export type JsonObject = Readonly<Record<string, unknown>>

/** The `attributes` of a request. Times are in seconds since the epoch. */
export interface GivenAttributes {
  readonly enabled?: boolean | undefined
  readonly nbf?: number | undefined
  readonly exp?: number | undefined
  /** Keys only. */
  readonly exportable?: boolean | undefined
}

/** The members that every request to create or update an object can have. */
export interface CommonMembers {
  readonly attributes: z.ZodOptional<z.ZodType<GivenAttributes>>
  readonly tags: z.ZodOptional<z.ZodType<Record<string, string>>>
}

export const commonMembers: CommonMembers = {
  attributes: z
    .object({
      enabled: z.boolean().optional(),
      nbf: z.int().optional(),
      exp: z.int().optional(),
      exportable: z.boolean().optional(),
    })
    .optional(),
  tags: z
    .custom<Record<string, string>>(
      (value) => isJsonObject(value) && Object.values(value).every((tag) => typeof tag === 'string'),
      'an object of strings',
    )
    .optional(),
}

/** A base64url member, as bytes. */
export const bytesSchema: z.ZodType<Buffer> = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/, 'base64url')
  .transform((text) => Buffer.from(text, 'base64url'))

/** A member that is one of these names, compared without case as the service does. Other strings stay as they are. */
export function caseless(names: readonly string[]): z.ZodType<string> {
  return z
    .string()
    .transform((given) => names.find((name) => name.toLowerCase() === given.toLowerCase()) ?? given)
}

/**
 * Parses a request body. An absent body counts as an empty object, since every parameter of some operations is
 * optional. Members that are null count as absent.
 *
 * @throws ServiceError 400 unless it is a JSON object
 */
export function parseJsonObject(body: Uint8Array): JsonObject {
  if (body.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'), (_, member: unknown) => member ?? undefined)
  } catch {
    throw badParameter('The request body is not valid JSON.')
  }
  if (!isJsonObject(value)) throw badParameter('The request body must be a JSON object.')
  return value
}

/**
 * Applies a schema to a request body. Members that the schema does not name are dropped.
 *
 * @throws ServiceError 400 that names the first member that does not fit
 */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body, { reportInput: true })
  if (result.success) return result.data
  throw badParameter(problem(result.error.issues[0]))
}

/** Whether the value is a JSON object, not an array and not null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  boolean: 'a boolean',
  number: 'an integer',
  int: 'an integer',
  array: 'an array',
  object: 'an object',
  record: 'an object',
}

function problem(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'The request body is not valid.'
  const name = issue.path.join('.')
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? `Property '${name}' is required.`
        : `Property '${name}' has invalid value: ${typeNames[issue.expected] ?? issue.expected} is expected.`
    case 'custom':
    case 'invalid_format':
      return `Property '${name}' has invalid value: ${issue.message} is expected.`
    case 'unrecognized_keys':
      return `Property '${[...issue.path, issue.keys[0]].join('.')}' is unknown.`
    default:
      return `Property '${name}' has invalid value.`
  }
}
