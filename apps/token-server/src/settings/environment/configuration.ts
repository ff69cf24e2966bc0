import type { SettingsFile } from '../file/settings-file.ts'
import type { Problems } from '../problems.ts'
import { formatPath } from '../schema/issues.ts'
import type { Variable } from './variables.ts'

type Path = readonly PropertyKey[]

/** The settings of the file and of the environment, which takes precedence, and where each of them comes from. */
export class Configuration {
  readonly values: Readonly<Record<string, unknown>>
  readonly #file: Pick<SettingsFile, 'path' | 'own'>
  readonly #variables: readonly Variable[]

  constructor(file: Pick<SettingsFile, 'path' | 'own'>, variables: readonly Variable[], problems: Problems) {
    this.#file = file
    this.#variables = variables
    this.values = merge(file.own, variables, problems)
  }

  /** A setting inside a sentence: `PORT`, or `port in settings.json`. */
  nameOf(path: Path): string {
    return this.#variableAt(path)?.name ?? `${formatPath(path)} in ${this.#file.path}`
  }

  /** A setting in front of its problem: `PORT`, or `settings.json: port`. */
  placeOf(path: Path): string {
    const variable = this.#variableAt(path)
    if (variable !== undefined) return variable.name
    const setting = formatPath(path)
    return this.isInEnvironment(path) ? `${setting} in the environment` : `${this.#file.path}: ${setting}`
  }

  /** Whether the setting, or the last part of its path that is set anywhere, is in the environment only. */
  isInEnvironment(path: Path): boolean {
    if (path.length === 0) return false
    if (this.#variableAt(path) !== undefined) return true
    if (valueAt(this.#file.own, path) !== undefined) return false
    return this.#variables.some((each) => isBelow(each.path, path)) || this.isInEnvironment(path.slice(0, -1))
  }

  #variableAt(path: Path): Variable | undefined {
    return this.#variables.find((each) => each.path.length === path.length && isBelow(each.path, path))
  }
}

function isBelow(path: Path, above: Path): boolean {
  return above.every((step, index) => step === path[index])
}

function valueAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    return isContainer(value) && Object.hasOwn(value, step) ? value[step] : undefined
  }, values)
}

/** A copy of the values of the file, with the values of the variables set. */
function merge(
  own: Readonly<Record<string, unknown>>,
  variables: readonly Variable[],
  problems: Problems,
): Record<string, unknown> {
  const values = structuredClone(own)
  // Lists are filled from their beginning.
  for (const { name, path, value } of variables.toSorted((a, b) => comparePaths(a.path, b.path))) {
    if (!assign(values, path, value)) {
      problems.add(`${name}: the items before it are missing; the first item of a list is 0`)
    }
  }
  return values
}

/** @returns false if items of a list before it are missing */
function assign(container: unknown, path: Variable['path'], value: Variable['value']): boolean {
  const [step = '', ...rest] = path
  // The existing value has the wrong type, which is reported separately.
  if (!isContainer(container) || Array.isArray(container) !== (typeof step === 'number')) return true
  if (Array.isArray(container) && Number(step) > container.length) return false
  if (rest.length === 0) {
    container[step] = value
    return true
  }
  if (!Object.hasOwn(container, step)) container[step] = typeof rest[0] === 'number' ? [] : {}
  return assign(container[step], rest, value)
}

function isContainer(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null
}

function comparePaths(a: Variable['path'], b: Variable['path']): number {
  const at = a.findIndex((step, index) => step !== b[index])
  const [one, other] = [a[at], b[at]]
  if (at < 0 || other === undefined) return a.length - b.length
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return String(one) < String(other) ? -1 : 1
}
