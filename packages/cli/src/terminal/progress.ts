import type { Terminal } from './terminal.ts'

/** Shows the name of work that takes longer. */
const silence = 1_000

/** Says on the terminal of a person what is going on, if it takes over a second. */
export async function withProgress<T>(terminal: Terminal, what: string, work: Promise<T>): Promise<T> {
  if (terminal.questions === null) return work
  const timer = setTimeout(() => terminal.error(`${what} …\n`), silence)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
