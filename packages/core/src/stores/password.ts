import { aPassword } from '../internal/arguments.ts'
import { invalidArgument } from '../internal/failures.ts'

/** A password, or a function that returns it and is called when the password is needed. */
export type Password = string | (() => string | Promise<string>)

/**
 * The password itself; calls the function if it is one.
 *
 * @param password undefined counts as the empty password
 * @throws SealwrightError `INVALID_ARGUMENT` when it is neither a string nor a function that returns one; or what the
 *   function throws
 */
export async function resolvePassword(name: string, password: Password | undefined): Promise<string> {
  if (password === undefined) return ''
  aPassword(name, password)
  if (typeof password === 'string') return password
  const answer = await password()
  if (typeof answer !== 'string') throw invalidArgument(`${name} must return a string`)
  return answer
}
