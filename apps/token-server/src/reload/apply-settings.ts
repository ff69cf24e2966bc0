import { isDeepStrictEqual } from 'node:util'
import type { Problems } from '../settings/problems.ts'
import { schema } from '../settings/schema/schema.ts'
import type { Settings } from '../settings/settings.ts'

const sections = Object.entries(schema)

/** The sections that a running server can change, by their names in {@link Settings}. */
const live = new Set(sections.flatMap(([name, { isLive }]) => (isLive === true ? [name] : [])))

/** The settings of a running server after a reload: the new ones where it can change them, otherwise those that it has. */
export function applySettings(current: Settings, read: Settings): Settings {
  return { ...current, ...Object.fromEntries(Object.entries(read).filter(([name]) => live.has(name))) }
}

/** The names of settings that were changed and take effect after a restart. */
export function needRestart(current: Settings, read: Settings): readonly string[] {
  const changed = sections.filter(
    ([name, { isLive }]) =>
      isLive !== true && !isDeepStrictEqual(current.sections[name], read.sections[name]),
  )
  const names = changed.map(([name]) => name)
  // A setting of another product names the key, or the contents of a password file have changed.
  const { createType: _, ...key } = current.signingKey
  const { createType: __, ...other } = read.signingKey
  if (!isDeepStrictEqual(key, other)) names.push('signingKey')
  if (!isDeepStrictEqual(current.additionalSigningKeys, read.additionalSigningKeys))
    names.push('additionalSigningKeys')
  return [...new Set(names)]
}

/**
 * Adds the problems of clients and resources that need more than the key ring was opened for. With a longer lifetime, a key could
 * leave the JWK Set before its last token has expired.
 */
export function checkAgainstRing(current: Settings, read: Settings, problems: Problems): void {
  const { tokenLifetime } = current.keyRing
  for (const { clientId, accessTokenLifetime } of read.clients.values()) {
    if (accessTokenLifetime <= tokenLifetime) continue
    problems.add(
      `the tokens of the client "${clientId}" would be valid for more than ${tokenLifetime} s, which needs a restart: ` +
        'the key ring was opened for that lifetime',
    )
  }
  const algorithms = new Set(current.signingAlgorithms)
  const described = [
    ...[...read.clients.values()].map((each) => [`the client "${each.clientId}"`, each] as const),
    ...read.resources.map((each, index) => [`resources[${index}]`, each] as const),
  ]
  for (const [name, { signingAlgorithm }] of described) {
    if (signingAlgorithm === null || algorithms.has(signingAlgorithm)) continue
    problems.add(
      `${name} has the algorithm ${signingAlgorithm}, which needs a restart: the key ring was opened without it`,
    )
  }
}
