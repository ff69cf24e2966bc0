import type { Readable, Writable } from 'node:stream'
import { Cancelled, printable, type Questions } from './terminal.ts'

/** The same questions. Their text may contain untrusted names, such as that of a key in a file. */
export function withPrintableText(questions: Questions): Questions {
  let open = 0
  const waitFor = async <T>(ask: () => Promise<T>): Promise<T> => {
    open++
    try {
      return await ask()
    } finally {
      open--
    }
  }
  return {
    password: (message) => waitFor(() => questions.password(printable(message))),
    confirm: (message) => waitFor(() => questions.confirm(printable(message))),
    get isAsking() {
      return open > 0
    },
  }
}

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
