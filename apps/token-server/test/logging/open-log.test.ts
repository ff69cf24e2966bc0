import { expect, test } from 'vitest'
import { LogOutput } from '../../src/logging/log-output.ts'
import { createLogger } from '../../src/logging/logger.ts'
import { linesOfWorkers, logTo } from '../../src/logging/open-log.ts'

/** Writes at once. */
function memoryOutput(): { readonly output: LogOutput; readonly text: () => string } {
  let written = ''
  const output = new LogOutput((bytes, done) => {
    written += bytes.toString()
    done(null, bytes.length)
  })
  return { output, text: () => written }
}

test.each([
  { to: 'a file', isTerminal: false, expected: /^\{"level":30,"time":0,"msg":"a"\}\n\{"level":40,.*\}\n$/ },
  { to: 'a terminal', isTerminal: true, expected: /^[\d:]{8} INFO {2}a\n[\d:]{8} WARN {2}é\n$/ },
])('the lines of workers are written to $to in its form', ({ isTerminal, expected }) => {
  const { output, text } = memoryOutput()
  const take = linesOfWorkers({ logger: createLogger('silent'), output, isTerminal })
  take(Buffer.from('{"level":30,"time":0,"msg":"a"}\n{"level":40,"time":0,"msg":"é"}\n'))
  expect(text()).toMatch(expected)
})

test.each([
  { to: 'a file', isTerminal: false, expected: /^\{"level":30,.*"msg":"a"\}\n$/ },
  { to: 'a terminal', isTerminal: true, expected: /^[\d:]{8} INFO {2}a\n$/ },
])('the log to $to has lines of the level and above, in its form', ({ isTerminal, expected }) => {
  const { output, text } = memoryOutput()
  const log = logTo(output, 'info', isTerminal)
  log.logger.debug('left out')
  log.logger.info('a')
  expect(text()).toMatch(expected)
  expect(log).toMatchObject({ output, isTerminal })
})
