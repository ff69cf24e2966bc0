import type { Terminal } from './terminal.ts'

/** Work that takes longer is named. */
const silence = 1_000

/** Names the work on the terminal of a user, if it takes over a second. */
export async function withProgress<T>(terminal: Terminal, what: string, work: Promise<T>): Promise<T> {
  if (terminal.questions === null) return work
  const timer = setTimeout(() => terminal.error(`${what} …\n`), silence)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
