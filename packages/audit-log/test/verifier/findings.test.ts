import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder, scratchFolderForFile } from '@sealwright/test-kit/folders'
import { beforeAll, describe, expect, test } from 'vitest'
import { formatFileName, parseFileName } from '../../src/format/file-names.ts'
import { openAuditLog, verifyAuditLog, type AuditStream } from '../../src/index.ts'
import {
  entry,
  filesOf,
  linesOf,
  newSigner,
  pathOf,
  rechained,
  renumbered,
  signer,
  verify,
  writeLines,
  writeLog,
} from '../support/logs.ts'

const made = scratchFolderForFile()
/** A log that was closed, in one file: open, mark, seal, three tokens, close and seal. */
let lines: readonly string[]
let name: string
let stream: string
beforeAll(async () => {
  const log = await openAuditLog({ folder: made(), signer, clock: () => new Date('2026-11-26T12:00:00Z') })
  for (let each = 1; each <= 3; each++) {
    // oxlint-disable-next-line no-await-in-loop
    await log.record(entry(each))
  }
  await log.close()
  lines = linesOf(pathOf(made()))
  name = filesOf(made())[0] ?? ''
  stream = parseFileName(name)?.stream ?? ''
})

/** The messages of the errors and warnings that a log with these lines has. */
async function messagesOf(all: readonly string[], as = name): Promise<readonly string[]> {
  const folder = scratchFolder()
  writeLines(join(folder, as), all)
  return (await verify(folder)).findings.map(({ message }) => message)
}

const without = (line: string): string => line.replace(/,"chain":"[^"]*"\}$/, '}')

describe('lines that the writer would not write are named', () => {
  test.each<[string, (all: readonly string[]) => string[], string]>([
    [
      'no line',
      (all) => all.with(3, '{"a":1}'.replace('}', (all[3] ?? '').slice(-55))),
      'line 4 is not a line of an audit log',
    ],
    [
      'a second opening',
      (all) => renumbered(all.toSpliced(4, 0, all[0] ?? '')),
      'line 5 is an open line, but only line 1 of a file may be one',
    ],
    ['no opening', (all) => renumbered(all.slice(1)), 'line 1 is not an open line'],
    [
      'a line after the end',
      (all) => renumbered([...all, all[3] ?? '']),
      'line 9 follows the end of the stream',
    ],
    [
      'a second seal after the end',
      (all) => renumbered([...all, all[7] ?? '']),
      'line 9 follows the end of the stream',
    ],
    [
      'two seals in a batch',
      (all) => renumbered(all.toSpliced(2, 0, without(all[2] ?? ''))),
      'line 4 is a second seal',
    ],
    [
      'a copy',
      (all) => all.toSpliced(4, 0, all[3] ?? ''),
      'line 5 has the number 4 after 4, so it is a copy or in the wrong place',
    ],
    [
      'a gap',
      (all) => all.toSpliced(3, 2),
      'line 4 has the number 6 after 3, so 2 line(s) before it are missing',
    ],
  ])('%s', async (_name, change, message) => {
    expect(await messagesOf(rechained(change(lines)))).toContain(`${message}; the writer did not write it`)
  })

  test('only the first problem of a batch, whatever follows it', async () => {
    const all = renumbered([
      ...lines.slice(0, 3),
      without(lines[2] ?? ''),
      without(lines[0] ?? ''),
      ...lines.slice(3),
    ])
    expect((await messagesOf(rechained(all))).filter((each) => each.includes('open line'))).toEqual([
      'line 5 is an open line, but only line 1 of a file may be one; the writer did not write it',
    ])
  })
})

test('a change without a trace in the numbers is named by its batch', async () => {
  expect(await messagesOf(lines.with(4, (lines[4] ?? '').replace('shop', 'shoq')))).toContain(
    'lines 5 to 5 are not as the server wrote them: at least one line was changed, removed or added',
  )
})

test('an incomplete batch at the end is counted', async () => {
  expect(await messagesOf([...lines.slice(0, 3), without(lines[3] ?? ''), '{"seq'])).toContain(
    'the file ends with 2 line(s) of an incomplete batch, whose tokens were not issued: it is being written now, or the server ' +
      'or its disk stopped there',
  )
})

