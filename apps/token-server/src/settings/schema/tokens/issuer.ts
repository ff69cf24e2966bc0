import { z } from 'zod'
import { orNull, type Section } from '../section.ts'

/**
 * The problem with an issuer identifier (RFC 8414 §2); null if it is valid. Verifiers compare it character by character,
 * so an issuer with a second spelling is refused. `http` is accepted: this server speaks it, on a developer's machine and
 * behind a proxy that terminates TLS.
 */
function issuerProblem(issuer: string): string | null {
  if (/\p{Surrogate}/u.test(issuer)) return 'must be well-formed text, without lone surrogates'
  const url = URL.canParse(issuer) ? new URL(issuer) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    return 'must be a URL such as https://id.example.com'
  }
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
  if (issuer.includes('?') || issuer.includes('#')) return 'must have no query and no fragment'
  if (issuer.endsWith('/')) return 'must not end with a slash'
  if (url.href !== issuer && url.href !== `${issuer}/`)
    return `must be written as ${url.href.replace(/\/$/, '')}`
  if (!/^[\w.~/-]*$/.test(url.pathname))
    return 'may have letters, digits, - . _ ~ and / in its path, and no other'
  if (/^\/(?:health|\.well-known)(?:\/|$)/.test(url.pathname)) {
    return 'must not have a path that begins with /health or /.well-known, which this server uses itself'
  }
  return null
}

/** null for `http://localhost:PORT`. */
export const issuer: Section<string | null> = {
  schema: orNull(
    z.string().superRefine((text, context) => {
      const problem = issuerProblem(text)
      if (problem !== null) context.addIssue(problem)
    }),
  ),
  variables: { ISSUER: [] },
}
