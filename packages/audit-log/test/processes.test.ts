import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createLocalSigner } from '@sealwright/core'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { privateKey } from '@sealwright/test-kit/keys'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { run, tryRun } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { verifyAuditLog } from '../src/index.ts'
import { filesOf, linesOf, writeLog } from './support/logs.ts'
import type { FullDisk } from './support/writer-process.ts'

const program = bundledProgram(new URL('support/writer-process.ts', import.meta.url))
const key = privateKey('ES256')
const signer = createLocalSigner(key)
const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()

test('three processes that are killed while they write have lost no token that they issued', async () => {
  const folder = scratchFolder()
  const printed = await Promise.all([1, 2, 3].map((count) => killAfter(40 * count, folder)))
  const issued = printed.flat()
  expect(issued.length).toBeGreaterThan(100)
  // The next process goes on in a file of its own, and has seen where the others ended.
  await writeLog(1, { folder, signer })

  expect(filesOf(folder)).toHaveLength(4)
  const { ok, streams, findings } = await verifyAuditLog(folder, { trustedKeys: [signer.keyId] })
  expect(ok).toBe(true)
  expect(streams.filter(({ isClosed }) => isClosed)).toHaveLength(1)
  expect(findings.map(({ id }) => id).filter((id) => id !== 'torn')).toEqual([
    'open-end',
    'open-end',
    'open-end',
  ])
  for (const { message } of findings.filter(({ id }) => id === 'open-end')) {
    expect(message).toContain('had the same end')
  }
  const recorded = new Set(filesOf(folder).flatMap((name) => jtisIn(join(folder, name))))
  expect(issued.filter((jti) => !recorded.has(jti))).toEqual([])
})

/** Starts a process that records tokens, and kills it once it has issued so many; returns those that it has issued. */
async function killAfter(count: number, folder: string): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program(), 'record', folder, pem], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    if (output.split('\n').length > count) child.kill('SIGKILL')
  })
  const [code, signal] = (await once(child, 'close')) as unknown[]
  expect([code, signal]).toEqual([null, 'SIGKILL'])
  return output.split('\n').slice(0, -1)
}

function jtisIn(path: string): readonly string[] {
  return linesOf(path).flatMap((line) => /"jti":"([^"]+)"/.exec(line)?.slice(1) ?? [])
}

const inNamespace = ['unshare', '--map-root-user', '--mount']
const cannotMount = tryRun([inNamespace, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status !== 0

test.skipIf(cannotMount)('a full disk refuses tokens until there is room again [needs unshare]', () => {
  const folder = scratchFolder()
  const output = run([inNamespace, process.execPath, program(), 'fill-disk', folder, pem])
  const { report, events, issued, issuedBeforeRoom, refusal } = JSON.parse(output) as FullDisk
  expect(refusal).toMatch(/^\S+\.000001\.jsonl cannot be written \(ENOSPC: no space is left on the disk\)$/)
  expect(events.filter((type) => type === 'failed' || type === 'recovered')).toEqual(['failed', 'recovered'])
  expect(issuedBeforeRoom).toBeGreaterThan(5)
  expect(issued).toBe(issuedBeforeRoom + 1)
  const { ok, streams } = report
  expect(ok).toBe(true)
  expect(streams).toMatchObject([{ tokens: issued, isClosed: true }])
})
