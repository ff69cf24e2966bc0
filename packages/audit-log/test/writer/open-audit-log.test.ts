import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacksModes } from '@sealwright/test-kit/tools'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  checkAuditFolder,
  openAuditLog,
  type AuditEntry,
  type AuditLogEvent,
  type AuditLogOptions,
} from '../../src/index.ts'
import {
  digestOf,
  entry,
  filesOf,
  linesOf,
  newSigner,
  pathOf,
  signer,
  verify,
  writeLog,
} from '../support/logs.ts'

test('a line has the jti, the kid, the client and the digest of the signing input', async () => {
  const folder = join(scratchFolder(), 'new', 'audit')
  const log = await openAuditLog({ folder, signer })
  const unusual = { ...entry('"\n\u2028é'), clientId: 'a "client" \\' }
  await log.record(unusual)
  await log.record({ ...entry(2), signingInput: Buffer.from(entry(2).signingInput) })
  await log.close()
  const [, , , first = '', second = ''] = linesOf(pathOf(folder))
  expect(JSON.parse(first)).toMatchObject({
    jti: unusual.jti,
    kid: unusual.keyId,
    client_id: unusual.clientId,
    digest: digestOf(unusual),
  })
  expect(JSON.parse(second)).toMatchObject({ jti: 'jti-2', digest: digestOf(entry(2)) })
  expect((await verify(folder)).findings).toEqual([])
})

