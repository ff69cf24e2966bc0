import { expect, test } from 'vitest'
import { terminalLine } from '../../src/logging/terminal-line.ts'

const line = (record: object): string =>
  terminalLine(JSON.stringify({ level: 30, time: 0, pid: 1, hostname: 'h', ...record })).replace(
    /^\d\d:\d\d:\d\d /,
    '',
  )

test('a line is the level, the message and what else is in it', () => {
  const record = { reqId: 'x', req: { method: 'GET', path: '/' }, statusCode: 200, msg: 'answered' }
  expect(line(record)).toBe('INFO  answered req={"method":"GET","path":"/"} statusCode=200\n')
  expect(line({ level: 40, msg: 'careful' })).toBe('WARN  careful\n')
  expect(line({ msg: '', err: null })).toBe('INFO\n')
})

test('each level has its name, and one of a library its number', () => {
  const levels = [10, 20, 30, 40, 50, 60, 35]
  expect(levels.map((level) => line({ level, msg: 'a' }).trimEnd())).toEqual([
    'TRACE a',
    'DEBUG a',
    'INFO  a',
    'WARN  a',
    'ERROR a',
    'FATAL a',
    '35    a',
  ])
})

test('an error has its stack below', () => {
  expect(line({ level: 50, msg: 'failed', err: { message: 'no', stack: 'Error: no\n    at x' } })).toBe(
    'ERROR failed\n    Error: no\n        at x\n',
  )
})

test('nothing in it moves the cursor, begins a line or turns the text around', () => {
  const text = line({ msg: 'a\nb\u001B[2J\u202Egpj.exe', err: { message: 'x\u009Bc' }, subject: 'é 😀' })
  expect(text).toBe('INFO  a<U+000A>b<U+001B>[2J<U+202E>gpj.exe subject=é 😀\n    x<U+009B>c\n')
})

test.each(['{"level":30,"msg":"cut o', 'Debugger\u001B[2J listening', 'null', '7', '"a"'])(
  '%j, which is not a line of the log, stays as it is',
  (text) => {
    expect(terminalLine(`${text}\n`)).toBe(`${text.replace('\u001B', '<U+001B>')}\n`)
  },
)
