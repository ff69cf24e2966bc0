import type { Configuration } from './environment/configuration.ts'
import type { Problems } from './problems.ts'
import { describeIssue } from './schema/issues.ts'
import { schema, type Sections } from './schema/schema.ts'
import { limitProblems } from './schema/server/limits.ts'
import { metricsProblems } from './schema/server/metrics.ts'
import { referenceProblems } from './schema/tokens/references.ts'

/**
 * Checks each section by itself, and the sections against each other.
 *
 * @param hasFile false if the file could not be read: then only the environment is checked
 * @returns the sections that are valid
 */
export function parseSections(
  configuration: Configuration,
  hasFile: boolean,
  problems: Problems,
): Partial<Sections> {
  const { values } = configuration
  const parsed: Record<string, unknown> = {}

  function add(path: readonly PropertyKey[], message: string): void {
    if (hasFile || configuration.isInEnvironment(path)) {
      problems.add(`${configuration.placeOf(path)}: ${message}`)
    }
  }

  for (const [name, section] of Object.entries(schema)) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    const result = section.schema.safeParse(value, { error: describeIssue })
    if (result.success) {
      parsed[name] = result.data
      continue
    }
    for (const issue of result.error.issues) {
      const path = [name, ...issue.path]
      if (issue.code !== 'unrecognized_keys') add(path, issue.message)
      else for (const key of issue.keys) add([...path, key], 'there is no such setting')
    }
  }
  for (const name of Object.keys(values)) {
    if (!Object.hasOwn(schema, name)) add([name], 'there is no such setting')
  }
  const problemsBetween = [...referenceProblems(values), ...limitProblems(parsed), ...metricsProblems(parsed)]
  for (const { path, message } of problemsBetween) add(path, message)
  return parsed
}
