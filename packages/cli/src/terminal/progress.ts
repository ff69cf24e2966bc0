import { printable, type Terminal } from './terminal.ts'

/** Work that takes longer is named. */
const silence = 1_000

/** Names the work on the terminal of a user, if it takes over a second. A user who is asked knows what takes so long. */
export async function withProgress<T>(terminal: Terminal, what: string, work: Promise<T>): Promise<T> {
  const { questions } = terminal
  if (questions === null) return work
  const timer = setTimeout(() => {
    if (questions.isAsking !== true) terminal.error(`${printable(what)} …\n`)
  }, silence)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}
