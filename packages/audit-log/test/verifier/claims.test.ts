import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { describe, expect, test } from 'vitest'
import { openAuditLog, verifyAuditLog, type AuditFinding, type AuditStream } from '../../src/index.ts'
import { readClaims } from '../../src/verifier/claims.ts'
import { entry, filesOf, linesOf, pathOf, signer, verify, writeLines, writeLog } from '../support/logs.ts'

const trustedKeys = [signer.keyId]

/** Two logs in a folder, the second of which has seen the first one, and the path of the first. */
async function twoLogs(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await writeLog(3)
  const [name = ''] = filesOf(folder)
  await writeLog(1, { folder })
  return { folder, path: join(folder, name) }
}

const idsOf = (findings: readonly AuditFinding[]): readonly string[] => findings.map(({ id }) => id)

describe('a later stream shows', () => {
  test('that an earlier one was cut off, even right after a seal', async () => {
    const { folder, path } = await twoLogs()
    writeLines(path, linesOf(path).slice(0, 3))
    const { findings, ok } = await verify(folder)
    expect(ok).toBe(false)
    expect(idsOf(findings)).toEqual(['stream-cut', 'open-end'])
    expect(findings[0]?.message).toMatch(
      /^the stream \S+ had 8 lines of the stream; 3 are there, so its end was cut off$/,
    )
  })

  test('that an earlier one is missing', async () => {
    const { folder, path } = await twoLogs()
    rmSync(path)
    const { findings, ok } = await verify(folder)
    expect(ok).toBe(false)
    expect(idsOf(findings)).toEqual(['stream-missing'])
    expect((await verifyAuditLog(folder, { trustedKeys, archived: true })).findings).toEqual([])
  })
})

async function streamsOf(folder: string): Promise<readonly AuditStream[]> {
  return (await verify(folder)).streams
}

describe('an earlier report shows', () => {
  test('nothing in a log that has only become longer', async () => {
    const folder = await writeLog(3)
    const expected = await streamsOf(folder)
    await writeLog(1, { folder })
    expect((await verifyAuditLog(folder, { trustedKeys, expected })).findings).toEqual([])
  })

  test('that the end was cut off, or the log deleted', async () => {
    const folder = await writeLog(3)
    const expected = await streamsOf(folder)
    const path = pathOf(folder)
    writeLines(path, linesOf(path).slice(0, 3))
    expect(idsOf((await verifyAuditLog(folder, { trustedKeys, expected })).findings)).toEqual([
      'stream-cut',
      'open-end',
    ])
    rmSync(path)
    const { findings, streams } = await verifyAuditLog(folder, { trustedKeys, expected })
    expect(streams).toEqual([])
    expect(findings).toMatchObject([{ id: 'stream-missing', severity: 'error', stream: expected[0]?.stream }])
  })

  test('that a log was written anew by someone who has the key', async () => {
    const folder = await writeLog(3)
    const [first] = await streamsOf(folder)
    const head = { sequence: 8, chain: 'A'.repeat(43) }
    const expected = [{ stream: first?.stream ?? '', head }]
    expect(idsOf((await verifyAuditLog(folder, { trustedKeys, expected })).findings)).toEqual([
      'stream-differs',
    ])
  })
})

test('the first files of a stream may be archived', async () => {
  const folder = scratchFolder()
  const log = await openAuditLog({ folder, signer, maximumFileSize: 1024 })
  await log.record(entry(1))
  // Of a line that is archived later.
  const expected = await streamsOf(folder)
  for (let each = 2; each <= 24; each++) {
    // oxlint-disable-next-line no-await-in-loop
    await log.record(entry(each))
  }
  await log.close()
  const both = [...(await streamsOf(folder)), ...expected]
  for (const name of filesOf(folder).slice(0, 2)) rmSync(join(folder, name))
  expect(idsOf((await verify(folder)).findings)).toEqual(['file-missing'])
  expect((await verifyAuditLog(folder, { trustedKeys, archived: true })).findings).toEqual([])
  for (const each of [both, both.toReversed()])
    // oxlint-disable-next-line no-await-in-loop
    expect((await verifyAuditLog(folder, { trustedKeys, archived: true, expected: each })).findings).toEqual(
      [],
    )
  // But none in between.
  rmSync(pathOf(folder, 1))
  expect(idsOf((await verifyAuditLog(folder, { trustedKeys, archived: true })).findings)).toEqual([
    'file-missing',
  ])
})

describe('the memory for claims is bounded', () => {
  const stream = '20261126T120000Z-5f2c9a1b0d3e4f60'
  const claim = (sequence: number, chain: string): unknown => ({ stream, head: { sequence, chain } })
  const read = async (expected: readonly unknown[], maximum?: number): Promise<unknown> =>
    (await readClaims('./audit', new Map(), expected, maximum)).get(stream)

  test('in all', async () => {
    const three = [claim(1, 'a'), claim(2, 'a'), claim(2, 'b')]
    expect(await read([...three, ...three], 3)).toMatchObject({ size: 2 })
    await expect(read([...three, claim(3, 'a')], 3)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: './audit has 4 ends of streams, as others saw them; at most 3 are allowed',
    })
  })

  test('for a line, where two that differ prove enough', async () => {
    const many = Array.from({ length: 100 }, (_, index) => claim(7, `chain ${index}`))
    expect(await read(many, 10)).toEqual(new Map([[7, expect.objectContaining({ length: 10 })]]))
  })
})
