import { join } from 'node:path'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, test } from 'vitest'
import { sealwright, succeed } from '../support/sealwright.ts'

async function makeKey(): Promise<{ readonly uri: string; readonly keyId: string }> {
  const uri = `store:${join(scratchFolder(), 'keys')}?name=auth`
  const { out } = await succeed(['cert', 'create', '--to', uri, '--key-type', 'ec-p256', '--json'])
  const { keyId }: { keyId: string } = JSON.parse(out)
  return { uri, keyId }
}

test('says what a revocation costs, asks, and switches the key off after a successor was made', async () => {
  const { uri, keyId } = await makeKey()
  const revoking = ['revoke', keyId, '--key', uri]
  const asked: string[] = []
  const answer = (yes: boolean) => ({
    password: async () => '',
    async confirm(message: string) {
      asked.push(message)
      return yes
    },
  })
  const no = await sealwright(revoking, { questions: answer(false) })
  expect(no).toMatchObject({ code: 130, out: '' })
  expect(no.error).toContain('Every token that it signed is refused')
  expect(no.error).toContain('There is no other key: a new one is created first')
  expect(asked).toEqual([`Revoke the key ${keyId} now?`])
  const before = JSON.parse((await succeed(['cert', 'list', uri, '--json'])).out)
  expect(before).toMatchObject({ keys: [{ keyId, enabled: true }] })

  expect((await sealwright(revoking)).error).toContain('give --yes')
  const { out } = await succeed([...revoking, '--json', '--yes'])
  const { signing }: { signing: string[] } = JSON.parse(out)
  expect(signing).toHaveLength(1)
  expect(signing).not.toContain(keyId)
  const after: { keys: { keyId: string; enabled: boolean }[] } = JSON.parse(
    (await succeed(['cert', 'list', uri, '--json'])).out,
  )
  expect(Object.fromEntries(after.keys.map((key) => [key.keyId, key.enabled]))).toEqual({
    [keyId]: false,
    [signing[0] ?? '']: true,
  })
  expect((await sealwright([...revoking, '--yes'])).error).toContain('is revoked already')
})

test('a kid that is not there changes nothing', async () => {
  const { uri, keyId } = await makeKey()
  // As the thumbprint of one key in 64.
  const hyphen = `-${'k'.repeat(42)}`
  for (const args of [
    ['abc', '--key', uri, '--yes'],
    [hyphen, '--key', uri, '--yes'],
    ['--yes', '--key', uri, hyphen],
    ['--yes', '--key', uri, '--', hyphen],
  ]) {
    const { code, error } = await sealwright(['revoke', ...args])
    expect(code).toBe(1)
    expect(error).toContain(`no key there has that kid; the kids are ${keyId}`)
  }
  expect(JSON.parse((await succeed(['cert', 'list', uri, '--json'])).out)).toMatchObject({
    keys: [{ keyId }],
  })
})
