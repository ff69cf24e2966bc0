import { badParameter, methodNotAllowed, ServiceError } from '../protocol/errors.ts'
import type { Operation } from '../vault/operation.ts'

/** An operation with the name and the version of its path. */
export interface Route {
  readonly operation: Operation
  readonly name: string
  readonly version: string
}

type Matcher = (method: string, path: string) => Route

const validName = /^[0-9A-Za-z-]{1,127}$/

/**
 * Makes the function that finds the operation of a request. Literal segments win over `{name}` and `{version}`, as
 * in `certificates/contacts`. A version can be left out, with or without its slash.
 *
 * @returns throws ServiceError 405 for a known path with another method and for an empty name, 404 for an unknown
 *   path, 400 for a name with other characters than letters, digits and hyphens
 */
export function createRouter(operations: readonly Operation[]): Matcher {
  const patterns = operations
    .flatMap((operation) => pathsOf(operation).map((segments) => ({ operation, segments })))
    .toSorted((a, b) => literals(b.segments) - literals(a.segments))
  const literal = new Set(
    operations.map(({ path }) => path.toLowerCase()).filter((path) => !path.includes('{')),
  )
  return (method, path) => {
    const given = decodePath(path)
    // .NET posts to `keys//restore` and `certificates//NAME/import`.
    const compact = given.filter((segment) => segment !== '')
    const isWhole = patterns.some((pattern) => fits(pattern.segments, given))
    const segments = literal.has(compact.join('/').toLowerCase()) || !isWhole ? compact : given
    const matches = patterns.filter((pattern) => fits(pattern.segments, segments))
    if (matches.length === 0) throw new ServiceError(404, 'NotFound', `There is no resource at /${path}.`)
    const match = matches.find((candidate) => candidate.operation.method === method)
    if (match === undefined) throw methodNotAllowed(method)
    const name = parameter(match.segments, segments, '{name}')
    if (match.segments.includes('{name}')) {
      if (name === '') throw methodNotAllowed(method)
      // Roles have ids of their own form.
      const isObject = !match.operation.path.startsWith('role')
      if (isObject && !validName.test(name))
        throw badParameter(`The request URI contains an invalid name: ${name}`)
    }
    return { operation: match.operation, name, version: parameter(match.segments, segments, '{version}') }
  }
}

/** The path of an operation with its version and without it. */
function pathsOf({ path }: Operation): string[][] {
  const segments = path.split('/').map((part) => (part.startsWith('{') ? part : part.toLowerCase()))
  return segments.includes('{version}')
    ? [segments, segments.filter((segment) => segment !== '{version}')]
    : [segments]
}

function decodePath(path: string): string[] {
  try {
    return path.split('/').map((segment) => decodeURIComponent(segment))
  } catch {
    throw badParameter('The request URI is not valid.')
  }
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (segments.length !== pattern.length) return false
  // .NET spells `wrapKey`, other clients `wrapkey`.
  return segments.every(
    (segment, i) => pattern[i]?.startsWith('{') === true || pattern[i] === segment.toLowerCase(),
  )
}

function parameter(pattern: readonly string[], segments: readonly string[], name: string): string {
  const index = pattern.indexOf(name)
  return index === -1 ? '' : (segments[index] ?? '')
}

function literals(segments: readonly string[]): number {
  return segments.filter((segment) => !segment.startsWith('{')).length
}
