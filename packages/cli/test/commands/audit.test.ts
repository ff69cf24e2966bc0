import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAuditLog } from '@sealwright/audit-log'
import { createLocalSigner, publicJwk } from '@sealwright/core'
import { describe, expect, test } from 'vitest'
import { scratch, sealwright, succeed } from '../support/sealwright.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signer = createLocalSigner(privateKey)

/** A closed log of three tokens, and the path of its file. */
async function auditLog(folder: string): Promise<string> {
  const log = await openAuditLog({ folder, signer })
  for (const jti of ['a', 'b', 'c']) {
    // oxlint-disable-next-line no-await-in-loop
    await log.record({ jti, keyId: signer.keyId, clientId: 'shop', signingInput: `header.${jti}` })
  }
  await log.close()
  const [name = ''] = readdirSync(folder)
  return join(folder, name)
}

function change(path: string): void {
  writeFileSync(path, readFileSync(path, 'utf8').replace('"jti":"b"', '"jti":"x"'))
}

describe('audit verify', () => {
  test.each<[string, (file: (name: string) => string) => readonly string[]]>([
    ['a JWK Set', (file) => ['--jwks', file('jwks.json')]],
    ['a thumbprint', () => ['--kid', signer.keyId]],
    ['the key', (file) => ['--key', file('key.pem')]],
    ['several keys', (file) => ['--kid', 'A'.repeat(43), signer.keyId, '--jwks', file('jwks.json')]],
  ])('accepts a log as it was written, with %s', async (_, keys) => {
    const { file } = scratch()
    await auditLog(file('audit'))
    writeFileSync(file('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }))
    const other = { kty: 'oct', k: 'AAAA' }
    writeFileSync(file('jwks.json'), JSON.stringify({ keys: [other, publicJwk(signer.publicKey)] }))
    const { out } = await succeed(['audit', 'verify', file('audit'), ...keys(file)])
    const [stream = '', summary] = out.trimEnd().split('\n')
    expect(stream).toMatch(
      /^\d{8}T\d{6}Z-[0-9a-f]{16} {2}3 tokens in 1 file {2}\S+Z to \S+Z {2}sealed up to line 7 of 8 {2}closed$/,
    )
    expect(summary).toBe('ok: 3 tokens in 1 stream')
  })

  test('says what was changed, and ends with 3', async () => {
    const { file } = scratch()
    change(await auditLog(file('audit')))
    const { code, out, error } = await sealwright(['audit', 'verify', file('audit'), '--kid', signer.keyId])
    expect(code).toBe(3)
    expect(error).toBe('sealwright: the audit log has 1 error\n')
    expect(out).toMatch(
      /^error: chain-broken: audit-\S+\.jsonl:5: lines 5 to 5 are not as the server wrote them/m,
    )
  })

  test('compares with an earlier report', async () => {
    const { file } = scratch()
    const path = await auditLog(file('audit'))
    const args = ['audit', 'verify', file('audit'), '--kid', signer.keyId]
    writeFileSync(file('report.json'), (await succeed([...args, '--json'])).out)
    await succeed([...args, '--expect', file('report.json')])
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, `${lines.slice(0, 3).join('\n')}\n`)
    await succeed(args)
    const { code, out } = await sealwright([...args, '--expect', file('report.json'), '--json'])
    expect(code).toBe(3)
    expect(JSON.parse(out)).toMatchObject({ ok: false, findings: [{ id: 'stream-cut' }, { id: 'open-end' }] })
    writeFileSync(file('report.json'), '{}')
    const refused = await sealwright([...args, '--expect', file('report.json')])
    expect(refused.code).toBe(1)
    expect(refused.error).toContain('report.json is not a report; make one with: sealwright audit verify')
  })

  test('says that without a key a seal proves nothing', async () => {
    const { file } = scratch()
    await auditLog(file('audit'))
    const { out } = await succeed(['audit', 'verify', file('audit')])
    expect(out).toContain(`warning: keys-unchecked: the seals were verified with the keys in the log itself`)
  })

  test.each<[string, readonly string[], number, string]>([
    ['a folder that is not there', ['/absent'], 1, 'no such file or folder'],
    ['a thumbprint that is none', ['/absent', '--kid', 'kid'], 2, '43 characters of base64url'],
    ['a JWK Set that is not there', ['.', '--jwks', '/absent'], 1, '/absent: no such file or folder'],
  ])('%s is an error', async (_, args, code, message) => {
    const outcome = await sealwright(['audit', 'verify', ...args])
    expect(outcome.code).toBe(code)
    expect(outcome.error).toContain(message)
  })

  test('text in a log cannot reach the terminal', async () => {
    const { file } = scratch()
    const log = await openAuditLog({ folder: file('audit'), signer })
    await log.close()
    const [name = ''] = readdirSync(file('audit'))
    writeFileSync(join(file('audit'), name), '{"sequence":1,"event":"\u001B[2J"}\n')
    const { out } = await sealwright(['audit', 'verify', file('audit')])
    expect(out).not.toContain('\u001B')
  })
})
