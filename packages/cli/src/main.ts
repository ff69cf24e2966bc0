#!/usr/bin/env node
import picocolors from 'picocolors'
import { run } from './run.ts'
import { askOn } from './terminal/questions.ts'

// `sealwright inspect … | head -1` closes the pipe, and that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return
  process.stderr.write(`sealwright: the output cannot be written: ${error.message}\n`)
  process.exit(1)
})

const { stdin, stdout, stderr, env } = process

process.exitCode = await run(process.argv.slice(2), {
  stdin,
  out: (content) => stdout.write(content),
  error: (text) => stderr.write(text),
  env,
  questions: stdin.isTTY && stderr.isTTY ? askOn(stdin, stderr) : null,
  // Off with NO_COLOR and in pipes; picocolors turns them on in CI too, where a log is no screen.
  colors: picocolors.isColorSupported && stdout.isTTY,
  screen: stdout.isTTY,
})
