import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failure, rejection } from '../src/errors.ts'
import { scratchFolder, scratchFolderForFile } from '../src/folders.ts'
import { lacks, run, runForBytes, tryRun } from '../src/tools.ts'

const node = process.execPath

test('a command that is missing is lacking, alone or beside one that is there', () => {
  expect(lacks('sh')).toBe(false)
  expect(lacks('no-such-command')).toBe(true)
  expect(lacks('sh', 'no-such-command')).toBe(true)
})

test('a command gets its arguments and its input', () => {
  const script = 'process.stdin.pipe(process.stdout); process.stdout.write(process.argv.slice(1).join("|"))'
  expect(run([node, ['-e', script, 'a b'], 'c'], 'input')).toBe('a b|cinput')
  expect(runForBytes([node, '-e', 'process.stdout.write(Buffer.of(255))'])).toEqual(Buffer.of(255))
})

test('a command that fails throws with all it printed, or returns it', () => {
  const command = [node, '-e', 'console.log("out"); console.error("err"); process.exitCode = 3']
  expect(() => run(command)).toThrow(/ended with 3:\nout\n\nerr\n/)
  expect(tryRun(command)).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' })
})

test('a command that cannot be started is not taken for one that ran', () => {
  expect(() => run('no-such-command')).toThrow('ENOENT')
  expect(tryRun('no-such-command')).toEqual({ status: null, stdout: '', stderr: '' })
})

describe('folders', () => {
  let removed = ''
  const shared = scratchFolderForFile()

  test('are for their owner alone', () => {
    removed = scratchFolder()
    writeFileSync(join(removed, 'file'), '')
    writeFileSync(join(shared(), 'file'), '')
    expect(statSync(removed).mode & 0o777).toBe(0o700)
  })

  test('are removed after the test, or after all tests of the file', () => {
    expect(existsSync(removed)).toBe(false)
    expect(existsSync(join(shared(), 'file'))).toBe(true)
  })
})

test('failures are told from results and from other errors', async () => {
  const error = Object.assign(new Error('no such key'), { name: 'SealwrightError', code: 'NOT_FOUND' })
  expect(await failure('NOT_FOUND', () => Promise.reject(error))).toBe('no such key')
  await expect(failure('ACCESS_DENIED', () => Promise.reject(error))).rejects.toBe(error)
  await expect(failure('NOT_FOUND', () => 1)).rejects.toThrow('got the result 1')
  expect(await rejection(Promise.reject(error))).toBe(error)
  await expect(rejection(Promise.resolve())).rejects.toThrow('did not reject')
})
