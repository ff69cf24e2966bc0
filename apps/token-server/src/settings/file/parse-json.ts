import { findJsonProblem } from '@sealwright/core/internal'
import { invalidSetting } from '../invalid-setting.ts'

/**
 * Parses JSON more strictly than `JSON.parse`, which takes the last of two members with one name and makes `__proto__` a
 * member: a setting could be in the file, checked, and not in effect.
 *
 * @param path of the file, for messages
 * @throws SealwrightError `INVALID_ARGUMENT`; the message has the line and column and does not quote the text
 */
export function parseJson(text: string, path: string): unknown {
  const problem = findJsonProblem(text)
  if (problem === null) return JSON.parse(text)
  throw invalidSetting(`${path}:${problem.line}:${problem.column}: ${problem.message}`)
}
