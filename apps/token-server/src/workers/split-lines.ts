/** The longest line to wait for, in bytes. It bounds the memory for unfinished lines. */
const maximumLine = 1024 * 1024

const newline = 0x0a

/**
 * Passes on whole lines of one worker's log, all that have arrived, so that lines of several workers do not mix.
 *
 * @param write writes one or more whole lines
 * @returns processes a chunk, or with null the end
 */
export function splitLines(write: (lines: Buffer) => void): (chunk: Buffer | null) => void {
  let parts: Buffer[] = []
  let length = 0
  const pass = (last: Buffer): void => {
    write(parts.length === 0 ? last : Buffer.concat([...parts, last]))
    parts = []
    length = 0
  }
  return (chunk) => {
    if (chunk === null) {
      // A worker that was killed in the middle of a line.
      if (length > 0) pass(Buffer.from('\n'))
      return
    }
    const end = chunk.lastIndexOf(newline) + 1
    if (end > 0) pass(chunk.subarray(0, end))
    const rest = chunk.subarray(end)
    if (rest.length === 0) return
    parts.push(rest)
    length += rest.length
    if (length > maximumLine) pass(Buffer.from('\n'))
  }
}
