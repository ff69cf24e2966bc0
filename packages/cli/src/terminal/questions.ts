import type { Readable, Writable } from 'node:stream'
import { Cancelled, type Questions } from './terminal.ts'

/** Questions on a terminal. They are written to `output`, so that standard output has only results. */
export function askOn(input: Readable, output: Writable): Questions {
  const streams = { input, output }
  return {
    async password(message) {
      const { isCancel, password } = await import('@clack/prompts')
      const answer = await password({ message, ...streams })
      if (isCancel(answer)) throw new Cancelled()
      // Undefined where nothing was typed.
      return answer ?? ''
    },
    async confirm(message) {
      const { confirm, isCancel } = await import('@clack/prompts')
      const answer = await confirm({ message, initialValue: false, ...streams })
      if (isCancel(answer)) throw new Cancelled()
      return answer
    },
  }
}
