#!/usr/bin/env node
import picocolors from 'picocolors'
import { run } from './run.ts'
import { surviveClosedPipes } from './terminal/closed-pipes.ts'
import { askOn } from './terminal/questions.ts'

surviveClosedPipes(process)

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
