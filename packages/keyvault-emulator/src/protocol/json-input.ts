import { badParameter } from './errors.ts'

/** A JSON object that came from a client: nothing about its members is known. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * Parses a request body. An absent body counts as an empty object, for there are operations whose parameters are
 * all optional.
 *
 * @throws ServiceError 400 when it is anything but a JSON object
 */
export function parseJsonObject(body: Uint8Array): JsonObject {
  if (body.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    throw badParameter('The request body is not valid JSON.')
  }
  if (!isJsonObject(value)) throw badParameter('The request body must be a JSON object.')
  return value
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The member as an object; absent and null read as empty. */
export function objectMember(parent: JsonObject, name: string): JsonObject {
  const value = parent[name] ?? {}
  if (!isJsonObject(value)) throw invalid(name, 'an object')
  return value
}

export function stringMember(parent: JsonObject, name: string): string | undefined {
  const value = parent[name] ?? undefined
  if (value !== undefined && typeof value !== 'string') throw invalid(name, 'a string')
  return value
}

export function requiredString(parent: JsonObject, name: string): string {
  const value = stringMember(parent, name)
  if (value === undefined) throw badParameter(`Property '${name}' is required.`)
  return value
}

export function booleanMember(parent: JsonObject, name: string): boolean | undefined {
  const value = parent[name] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') throw invalid(name, 'a boolean')
  return value
}

export function integerMember(parent: JsonObject, name: string): number | undefined {
  const value = parent[name] ?? undefined
  if (value !== undefined && !(typeof value === 'number' && Number.isSafeInteger(value))) {
    throw invalid(name, 'an integer')
  }
  return value
}

export function arrayMember(parent: JsonObject, name: string): readonly unknown[] | undefined {
  const value = parent[name] ?? undefined
  if (value !== undefined && !Array.isArray(value)) throw invalid(name, 'an array')
  return value
}

export function stringArrayMember(parent: JsonObject, name: string): readonly string[] | undefined {
  return arrayMember(parent, name)?.map((item) => {
    if (typeof item !== 'string') throw invalid(name, 'an array of strings')
    return item
  })
}

/** Tags: an object whose members are strings; undefined when the member is absent. */
export function tagsMember(parent: JsonObject): Record<string, string> | undefined {
  if (parent['tags'] === undefined || parent['tags'] === null) return undefined
  const tags: Record<string, string> = {}
  for (const [name, value] of Object.entries(objectMember(parent, 'tags'))) {
    if (typeof value !== 'string') throw invalid('tags', 'an object of strings')
    tags[name] = value
  }
  return tags
}

/** The bytes of a required base64url member. */
export function bytesMember(parent: JsonObject, name: string): Buffer {
  const text = requiredString(parent, name)
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw invalid(name, 'base64url')
  return Buffer.from(text, 'base64url')
}

function invalid(name: string, expected: string): Error {
  return badParameter(`Property '${name}' has invalid value: ${expected} is expected.`)
}
