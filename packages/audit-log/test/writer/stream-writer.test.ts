import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { publicJwk } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import type { Head } from '../../src/format/chain.ts'
import { fragment } from '../../src/format/lines.ts'
import { signSeal } from '../../src/format/seal.ts'
import { verifyAuditLog } from '../../src/index.ts'
import { createLogFile, type LogFile } from '../../src/writer/log-file.ts'
import { StreamWriter, type StreamOptions } from '../../src/writer/stream-writer.ts'
import { filesOf, found, linesOf, pathOf, signer } from '../support/logs.ts'

/** These streams have no seals: a sealed log is written by what is above a stream. */
const unsealed = ['error seals-missing', 'warning open-end']

let now = 0
function writer(options: Partial<StreamOptions> = {}): {
  readonly writer: StreamWriter
  readonly folder: string
} {
  const folder = scratchFolder()
  now = Date.parse('2026-11-26T12:00:00Z')
  const stream = new StreamWriter({
    folder,
    durable: false,
    maximumFileSize: 2 ** 20,
    maximumFileAge: 60_000,
    sealInterval: 10,
    seen: [],
    clock: () => new Date(now),
    onOpened: () => undefined,
    ...options,
  })
  return { writer: stream, folder }
}

const token = (name: string): string =>
  fragment({ jti: name, kid: 'kid', client_id: 'shop', digest: 'd'.repeat(43) })

/** Files whose next append fails after so many bytes, as on a full disk. */
function failing(): {
  readonly createFile: (path: string) => Promise<LogFile>
  readonly failAfter: (bytes: number) => void
  readonly flushes: () => number
} {
  let left: number | null = null
  let flushes = 0
  return {
    failAfter: (bytes) => (left = bytes),
    flushes: () => flushes,
    async createFile(path) {
      const file = await createLogFile(path)
      return {
        ...file,
        async append(bytes) {
          if (left === null) return file.append(bytes)
          const part = bytes.subarray(0, left)
          left = null
          await file.append(part)
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
        },
        async flush() {
          flushes++
          await file.flush()
        },
      }
    },
  }
}

/** A stream whose second file continues from before the last batch of the first one: a token and a mark. */
async function takenBack(): Promise<ReturnType<typeof writer> & { readonly head: Head }> {
  const { createFile, failAfter } = failing()
  const made = writer({ createFile })
  await made.writer.write([token('a')])
  failAfter(10_000)
  await expect(made.writer.write([token('b'), fragment({ event: 'mark' })])).rejects.toThrow('ENOSPC')
  const { sequence, chain } = JSON.parse(linesOf(pathOf(made.folder)).at(-1) ?? '') as Head
  return { ...made, head: { sequence, chain } }
}

test('the first line opens the stream, and only the last line of a batch has a chain value', async () => {
  const { writer: stream, folder } = writer()
  await stream.write([token('a'), token('b')])
  await stream.write([token('c')])
  await stream.close()
  const lines = linesOf(pathOf(folder))
  expect(lines.map((line) => line.includes('"chain":"'))).toEqual([false, false, true, true])
  expect(lines.map((line) => (JSON.parse(line) as { sequence: number }).sequence)).toEqual([1, 2, 3, 4])
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    time: '2026-11-26T12:00:00.000Z',
    event: 'open',
    stream: stream.stream,
    file: 1,
    previous: null,
    pid: process.pid,
    seal_interval: 10,
  })
  expect(stream.head).toEqual({ sequence: 4, chain: (JSON.parse(lines[3] ?? '') as { chain: string }).chain })
  expect(filesOf(folder)).toEqual([`audit-${stream.stream}.000001.jsonl`])
})

test.skipIf(lacksModes)('a file has mode 600 [needs POSIX modes]', async () => {
  const { writer: stream, folder } = writer()
  await stream.write([token('a')])
  expect(statSync(pathOf(folder)).mode & 0o777).toBe(0o600)
  await stream.close()
})

describe('the next file begins', () => {
  test('when this one is large enough', async () => {
    const { writer: stream, folder } = writer({ maximumFileSize: 1000 })
    for (let each = 0; each < 8; each++) {
      // oxlint-disable-next-line no-await-in-loop
      await stream.write([token(`${each}`)])
    }
    await stream.close()
    expect(filesOf(folder).length).toBeGreaterThan(1)
    // A batch is never split, so each file has at most one more than its size.
    for (const name of filesOf(folder)) expect(statSync(join(folder, name)).size).toBeLessThan(1500)
    expect(await found(folder)).toEqual([...unsealed])
  })

  test('when this one is old enough, unless the clock was set back', async () => {
    const { writer: stream, folder } = writer()
    await stream.write([token('a')])
    now -= 3_600_000
    await stream.write([token('b')])
    expect(filesOf(folder)).toHaveLength(1)
    now += 3_600_000 + 60_000
    await stream.write([token('c')])
    await stream.close()
    expect(filesOf(folder)).toHaveLength(2)
    const [first] = linesOf(pathOf(folder, 1))
    expect(JSON.parse(first ?? '')).toMatchObject({ file: 2, previous: { file: 1, sequence: 3 }, seen: [] })
  })
})

