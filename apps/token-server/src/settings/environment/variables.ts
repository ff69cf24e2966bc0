import { printable } from '../../printable.ts'
import type { Problems } from '../problems.ts'
import type { Section } from '../schema/section.ts'
import { emptyVariable, type Environment } from './environment.ts'
import { stepInto, valueOf, type Place } from './schema-walk.ts'

type Schema = Readonly<Record<string, Section<unknown>>>

/** A setting that the environment has. */
export interface Variable {
  /** The name of the variable, for messages. */
  readonly name: string
  readonly path: readonly (string | number)[]
  readonly value: string | number | boolean
}

/** Deeper than any settings are. */
const maximumParts = 20

/**
 * The settings in the environment. Some variables have their own names, such as `PORT`. All others have the path of the
 * setting in the file, with `:` or `__` between its parts, as in ASP.NET Core: `clients__0__scopes__1`. The first part
 * must be the name of a section, so that variables of other programs are not mistaken for settings. A name of one part
 * must be exactly that of the file.
 */
export function readVariables(env: Environment, schema: Schema, problems: Problems): readonly Variable[] {
  const found = new Map<string, Variable & { readonly text: string }>()
  const known = new Map(
    Object.entries(schema).flatMap(([section, { variables = {} }]) =>
      Object.entries(variables).map(([name, path]) => [name, [section, ...path]] as const),
    ),
  )
  for (const [name, text] of Object.entries(env)) {
    const parts = known.get(name) ?? partsOf(name, schema)
    if (parts === null || text === undefined) continue
    const variable = locate(name, parts, text, schema)
    if (typeof variable === 'string') {
      problems.add(variable)
      continue
    }
    const path = JSON.stringify(variable.path)
    const other = found.get(path)
    if (other !== undefined && other.text !== text) {
      problems.add(`${other.name} and ${name} are the same setting with different values; remove one of them`)
    }
    found.set(path, { ...variable, text })
  }
  return [...found.values()]
}

/** The parts of the name of a setting; null for a variable of another program. */
function partsOf(name: string, schema: Schema): readonly string[] | null {
  const [first = '', ...others] = name.replaceAll('__', ':').split(':')
  const section = Object.keys(schema).find((each) =>
    others.length === 0 ? each === first : each.toLowerCase() === first.toLowerCase(),
  )
  return section === undefined ? null : [section, ...others]
}

/** The setting, or the problem with it. */
function locate(name: string, parts: readonly string[], text: string, schema: Schema): Variable | string {
  const [section = '', ...others] = parts
  if (text === '') return emptyVariable(printable(name))
  if (parts.length > maximumParts) return `${name}: there is no such setting`
  let place: Place = schema[section]?.schema ?? null
  const path: (string | number)[] = [section]
  for (const part of others) {
    const step = stepInto(place, part)
    if (step === null) return `${name}: there is no such setting`
    path.push(step.name)
    place = step.place
  }
  return { name, path, value: valueOf(text, place) }
}
