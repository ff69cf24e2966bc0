/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>
  /** Results. */
  readonly out: (text: string) => void
  /** What is wrong, and help that nobody asked for. */
  readonly error: (text: string) => void
}
