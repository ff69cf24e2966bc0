import { SealwrightError } from '@sealwright/core'
import { inputName, readInput } from '../../files/files.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import { assertNoToken } from '../../usage-errors.ts'

/**
 * The token in a file, or on standard input for `-`. `Bearer` in front of it is left out.
 *
 * @param command for the error
 * @throws SealwrightError `INVALID_ARGUMENT` for a token on the command line; `INVALID_ENCODING` where there is none; as `readInput`
 */
export async function readToken(path: string, terminal: Terminal, command: string): Promise<string> {
  assertNoToken(path, command)
  const text = Buffer.from(await readInput(path, terminal)).toString('utf8')
  const token = text.trim().replace(/^Bearer\s+/i, '')
  if (token !== '') return token
  throw new SealwrightError('INVALID_ENCODING', `there is no token in ${inputName(path)}`)
}
