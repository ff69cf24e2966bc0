import { headerValues } from './header-values.ts'

/** The bearer token of a request, or why there is none. */
export type BearerToken =
  | { readonly token: string }
  /** `problem` says what is wrong with the request; null for a request that has no bearer token (RFC 6750 §3.1). */
  | { readonly token: null; readonly problem: string | null }

/** The headers of a request, as `node:http` has them. */
export interface RequestHeaders {
  readonly headers: { readonly authorization?: string | undefined }
  readonly rawHeaders: readonly string[]
}

/**
 * The bearer token in the Authorization header of a request (RFC 6750 §2.1). Other places for a token, such as a form or the URL, are
 * not read.
 */
export function bearerToken({ headers: { authorization }, rawHeaders }: RequestHeaders): BearerToken {
  // Of several, `headers` has only the first; a proxy may have read another.
  if (headerValues(rawHeaders, 'authorization').length > 1)
    return { token: null, problem: 'the request has more than one Authorization header' }
  if (authorization === undefined || !/^Bearer(?: |$)/i.test(authorization))
    return { token: null, problem: null }
  const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1]
  if (token === undefined) return { token: null, problem: 'the Authorization header is malformed' }
  return { token }
}