describe('a file in the wrong place', () => {
  test('says the name that it had', async () => {
    for (const other of [name.replace(/.{4}\.000001/, 'ffff.000001'), formatFileName({ stream, number: 2 })])
      // oxlint-disable-next-line no-await-in-loop
      expect(await messagesOf(lines, other)).toContain(`the file was renamed: it was ${name}`)
  })

  test('says where its stream should continue', async () => {
    const folder = await writeLog(6, { maximumFileSize: 1024 })
    const [first = '', second = ''] = filesOf(folder)
    const { length } = linesOf(join(folder, first))
    const detail = async (): Promise<string | undefined> =>
      (await verify(folder)).findings.find(({ id }) => id === 'chain-broken')?.message
    const intact = linesOf(join(folder, first))
    writeLines(join(folder, first), intact.slice(0, -2))
    expect(await detail()).toBe(
      `the first line says that the stream continues after line ${length}, but the file before it ends with line ${length - 2} or was changed`,
    )
    writeFileSync(join(folder, first), '')
    expect(await detail()).toBe(
      `the first line says that the stream continues after line ${length}, but no line before it was found or was changed`,
    )
    writeLines(join(folder, first), intact)
    copyFileSync(join(folder, first), join(folder, second))
    expect(await detail()).toBe(
      `the first line says that the stream continues after line 0, but the file before it ends with line ${length} or was changed`,
    )
  })
})

test('a batch that the writer gave up and left at the end of a file does not count', async () => {
  const folder = await writeLog(6, { maximumFileSize: 1024 })
  const [expected] = (await verify(folder)).streams
  const [path, next] = [pathOf(folder), pathOf(folder, 1)]
  const all = linesOf(path)
  // Two lines of which the second ends the batch, after what the next file continues from.
  const left = (all.at(-1) ?? '').replace(/"sequence":\d+/, `"sequence":${all.length + 1}`)
  const right = left.replace(/"sequence":\d+/, `"sequence":${all.length + 2}`)
  writeLines(path, rechained([...all, without(left), right]))
  const { findings, streams } = await verify(folder)
  expect(findings).toEqual([
    {
      id: 'torn',
      severity: 'warning',
      stream: expected?.stream,
      file: filesOf(folder)[1],
      line: 1,
      message:
        'the last 2 line(s) of the file before do not count: their write failed, and their tokens were not issued',
    },
  ])
  expect(streams).toEqual([expected])
  // One batch can be given up, not two.
  writeLines(
    path,
    rechained([...linesOf(path), right.replace(/"sequence":\d+/, `"sequence":${all.length + 3}`)]),
  )
  expect((await verify(folder)).findings.map(({ id, file }) => [id, file])).toContainEqual([
    'chain-broken',
    next.slice(folder.length + 1),
  ])
})

describe('files that are missing before another', () => {
  test.each([
    [2, '000001', ''],
    [4, '000001, 000002, 000003', ''],
    [6, '000001, 000002, 000003', ' and 2 more'],
  ])('number %d', async (number, numbers, more) => {
    const folder = scratchFolder()
    copyFileSync(pathOf(made()), join(folder, formatFileName({ stream, number })))
    const names = numbers.split(', ').map((each) => name.replace('000001', each))
    expect((await verify(folder)).findings[0]).toEqual({
      id: 'file-missing',
      severity: 'error',
      stream,
      file: formatFileName({ stream, number }),
      line: null,
      message: `the files before it are missing: ${names.join(', ')}${more}`,
    })
  })
})

describe('the end of a stream', () => {
  const cut = 'Lines cut off at the end cannot be detected'

  test('that is not closed says how far it is sealed', async () => {
    expect(await messagesOf(lines.slice(0, 5))).toEqual([
      `the stream is not closed: the server is running, or was stopped; the last seal covers line 2, and 2 token(s) follow it. ${cut}`,
    ])
    expect(await messagesOf(lines.slice(0, 2))).toEqual([
      `the stream is not closed: the server is running, or was stopped; no seal is valid, and 0 token(s) follow it. ${cut}`,
    ])
  })

  test('that is closed and not sealed says so', async () => {
    expect(await messagesOf(lines.slice(0, 7))).toEqual([
      `the last seal is missing; the last seal covers line 2, and 3 token(s) follow it. ${cut}`,
    ])
  })

  test('that others had is better than none', async () => {
    const folder = scratchFolder()
    const path = join(folder, name)
    writeLines(path, lines.slice(0, 5))
    const { streams: expected } = await verify(folder)
    const told = async (): Promise<string | undefined> =>
      (await verifyAuditLog(folder, { trustedKeys: [signer.keyId], expected })).findings.at(-1)?.message
    expect(await told()).toMatch(/cannot be detected; the earlier report had the same end$/)
    writeLines(path, lines.slice(0, 6))
    expect(await told()).toMatch(/cannot be detected$/)
  })

  test('without a seal for too long, or without any, is an error', async () => {
    const late = lines.map((line, index) =>
      index < 5 ? line : line.replace(/"time":"[^"]*"/, '"time":"2100-01-01T00:00:00.000Z"'),
    )
    expect(await messagesOf(rechained(late.slice(0, 6)))).toContain(
      'no valid seal covers the tokens from 2026-11-26T12:00:00.000Z on, although the server seals every 10 s',
    )
    const unsealed = renumbered(lines.filter((line) => !line.includes('"event":"seal"')))
    expect(await messagesOf(rechained(unsealed))).toContain(
      'the stream has tokens but no seal, although the server seals a stream before its first token',
    )
  })
})

