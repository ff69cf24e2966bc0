import { expect, test } from 'vitest'
import { LogOutput } from '../../src/logging/log-output.ts'
import { createLogger } from '../../src/logging/logger.ts'
import { linesOfWorkers } from '../../src/logging/open-log.ts'

test.each([
  { to: 'a file', isTerminal: false, expected: /^\{"level":30,"time":0,"msg":"a"\}\n\{"level":40,.*\}\n$/ },
  { to: 'a terminal', isTerminal: true, expected: /^[\d:]{8} INFO {2}a\n[\d:]{8} WARN {2}é\n$/ },
])('the lines of workers are written to $to in its form', ({ isTerminal, expected }) => {
  let written = ''
  const output = new LogOutput((bytes, done) => {
    written += bytes.toString()
    done(null, bytes.length)
  })
  const take = linesOfWorkers({ logger: createLogger('silent'), output, isTerminal })
  take(Buffer.from('{"level":30,"time":0,"msg":"a"}\n{"level":40,"time":0,"msg":"é"}\n'))
  expect(written).toMatch(expected)
})
