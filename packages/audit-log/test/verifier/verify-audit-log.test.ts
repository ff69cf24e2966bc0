import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, lacksModes } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { verifyAuditLog, type VerifyAuditLogOptions } from '../../src/index.ts'
import { found, linesOf, newSigner, pathOf, signer, verify, writeLog } from '../support/logs.ts'

const name = 'audit-20261126T120000Z-0123456789abcdef.000001.jsonl'

/** A folder with one file that anybody could have put there. */
function hostile(content: string | Buffer): string {
  const folder = scratchFolder()
  writeFileSync(join(folder, name), content)
  return folder
}

test('without keys the seals are verified with those in the log, and that is said', async () => {
  const folder = await writeLog(1)
  const { ok, findings } = await verifyAuditLog(folder)
  expect(ok).toBe(true)
  expect(findings).toMatchObject([
    { id: 'keys-unchecked', severity: 'warning', message: expect.stringContaining(signer.keyId) as unknown },
  ])
  const both = { trustedKeys: [newSigner().keyId, signer.keyId] }
  expect((await verifyAuditLog(folder, both)).findings).toEqual([])
})

test.each<[string, unknown[], string]>([
  ['no folder', [''], 'folder must be the path of a folder'],
  [
    'a key that is no thumbprint',
    ['x', { trustedKeys: ['kid'] }],
    'options.trustedKeys[0] must be a JWK thumbprint',
  ],
  [
    'a key with more than a thumbprint',
    ['x', { trustedKeys: [`${signer.keyId}=`] }],
    'options.trustedKeys[0] must be a JWK thumbprint: 43 characters of base64url',
  ],
  [
    'a key with more before a thumbprint',
    ['x', { trustedKeys: [signer.keyId, `kid ${signer.keyId}`] }],
    'options.trustedKeys[1] must be a JWK thumbprint: 43 characters of base64url',
  ],
  [
    'a key in a list of its own',
    ['x', { trustedKeys: [[signer.keyId]] }],
    'options.trustedKeys[0] must be a JWK thumbprint',
  ],
  ['an unknown option', ['x', { keys: [] }], 'options.keys is not an option'],
])('%s is refused', async (_, [folder, options], message) => {
  const verifying = verifyAuditLog(folder as string, options as VerifyAuditLogOptions | undefined)
  await expect(verifying).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(verifying).rejects.toThrow(message)
})

test.each([
  [[{}]],
  [[null]],
  [[{ stream: 'x', head: null }]],
  [[{ stream: 'x', head: { sequence: 1, chain: 'A' } }]],
  [[{ stream: name.slice(6, 39) }]],
  [[{ stream: name.slice(6, 39), head: { sequence: '1', chain: 'A' } }]],
  [[{ stream: name.slice(6, 39), head: { sequence: 1 } }]],
])('an earlier report that is none is refused: %j', async (expected) => {
  const folder = await writeLog(0)
  const options = { expected } as unknown as VerifyAuditLogOptions
  await expect(verifyAuditLog(folder, options)).rejects.toThrow(
    'options.expected[0] must be a stream of an earlier',
  )
})

test('a folder without an audit log is an error', async () => {
  const folder = scratchFolder()
  await expect(verifyAuditLog(folder)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(verifyAuditLog(join(folder, 'absent'))).rejects.toMatchObject({ code: 'NOT_FOUND' })
  writeFileSync(join(folder, 'file'), '')
  await expect(verifyAuditLog(join(folder, 'file'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

test.skipIf(lacksModes)('a file that cannot be read is an error [needs POSIX modes]', async () => {
  const folder = await writeLog(0)
  chmodSync(pathOf(folder), 0)
  const isRoot = process.geteuid?.() === 0
  // Root can read everything.
  if (isRoot) process.seteuid?.('nobody')
  try {
    await expect(verifyAuditLog(folder)).rejects.toMatchObject({ code: 'ACCESS_DENIED' })
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

describe('files that anybody could have put there do no harm', () => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  const long = 'x'.repeat(1_000_000)
  test.each([
    ['nothing', ''],
    ['a line break', '\n'],
    ['zeros', Buffer.alloc(5000)],
    ['random bytes', Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251))],
    ['one long line', long],
    ['two long lines', `${long}\n${long}\n`],
    ['deep JSON', `${deep}\n`],
    ['other JSON', 'null\n1\n"x"\n[]\n{}\n'],
    ['a chain value alone', `,"chain":"${'A'.repeat(43)}"}\n`],
    ['__proto__', `{"__proto__":{"event":"open"},"chain":"${'A'.repeat(43)}"}\n`],
    ['an event that objects have', `{"sequence":1,"event":"constructor","chain":"${'A'.repeat(43)}"}\n`],
  ])('%s', async (_, content) => {
    expect((await verify(hostile(content))).streams).toMatchObject([{ tokens: 0, isClosed: false }])
    const folder = await writeLog(2)
    writeFileSync(pathOf(folder), content, { flag: 'a' })
    expect((await found(folder)).length > 0).toBe(content.length > 0)
  })

  test('a thousand errors of each kind, and no more', async () => {
    const bad = `{"sequence":1,"chain":"${'A'.repeat(43)}"}\n`
    const { findings, moreFindings } = await verify(hostile(bad.repeat(1500)))
    expect(findings.filter(({ severity }) => severity === 'error')).toHaveLength(1000)
    expect(moreFindings).toBe(500)
  })

  test('a folder that is named like a file', async () => {
    const folder = scratchFolder()
    mkdirSync(join(folder, name))
    await expect(verify(folder)).rejects.toMatchObject({
      code: 'INVALID_ENCODING',
      message: `${join(folder, name)} is not a file`,
    })
  })

  test.skipIf(lacks('mkfifo'))('a pipe that nothing writes to [needs mkfifo]', async () => {
    const folder = scratchFolder()
    execFileSync('mkfifo', [join(folder, name)])
    await expect(verify(folder)).rejects.toMatchObject({ code: 'INVALID_ENCODING' })
    // The writer does not wait for it either.
    await writeLog(0, { folder })
  })

  test('names that only look like those of the log are not read', async () => {
    const folder = await writeLog(1)
    const lines = linesOf(pathOf(folder))
    for (const other of [
      'audit-x.jsonl',
      `${name}.gz`,
      name.replace('000001', '0000001'),
      name.replace('000001', '000000'),
    ]) {
      writeFileSync(join(folder, other), `${lines.join('\n')}\n`)
    }
    expect(await found(folder)).toEqual([])
  })
})
