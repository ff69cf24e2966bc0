import { SealwrightError } from '@sealwright/core'
import { Cancelled, type Terminal } from './terminal.ts'

/**
 * Asks before something that cannot be undone.
 *
 * @param yes whether `--yes` was given, which answers for a script
 * @throws SealwrightError `INVALID_ARGUMENT` where there is no terminal to ask on; Cancelled when the answer is no
 */
export async function confirm(terminal: Terminal, yes: boolean | undefined, question: string): Promise<void> {
  if (yes === true) return
  if (terminal.questions === null) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `this needs confirmation, but there is no terminal; pass --yes (${question})`,
    )
  }
  if (!(await terminal.questions.confirm(question))) throw new Cancelled()
}
