import { importJwk, isSealwrightError, jwkThumbprint } from '@sealwright/core'
import { privateJwkMembers } from '@sealwright/core/internal'
import { memberOf } from '../json.ts'

/** An entry of a JWK Set as it is published. */
export interface JwkDescription {
  readonly kid: string | null
  readonly kty: string | null
  readonly alg: string | null
  readonly use: string | null
  /** The RFC 7638 thumbprint; null for a key that cannot be read. */
  readonly thumbprint: string | null
  readonly problems: readonly string[]
}

/** Some verifiers ignore what follows. */
const mostKeys = 100

/** @returns the first entries of a JWK Set; null for anything else */
export function describeJwks(body: unknown): readonly JwkDescription[] | null {
  const keys = memberOf(body, 'keys')
  if (!Array.isArray(keys)) return null
  const kids = keys.map((key) => textOf(key, 'kid'))
  return keys.slice(0, mostKeys).map((key: unknown, at) => {
    const kid = textOf(key, 'kid')
    const { thumbprint, problem } = read(key)
    return {
      kid,
      kty: textOf(key, 'kty'),
      alg: textOf(key, 'alg'),
      use: textOf(key, 'use'),
      thumbprint,
      problems: [
        ...(isPrivate(key) ? ['it is a PRIVATE key: revoke it, and publish only the public part'] : []),
        ...(kid === null ? ['it has no kid, so verifiers cannot choose it'] : []),
        ...(kid !== null && kids.indexOf(kid) !== at ? ['an entry before it has the same kid'] : []),
        ...(problem === null ? [] : [problem]),
      ],
    }
  })
}

/** What {@link describeJwks} leaves out of a JWK Set. */
export function jwksRemarks(body: unknown): readonly string[] {
  const keys = memberOf(body, 'keys')
  if (!Array.isArray(keys) || keys.length <= mostKeys) return []
  return [
    `the set has ${keys.length} keys; only the first ${mostKeys} are described, and some verifiers ignore the others`,
  ]
}

function isPrivate(key: unknown): boolean {
  return typeof key === 'object' && key !== null && privateJwkMembers.some((name) => name in key)
}

function read(key: unknown): { readonly thumbprint: string | null; readonly problem: string | null } {
  if (!isObject(key)) return { thumbprint: null, problem: 'it is not a JWK' }
  try {
    return { thumbprint: jwkThumbprint(importJwk(key)), problem: null }
  } catch (error) {
    if (isSealwrightError(error)) return { thumbprint: null, problem: error.message }
    throw error
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function textOf(value: unknown, name: string): string | null {
  const member = memberOf(value, name)
  return typeof member === 'string' ? member : null
}

/** For people. */
export function jwksLines(keys: readonly JwkDescription[]): readonly string[] {
  return keys.flatMap(({ kid, kty, alg, use, problems }) => [
    `key ${kid ?? 'without kid'}: ${[kty, alg, use].filter((each) => each !== null).join(', ')}`,
    ...problems.map((problem) => `  problem:    ${problem}`),
  ])
}
