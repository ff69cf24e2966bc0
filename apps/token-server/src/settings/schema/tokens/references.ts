import { z } from 'zod'

/** A problem that concerns several settings, at the path of one of them. */
export interface ReferenceProblem {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

const names = z.array(z.string().catch('')).catch([])
const entry = z.object({ clientId: z.string().catch(''), scopes: names })
/** The valid parts: wrong types are reported elsewhere. */
const entries = z.array(entry.catch({ clientId: '', scopes: [] })).catch([])

/**
 * Checks resources and clients against each other. The settings need not be valid, so these problems are reported
 * together with all others.
 */
export function referenceProblems(values: {
  readonly resources?: unknown
  readonly clients?: unknown
}): readonly ReferenceProblem[] {
  const found: ReferenceProblem[] = []
  const known = new Set<string>()
  for (const [index, { scopes }] of entries.parse(values.resources).entries()) {
    for (const [at, name] of scopes.entries()) {
      if (known.has(name) && name !== '') {
        const path = ['resources', index, 'scopes', at]
        found.push({ path, message: `the scope "${name}" is already defined above` })
      }
      known.add(name)
    }
  }
  // A scope that could not be read might be the one.
  const isComplete = known.size > 0 && !known.has('')
  const ids = new Set<string>()
  for (const [index, { clientId, scopes }] of entries.parse(values.clients).entries()) {
    if (ids.has(clientId) && clientId !== '') {
      const path = ['clients', index, 'clientId']
      found.push({ path, message: `the client "${clientId}" is already defined above` })
    }
    ids.add(clientId)
    for (const [at, name] of scopes.entries()) {
      if (!isComplete || known.has(name) || name === '') continue
      const path = ['clients', index, 'scopes', at]
      found.push({ path, message: `no resource has the scope "${name}"` })
    }
  }
  return found
}