test('a stream has the times of its first and last line', async () => {
  let now = Date.parse('2026-11-26T12:00:00Z')
  const folder = scratchFolder()
  const log = await openAuditLog({ folder, signer, clock: () => new Date(now) })
  now += 1_000
  await log.record(entry(1))
  now += 1_000
  await log.close()
  expect((await verify(folder)).streams).toMatchObject([
    { from: '2026-11-26T12:00:00.000Z', to: '2026-11-26T12:00:02.000Z', isClosed: true },
  ])
})

/** The messages about the log when an earlier report had this end of a stream. */
const expecting = (head: AuditStream['head'], of = stream): Promise<readonly string[]> =>
  verifyAuditLog(made(), { trustedKeys: [signer.keyId], expected: [{ stream: of, head }] }).then(
    ({ findings }) => findings.map(({ message }) => message),
  )
const chainOf = (line: number): string => /"chain":"([^"]+)"/.exec(lines[line - 1] ?? '')?.[1] ?? ''

describe('an earlier report', () => {
  test('of any line that is there is confirmed', async () => {
    expect(await expecting(null)).toEqual([])
    for (const sequence of [2, 4, 8])
      // oxlint-disable-next-line no-await-in-loop
      expect(await expecting({ sequence, chain: chainOf(sequence) })).toEqual([])
  })

  test('of another line, or of a stream that is gone, is an error', async () => {
    expect(await expecting({ sequence: 4, chain: chainOf(5) })).toEqual([
      'the earlier report had different lines up to 4',
    ])
    expect(await expecting({ sequence: 9, chain: chainOf(8) })).toEqual([
      'the earlier report had 9 lines of the stream; 8 are there, so its end was cut off',
    ])
    const other = stream.replace(/.$/, stream.endsWith('0') ? '1' : '0')
    expect(await expecting({ sequence: 9, chain: chainOf(8) }, other)).toEqual([
      'the stream is missing: the earlier report had 9 lines of it',
    ])
  })
})

const uncheckedIn = async (folder: string): Promise<string | undefined> =>
  (await verifyAuditLog(folder)).findings.at(-1)?.message

describe('the keys that are not known', () => {
  test('are listed, the first ten', async () => {
    const folder = scratchFolder()
    const signers = Array.from({ length: 11 }, newSigner)
    for (const [index, each] of signers.entries()) {
      // oxlint-disable-next-line no-await-in-loop
      await writeLog(0, { folder, signer: each, clock: () => new Date(Date.UTC(2026, 0, 1 + index)) })
    }
    const listed = signers.slice(0, 10).map(({ keyId }) => keyId)
    expect(await uncheckedIn(folder)).toBe(
      `the seals were verified with the keys in the log itself, which proves nothing unless these keys are yours: ${listed.join(', ')}`,
    )
  })

  test('are none where nothing is sealed', async () => {
    const folder = scratchFolder()
    writeLines(join(folder, name), lines.slice(0, 2))
    expect(await uncheckedIn(folder)).toMatch(/unless these keys are yours: none$/)
  })
})

test('a folder without an audit log is named', async () => {
  const folder = scratchFolder()
  await expect(verifyAuditLog(folder)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: `there is no audit log in ${folder}: no file is named audit-….jsonl`,
  })
  renameSync(pathOf(await writeLog(0)), join(folder, 'audit-x.jsonl'))
  await expect(verifyAuditLog(folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  rmSync(join(folder, 'audit-x.jsonl'))
})
