import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder, scratchFolderForFile } from '@sealwright/test-kit/folders'
import { isFull } from '@sealwright/test-kit/full'
import { beforeAll, describe, expect, test } from 'vitest'
import { chainPlaceholder } from '../../src/format/chain.ts'
import { parseFileName } from '../../src/format/file-names.ts'
import { openAuditLog } from '../../src/index.ts'
import { Splitter } from '../../src/verifier/read-lines.ts'
import { Findings } from '../../src/verifier/report.ts'
import { StreamVerifier } from '../../src/verifier/stream-verifier.ts'
import {
  entry,
  filesOf,
  found,
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
/** A log with batches of one and of several tokens, in one file. */
let bytes: Buffer
let lines: readonly string[]
beforeAll(async () => {
  const log = await openAuditLog({ folder: made(), signer })
  await log.record(entry(1))
  await Promise.all([2, 3, 4].map((each) => log.record(entry(each))))
  await log.record(entry(5))
  await log.close()
  bytes = readFileSync(pathOf(made()))
  lines = linesOf(pathOf(made()))
})

/** A copy of the log that is changed. */
function changed(change: (path: string) => void): string {
  const folder = scratchFolder()
  const [name = ''] = filesOf(made())
  copyFileSync(join(made(), name), join(folder, name))
  change(join(folder, name))
  return folder
}

const withLines = (change: (lines: string[]) => readonly string[]): string =>
  changed((path) => writeLines(path, change([...lines])))

test('a log as it was written has no findings', async () => {
  const { ok, streams, findings } = await verify(made())
  expect(findings).toEqual([])
  expect(ok).toBe(true)
  expect(streams).toMatchObject([{ files: 1, lines: 10, tokens: 5, sealed: { sequence: 9 }, isClosed: true }])
  expect(lines).toHaveLength(10)
})

/** Every byte at night, and otherwise every seventh. */
const places = (): readonly number[] => [...bytes.keys()].filter((at) => isFull || at % 7 === 0)

test('every byte that is changed is found', () => {
  const copy = Buffer.from(bytes)
  const missed = places().filter((at) => {
    const byte = bytes[at] ?? 0
    copy[at] = byte ^ 1
    const isFound = foundIn(copy).length > 0
    copy[at] = byte
    return !isFound
  })
  expect(missed).toEqual([])
  expect(foundIn(copy)).toEqual([])
})

test('every end that is cut off is found', () => {
  const missed = places().filter(
    (at) => at > 0 && !foundIn(bytes.subarray(0, at)).includes('warning open-end'),
  )
  expect(missed).toEqual([])
})

describe.each(Array.from({ length: 10 }, (_, index) => index))('line %# of the log', (index) => {
  /** The last line has nothing after it that could prove it. */
  const isLast = index === 9

  test('is found when it is removed', async () => {
    const result = await found(withLines((all) => all.toSpliced(index, 1)))
    expect(result.join()).toMatch(isLast ? /^warning open-end$/ : /error/)
  })

  test('is found when it is there twice', async () => {
    expect((await found(withLines((all) => all.toSpliced(index, 0, all[index] ?? '')))).join()).toContain(
      'error',
    )
  })
})

test.each(Array.from({ length: 9 }, (_, index) => index))(
  'line %# is found when it changes places with the next one',
  async (index) => {
    const result = await found(
      withLines((all) => all.toSpliced(index, 2, all[index + 1] ?? '', all[index] ?? '')),
    )
    expect(result.join()).toContain('error')
  },
)

test.each([3, 4, 6, 7])(
  'line %# is found when another token is put into it and the whole chain is computed again',
  async (index) => {
    const folder = withLines((all) =>
      rechained(all.with(index, (all[index] ?? '').replace(/"digest":"./, '"digest":"_'))),
    )
    expect(await found(folder)).toEqual(['error seal-invalid 10', 'warning open-end'])
  },
)

test('a token that is added is found when the whole chain is computed again', async () => {
  const extra = (lines[3] ?? '').replace('jti-1', 'jti-x')
  const folder = withLines((all) => rechained(renumbered(all.toSpliced(4, 0, extra))))
  expect(await found(folder)).toEqual(['error seal-invalid 11', 'warning open-end'])
})

test('tokens of a stream that has no seal at all are an error: a stream is sealed before its first token', async () => {
  const folder = withLines((all) =>
    rechained(renumbered(all.filter((line) => !line.includes('"event":"seal"')))),
  )
  expect(await found(folder)).toEqual(['error seals-missing', 'warning open-end'])
  const { findings, streams } = await verify(folder)
  expect(streams[0]?.sealed).toBeNull()
  expect(findings[1]?.message).toBe(
    'the last seal is missing; no seal is valid, and 5 token(s) follow it. Lines cut off at the end cannot be detected',
  )
})

test('tokens that go on for long without a seal are an error', async () => {
  const folder = withLines((all) =>
    rechained(renumbered(fromNextCentury(all).filter((line) => !line.includes('"event":"seal"')))),
  )
  expect(await found(folder)).toEqual(['error seals-missing', 'warning open-end'])
})

test('later seals that are taken out, with the chain computed again, leave tokens without a seal', async () => {
  const folder = withLines((all) =>
    rechained(renumbered(all.filter((line, index) => index < 3 || !line.includes('"event":"seal"')))),
  )
  expect(await found(folder)).toEqual(['warning open-end'])
})

test('tokens that a late seal covers are no error: the key was away, or the machine was suspended', async () => {
  let now = Date.parse('2026-11-26T12:00:00Z')
  const folder = scratchFolder()
  const log = await openAuditLog({ folder, signer, clock: () => new Date(now) })
  await log.record(entry(1))
  now += 86_400_000
  await log.record(entry(2))
  await log.close()
  expect(await found(folder)).toEqual([])
})

test.each([
  { sealInterval: 600, missing: 6_060 },
  { sealInterval: 1, missing: 70 },
])('a seal every $sealInterval s is missing after $missing s', async ({ sealInterval, missing }) => {
  const foundAfter = async (seconds: number): Promise<readonly string[]> => {
    let now = Date.parse('2026-11-26T12:00:00Z')
    const folder = scratchFolder()
    const log = await openAuditLog({ folder, signer, sealInterval, clock: () => new Date(now) })
    await log.record(entry(1))
    now += seconds * 1000
    await log.record(entry(2))
    const findings = await found(folder)
    await log.close()
    return findings
  }
  expect(await foundAfter(missing)).toEqual(['warning open-end'])
  expect(await foundAfter(missing + 1)).toEqual(['error seals-missing', 'warning open-end'])
})

test('a line that is nested thousands of times is one that the writer would not write', async () => {
  const nested = `{"a":${'['.repeat(30_000)}${']'.repeat(30_000)}`
  const folder = withLines((all) => rechained(all.with(9, `${nested}${chainPlaceholder}`)))
  expect(await found(folder)).toContain('error line-invalid 10')
  // Nor does it keep a server from starting.
  await writeLog(1, { folder })
})

test('a seal by another key is found, even where the log has that key', async () => {
  const folder = await writeLog(1, { signer: newSigner() })
  expect(await found(folder)).toEqual(['error seal-untrusted 3', 'warning open-end'])
})

test('a line that the writer would not write is found, even where the chain is right', async () => {
  const wordy = withLines((all) => rechained(all.with(3, (all[3] ?? '').replace('"jti"', '"extra":1,"jti"'))))
  expect(await found(wordy)).toContain('error line-invalid 4')
  const spaced = withLines((all) => rechained(all.with(3, (all[3] ?? '').replace('"jti":', '"jti": '))))
  expect(await found(spaced)).toContain('error line-invalid 4')
})

test('lines behind the end of the stream are found', async () => {
  const folder = withLines((all) => rechained(renumbered([...all, all[3] ?? ''])))
  expect(await found(folder)).toEqual(['error line-invalid 11', 'warning open-end'])
})

test('a message says which lines are missing', async () => {
  const { findings } = await verify(withLines((all) => all.toSpliced(3, 2)))
  expect(findings[0]).toMatchObject({
    id: 'chain-broken',
    line: 4,
    message:
      'lines 4 to 5 are not as the server wrote them: line 4 has the number 6 after 3, so 2 line(s) before it are missing',
  })
})

describe('a batch that is not complete', () => {
  test('is torn at the end of the file', async () => {
    const folder = changed((path) => truncateSync(path, bytes.indexOf('jti-3')))
    expect(await found(folder)).toEqual(['warning torn 5', 'warning open-end'])
  })

  test('is an error with lines after it', async () => {
    const folder = withLines((all) => all.with(4, (all[4] ?? '').slice(0, 50)))
    expect((await found(folder)).join()).toContain('error chain-broken 5')
  })
})

function several(): Promise<string> {
  return writeLog(12, { maximumFileSize: 1024 })
}

describe('a stream of several files', () => {
  test('has one chain', async () => {
    const folder = await several()
    const { findings, streams } = await verify(folder)
    expect(findings).toEqual([])
    expect(streams).toMatchObject([{ files: filesOf(folder).length, tokens: 12 }])
    expect(filesOf(folder).length).toBeGreaterThan(3)
  })

  test.each([
    ['first', 0, ['error file-missing']],
    ['second', 1, ['error file-missing']],
  ] as const)('is found without its %s file', async (_, index, expected) => {
    const folder = await several()
    rmSync(pathOf(folder, index))
    expect(await found(folder)).toEqual(expected)
  })

  test('has no end without its last file', async () => {
    const folder = await several()
    rmSync(pathOf(folder, filesOf(folder).length - 1))
    expect(await found(folder)).toEqual(['warning open-end'])
  })

  test('is found with two files that changed places', async () => {
    const folder = await several()
    const [first, second] = [pathOf(folder, 1), pathOf(folder, 2)]
    renameSync(first, `${first}.x`)
    renameSync(second, first)
    renameSync(`${first}.x`, second)
    expect((await found(folder)).join()).toContain('error line-invalid 1')
  })

  test('is found with a file that has lost its last line', async () => {
    const folder = await several()
    const path = pathOf(folder, 1)
    writeLines(path, linesOf(path).slice(0, -1))
    const { findings } = await verify(folder)
    expect(findings[0]).toMatchObject({ id: 'chain-broken', file: filesOf(folder)[2], line: 1 })
    expect(findings).toHaveLength(1)
  })

  test('is found with text at the end of a file', async () => {
    const folder = await several()
    appendFileSync(pathOf(folder, 1), 'junk')
    expect(await found(folder)).toEqual([expect.stringMatching(/^warning torn/)])
  })
})

/** As {@link found}, without a file, which is faster. */
function foundIn(content: Buffer): readonly string[] {
  const file = parseFileName(filesOf(made())[0] ?? '')
  if (file === null) throw new Error('the log has no file')
  const findings = new Findings()
  const trusted = new Set([signer.keyId])
  const verifier = new StreamVerifier({
    stream: file.stream,
    findings,
    claims: new Map(),
    trusted,
    onKey: () => undefined,
  })
  const splitter = new Splitter((line) => verifier.line(line))
  verifier.beginFile(file, false)
  splitter.add(content)
  splitter.end()
  verifier.endFile()
  verifier.end()
  return findings.list.map(({ severity, id }) => `${severity} ${id}`)
}

/** The lines, of which those from the eighth on were written much later. */
function fromNextCentury(all: readonly string[]): string[] {
  return all.map((line, index) =>
    index < 7 ? line : line.replace(/"time":"[^"]*"/, '"time":"2100-01-01T00:00:00.000Z"'),
  )
}
