#!/usr/bin/env node
import { run } from './run.ts'

// `sealwright inspect … | head -1` closes the pipe, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`sealwright: the output cannot be written: ${error.message}\n`)
  process.exit(1)
})

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
})
