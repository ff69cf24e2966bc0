/**
 * Goes on with the work when nobody reads the output any more. It ends when standard output cannot be written for another reason,
 * such as a full disk.
 */
export function surviveClosedPipes(program: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>): void {
  // `sealwright inspect … | head -1` closes the pipe, and that is no error.
  program.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    program.stderr.write(`sealwright: the output cannot be written: ${error.message}\n`)
    program.exit(1)
  })
  // Without a listener the process would end in the middle of a revocation, and nobody can be told.
  program.stderr.on('error', () => undefined)
}
