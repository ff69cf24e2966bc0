import { aPassword, aString } from '../internal/arguments.ts'

/** A password, or a function that is asked for it when it is needed. */
export type Password = string | (() => string | Promise<string>)

/**
 * The password itself, asked for where it is a function.
 *
 * @param password undefined for none, which is the empty one
 * @throws SealwrightError `INVALID_ARGUMENT` when it is neither a string nor a function that returns one; or what the
 *   function throws
 */
export async function resolvePassword(name: string, password: Password | undefined): Promise<string> {
  if (password === undefined) return ''
  aPassword(name, password)
  if (typeof password === 'string') return password
  const answer = await password()
  aString(`what ${name} returns`, answer)
  return answer
}
