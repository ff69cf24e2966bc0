import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lacksPython, tryRun, type Outcome } from '@sealwright/test-kit/tools'
import { compactVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { filesOf, linesOf, pathOf, signer, verify, writeLines, writeLog } from '../support/logs.ts'

const oracle = new URL('oracle.py', import.meta.url).pathname
const needsPython = lacksPython('import cryptography')

describe.skipIf(needsPython)('a verifier in Python [needs Python with cryptography]', () => {
  test('accepts what the writer wrote, and sees the same in it', async () => {
    const folder = await writeLog(12, { maximumFileSize: 1024 })
    expect(filesOf(folder).length).toBeGreaterThan(3)
    const { stdout, stderr } = runOracle(folder)
    expect(stderr).toBe('')
    const [stream] = (await verify(folder)).streams
    expect(JSON.parse(stdout)).toEqual({
      lines: stream?.lines,
      tokens: 12,
      sealed: stream?.sealed?.sequence,
      chain: stream?.head?.chain,
    })
  })

  test('refuses a line that was changed', async () => {
    const folder = await writeLog(2)
    const path = pathOf(folder)
    writeLines(path, linesOf(path).with(4, (linesOf(path)[4] ?? '').replace('shop', 'shoq')))
    expect(runOracle(folder).stderr).toContain('the chain is broken at 5')
    expect((await verify(folder)).findings[0]).toMatchObject({ id: 'chain-broken', line: 5 })
  })
})

function runOracle(folder: string): Outcome {
  return tryRun(['python3', oracle, signer.keyId, filesOf(folder).map((name) => join(folder, name))])
}

test('a seal is a JWS that jose verifies, and is not a JWT', async () => {
  const folder = await writeLog(1)
  const seals = readFileSync(pathOf(folder), 'utf8').match(/"jws":"[^"]+"/g) ?? []
  expect(seals).toHaveLength(2)
  const jws = (seals[1] ?? '').slice('"jws":"'.length, -1)
  const { protectedHeader, payload } = await compactVerify(jws, signer.publicKey)
  expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'sealwright-audit-seal', kid: signer.keyId })
  const [stream] = (await verify(folder)).streams
  expect(Buffer.from(payload).toString()).toMatch(
    new RegExp(`^sealwright-audit-seal\n${stream?.stream}\n${stream?.sealed?.sequence}\n[\\w-]{43}\n$`),
  )
})