test('a name that is taken is an error, and the file there stays as it is', async () => {
  const { writer: stream, folder } = writer({ maximumFileSize: 1 })
  await stream.write([token('a')])
  const next = join(folder, `audit-${stream.stream}.000002.jsonl`)
  writeFileSync(next, 'theirs')
  await expect(stream.write([token('b')])).rejects.toMatchObject({ code: 'EEXIST' })
  expect(readFileSync(next, 'utf8')).toBe('theirs')
  rmSync(next)
  await stream.write([token('b')])
  await stream.close()
  expect(await found(folder)).toEqual([...unsealed])
})

describe('after a write that failed', () => {
  test('an unchanged file is used again', async () => {
    const { createFile, failAfter } = failing()
    const { writer: stream, folder } = writer({ createFile })
    await stream.write([token('a')])
    const { head } = stream
    failAfter(0)
    await expect(stream.write([token('b')])).rejects.toThrow('ENOSPC')
    expect(stream.head).toEqual(head)
    await stream.write([token('c')])
    await stream.close()
    expect(filesOf(folder)).toHaveLength(1)
    expect(linesOf(pathOf(folder)).join()).not.toContain('"jti":"b"')
    expect(await found(folder)).toEqual([...unsealed])
  })

  test.each([
    ['half a line', 30, 'warning torn 3'],
    ['the whole batch', 10_000, 'warning torn 1'],
  ])('a file with %s of it is left as it is', async (_, bytes, torn) => {
    const { createFile, failAfter } = failing()
    const { writer: stream, folder } = writer({ createFile })
    await stream.write([token('a')])
    failAfter(bytes)
    await expect(stream.write([token('b')])).rejects.toThrow('ENOSPC')
    await stream.write([token('c')])
    await stream.close()
    expect(filesOf(folder)).toHaveLength(2)
    expect(await found(folder)).toEqual([torn, ...unsealed])
  })

  test('the lines that were left do not count, unless a seal or an earlier report has them: they may have been taken back', async () => {
    const { writer: stream, folder, head } = await takenBack()
    await stream.write([token('c'), token('d')])
    expect(await found(folder)).toEqual(['warning torn 1', ...unsealed])
    const expected = [{ stream: stream.stream, head }]
    const { findings } = await verifyAuditLog(folder, { trustedKeys: [signer.keyId], expected })
    expect(findings.map(({ id, message }) => [id, message])).toContainEqual([
      'stream-differs',
      `the earlier report had different lines up to ${head.sequence}`,
    ])
    const jws = await signSeal(signer, stream.stream, head, new AbortController().signal)
    await stream.write([fragment({ event: 'seal', jws, jwk: publicJwk(signer.publicKey) })])
    await stream.close()
    expect(await found(folder)).toEqual(['warning torn 1', 'error seal-invalid 4', 'warning open-end'])
  })

  test('a first line that is cut off is followed by the next file', async () => {
    const { createFile, failAfter } = failing()
    const { writer: stream, folder } = writer({ createFile })
    failAfter(30)
    await expect(stream.write([token('a')])).rejects.toThrow('ENOSPC')
    await stream.write([token('b')])
    await stream.close()
    expect(linesOf(pathOf(folder, 1))).toHaveLength(2)
    expect(await found(folder)).toEqual(['warning torn 1', ...unsealed])
  })
})

test('a durable batch is flushed', async () => {
  for (const durable of [true, false]) {
    const { createFile, flushes } = failing()
    const { writer: stream } = writer({ createFile, durable })
    // oxlint-disable-next-line no-await-in-loop
    await stream.write([token('a')])
    // oxlint-disable-next-line no-await-in-loop
    await stream.close()
    expect(flushes()).toBe(durable ? 1 : 0)
  }
})

test.each([
  ['deleted', (path: string) => rmSync(path), ['error file-missing', 'warning open-end']],
  ['changed', (path: string) => appendFileSync(path, 'junk\n'), ['warning torn 3', ...unsealed]],
])(
  'a file that was %s by another program is noticed, and the next one goes on',
  async (_, change, expected) => {
    const { writer: stream, folder } = writer()
    expect(await stream.isIntact()).toBe(true)
    await stream.write([token('a')])
    expect(await stream.isIntact()).toBe(true)
    change(pathOf(folder))
    expect(await stream.isIntact()).toBe(false)
    await stream.write([token('b')])
    await stream.close()
    expect(await found(folder)).toEqual(expected)
  },
)