test.skipIf(lacksModes)('a new folder has mode 700 [needs POSIX modes]', async () => {
  const folder = join(scratchFolder(), 'audit')
  await writeLog(0, { folder })
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test.skipIf(lacksModes)(
  'a folder in which every user may delete files is refused [needs POSIX modes]',
  async () => {
    const folder = scratchFolder()
    chmodSync(folder, 0o777)
    await expect(openAuditLog({ folder, signer })).rejects.toMatchObject({
      code: 'UNSAFE_PERMISSIONS',
      message: `every user may delete files in the audit folder ${folder}; run: chmod o-w ${folder}`,
    })
    await expect(checkAuditFolder(folder)).rejects.toMatchObject({ code: 'UNSAFE_PERMISSIONS' })
    // In a folder such as /tmp only the owner may.
    chmodSync(folder, 0o1777)
    await checkAuditFolder(folder)
    await writeLog(0, { folder })
  },
)

test('a path with `..` names the folder that it leads to', async () => {
  const scratch = scratchFolder()
  const log = await openAuditLog({ folder: `${scratch}/none/../new/audit`, signer })
  await log.close()
  expect(readdirSync(scratch)).toEqual(['new'])
  expect(readdirSync(join(scratch, 'new', 'audit'))).not.toEqual([])
})

test('a folder that is a file is refused', async () => {
  const folder = join(scratchFolder(), 'file')
  writeFileSync(folder, '')
  for (const place of [folder, join(folder, 'audit')]) {
    await expect(openAuditLog({ folder: place, signer })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(checkAuditFolder(place)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  }
})

test('a check of the folder creates neither folders nor files', async () => {
  const folder = scratchFolder()
  await checkAuditFolder(join(folder, 'new', 'audit'))
  await checkAuditFolder(folder)
  expect(readdirSync(folder)).toEqual([])
  await expect(checkAuditFolder('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test.each<[string, Partial<Record<keyof AuditLogOptions, unknown>>, string]>([
  ['no folder', { folder: '' }, 'options.folder must be the path of a folder'],
  ['no signer', { signer: undefined }, 'options.signer must be a Signer'],
  [
    'an interval of zero',
    { sealInterval: 0 },
    'options.sealInterval must be a whole number of seconds from 1 to 3600',
  ],
  ['a tiny file', { maximumFileSize: 1 }, 'options.maximumFileSize must be a whole number of bytes'],
])('%s is refused', async (_, options, message) => {
  const folder = join(scratchFolder(), 'audit')
  const all = { folder, signer, ...options } as AuditLogOptions
  await expect(openAuditLog(all)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(openAuditLog(all)).rejects.toThrow(message)
  expect(() => statSync(folder)).toThrow('ENOENT')
})

test.each<[string, Partial<Record<keyof AuditEntry, unknown>>]>([
  ['entry.jti', { jti: '' }],
  ['entry.jti', { jti: 'x'.repeat(1025) }],
  ['entry.keyId', { keyId: undefined }],
  ['entry.clientId', { clientId: 7 }],
  ['entry.signingInput', { signingInput: '' }],
  ['entry.signingInput', { signingInput: {} }],
])('an invalid %s is refused, and nothing is written', async (name, change) => {
  const folder = scratchFolder()
  const log = await openAuditLog({ folder, signer })
  const recording = log.record({ ...entry(1), ...change } as AuditEntry)
  await expect(recording).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(recording).rejects.toThrow(`${name} must be`)
  await log.close()
  expect((await verify(folder)).streams).toMatchObject([{ tokens: 0 }])
})

test('the last lines of other streams are in the first line', async () => {
  const folder = await writeLog(2)
  const [before] = (await verify(folder)).streams
  mkdirSync(join(folder, 'audit-20260101T000000Z-0123456789abcdef.000001.jsonl'))
  writeFileSync(join(folder, 'audit-20260102T000000Z-0123456789abcdef.000001.jsonl'), 'not a line\n')
  const log = await openAuditLog({ folder, signer })
  await log.close()
  const path = pathOf(
    folder,
    filesOf(folder).findIndex((name) => name.includes(log.stream)),
  )
  expect(JSON.parse(linesOf(path)[0] ?? '')).toMatchObject({
    seen: [{ stream: before?.stream, ...before?.head }],
  })
})

test('a log that is closed takes nothing more, and closes once', async () => {
  const log = await openAuditLog({ folder: scratchFolder(), signer })
  await Promise.all([log.close(), log.close()])
  await log.close()
  expect(() => log.assertWritable()).toThrow('the audit log is closed')
  await expect(log.record(entry(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

describe('seals', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  test('follow each interval with tokens, and are by the key that signs then', async () => {
    const folder = scratchFolder()
    const other = newSigner()
    let current = signer
    const sealed: AuditLogEvent[] = []
    const onEvent = (event: AuditLogEvent): void => void (event.type === 'sealed' && sealed.push(event))
    const log = await openAuditLog({ folder, signer: () => current, sealInterval: 5, onEvent })
    expect(sealed).toHaveLength(1)
    vi.advanceTimersByTime(60_000)
    await log.record(entry(1))
    expect(sealed).toHaveLength(1)
    current = other
    vi.advanceTimersByTime(5000)
    await vi.waitUntil(() => sealed.length === 2)
    expect(sealed[1]).toMatchObject({ type: 'sealed', stream: log.stream, sequence: 5 })
    const { streams } = await verify(folder)
    // The other key is not trusted here.
    expect(streams).toMatchObject([{ sealed: { sequence: 2 } }])
    current = signer
    await log.close()
    expect((await verify(folder)).streams).toMatchObject([{ sealed: { sequence: 7 }, isClosed: true }])
  })

  test('that fail are reported and made later, and tokens go on', async () => {
    const folder = scratchFolder()
    const events: string[] = []
    let isDown = false
    const failing = { ...signer, sign: () => Promise.reject(new Error('the vault is down')) }
    const log = await openAuditLog({
      folder,
      signer: () => (isDown ? failing : signer),
      onEvent: ({ type }) => events.push(type),
    })
    isDown = true
    await log.record(entry(1))
    vi.advanceTimersByTime(10_000)
    await vi.waitUntil(() => events.includes('seal-failed'))
    await log.record(entry(2))
    isDown = false
    vi.advanceTimersByTime(10_000)
    await vi.waitUntil(() => events.at(-1) === 'sealed')
    await log.close()
    expect(events).toEqual(['opened', 'sealed', 'seal-failed', 'sealed', 'sealed'])
    expect((await verify(folder)).findings).toEqual([])
  })

  test('are made later and the log closes, though a signer ignores its deadline', async () => {
    const folder = scratchFolder()
    const deadlines: AbortController[] = []
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
      const deadline = new AbortController()
      deadlines.push(deadline)
      return deadline.signal
    })
    onTestFinished(() => timeout.mockRestore())
    const events: AuditLogEvent[] = []
    const hanging = { ...signer, sign: () => new Promise<never>(() => undefined) }
    let current: typeof signer | typeof hanging = signer
    const log = await openAuditLog({
      folder,
      signer: () => current,
      onEvent: (event) => void events.push(event),
    })
    current = hanging
    await log.record(entry(1))
    vi.advanceTimersByTime(10_000)
    await vi.waitUntil(() => deadlines.length === 2)
    deadlines[1]?.abort(new Error('timed out'))
    await vi.waitUntil(() => events.at(-1)?.type === 'seal-failed')
    expect(events.at(-1)).toMatchObject({ error: { message: 'timed out' } })
    current = signer
    vi.advanceTimersByTime(10_000)
    await vi.waitUntil(() => events.at(-1)?.type === 'sealed')
    current = hanging
    const closing = log.close()
    await vi.waitUntil(() => deadlines.length === 4)
    deadlines[3]?.abort(new Error('timed out'))
    await closing
    expect(events.at(-1)?.type).toBe('seal-failed')
    expect((await verify(folder)).streams).toMatchObject([{ tokens: 1, isClosed: true }])
  })

  test('that cannot be made at first are an error', async () => {
    const failing = { ...signer, sign: () => Promise.reject(new Error('the vault is down')) }
    await expect(openAuditLog({ folder: scratchFolder(), signer: failing })).rejects.toThrow(
      'the vault is down',
    )
  })

  test('are left out at the end when the key is away', async () => {
    const folder = scratchFolder()
    let isDown = false
    const failing = { ...signer, sign: () => Promise.reject(new Error('the vault is down')) }
    const events: string[] = []
    const log = await openAuditLog({
      folder,
      signer: () => (isDown ? failing : signer),
      onEvent: ({ type }) => events.push(type),
    })
    isDown = true
    await log.close()
    expect(events.at(-1)).toBe('seal-failed')
    expect((await verify(folder)).findings).toMatchObject([
      { id: 'open-end', message: expect.stringMatching(/^the last seal is missing/) as unknown },
    ])
  })
})

test.each<[string, () => void | Promise<void>]>([
  [
    'throws',
    () => {
      throw new Error('no room')
    },
  ],
  ['rejects', () => Promise.reject(new Error('no room'))],
])('a listener that %s is a warning, and every line is written', async (_, onEvent) => {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
  onTestFinished(() => warn.mockRestore())
  const events: string[] = []
  const folder = await writeLog(3, {
    maximumFileSize: 1024,
    onEvent({ type }) {
      events.push(type)
      return onEvent()
    },
  })
  expect(await verify(folder)).toMatchObject({ ok: true, findings: [], streams: [{ tokens: 3 }] })
  await new Promise((resolve) => setImmediate(resolve))
  expect(events.length).toBeGreaterThan(2)
  expect(warn.mock.calls).toEqual(events.map(() => ['onEvent of the audit log failed: no room']))
})
