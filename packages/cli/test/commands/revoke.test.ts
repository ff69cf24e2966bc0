import { join } from 'node:path'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { expect, onTestFinished, test, vi } from 'vitest'
import { sealwright, succeed } from '../support/sealwright.ts'

async function makeKey(): Promise<{ readonly uri: string; readonly keyId: string }> {
  const uri = `store:${join(scratchFolder(), 'keys')}?name=auth`
  const { out } = await succeed(['cert', 'create', '--to', uri, '--key-type', 'ec-p256', '--json'])
  const { keyId }: { keyId: string } = JSON.parse(out)
  return { uri, keyId }
}

/** Each key of the place, and whether it is enabled. */
async function keysIn(uri: string): Promise<Record<string, boolean>> {
  const { out } = await succeed(['cert', 'list', uri, '--json'])
  const { keys }: { keys: { keyId: string; enabled: boolean }[] } = JSON.parse(out)
  return Object.fromEntries(keys.map((key) => [key.keyId, key.enabled]))
}

/** A user who answers after a while. */
const answer = (yes: boolean, thinking: () => Promise<unknown> = async () => undefined) => ({
  password: async () => '',
  async confirm() {
    await thinking()
    return yes
  },
})

test('says what a revocation costs, asks, and switches the key off after a successor was made', async () => {
  const { uri, keyId } = await makeKey()
  const revoking = ['revoke', keyId, '--key', uri]
  const asked: string[] = []
  const questions = {
    password: async () => '',
    async confirm(message: string) {
      asked.push(message)
      return false
    },
  }
  const no = await sealwright(revoking, { questions })
  expect(no).toMatchObject({ code: 130, out: '' })
  expect(no.error).toContain('All tokens signed by this key become invalid')
  expect(no.error).toContain('There is no other key: a new one is created first')
  expect(asked).toEqual([`Revoke the key ${keyId} now?`])
  expect(await keysIn(uri)).toEqual({ [keyId]: true })
  // Whoever is asked has to know, also where the result is JSON.
  const json = await sealwright([...revoking, '--json'], { questions })
  expect(json.error).toContain('All tokens signed by this key become invalid')

  expect((await sealwright(revoking)).error).toContain('pass --yes')
  const { out, error } = await succeed([...revoking, '--json', '--yes'])
  expect(error).toContain('created a new key in')
  const { signing }: { signing: string[] } = JSON.parse(out)
  expect(signing).toHaveLength(1)
  expect(signing).not.toContain(keyId)
  expect(await keysIn(uri)).toEqual({ [keyId]: false, [signing[0] ?? '']: true })
  expect((await sealwright([...revoking, '--yes'])).error).toContain('is revoked already')
})

test('during a move to another place the successor is made where the key is', async () => {
  const { uri: old, keyId } = await makeKey()
  const next = `store:${join(scratchFolder(), 'keys')}?name=auth`
  const revoking = ['revoke', keyId, '--key', next, old]
  const no = await sealwright(revoking, { questions: answer(false) })
  expect(no.code).toBe(130)
  expect(await keysIn(next)).toEqual({})
  expect(await keysIn(old)).toEqual({ [keyId]: true })

  const { out } = await succeed([...revoking, '--json', '--yes'])
  const { signing }: { signing: string[] } = JSON.parse(out)
  expect(await keysIn(next)).toEqual({})
  expect(await keysIn(old)).toEqual({ [keyId]: false, [signing[0] ?? '']: true })
})

test('while the question waits nothing is made, even if a rotation is due', async () => {
  onTestFinished(() => void vi.useRealTimers().restoreAllMocks())
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 100 * 86_400_000 })
  const { uri, keyId } = await makeKey()
  vi.useRealTimers()
  // An instance creates a version that is due after a random time: now at once.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const waiting = answer(false, async () => {
    // Time for a key to be made.
    for (let turn = 0; turn < 20; turn++) await keysIn(uri)
  })
  const no = await sealwright(['revoke', keyId, '--key', uri], { questions: waiting })
  expect(no.error).toContain('cancelled; nothing was done')
  expect(await keysIn(uri)).toEqual({ [keyId]: true })
})

test('a retired key that would sign again is named with its cost, and one that does not sign needs no successor', async () => {
  const folder = join(scratchFolder(), 'keys')
  const store = await openFolderStore(folder)
  const first = await store.create('auth', { keyType: 'ec-p256' })
  const second = await store.rotate('auth')
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30 * 86_400_000 })
  onTestFinished(() => void vi.useRealTimers())
  const uri = `store:${folder}?name=auth`
  const { error } = await sealwright(['revoke', second.keyId, '--key', uri], { questions: answer(false) })
  // 86,400 + 3,600 + 60 s
  const until = new Date(Date.now() + 90_060_000).toISOString().slice(0, 16)
  expect(error).toContain('A new key is created first. It signs when it has been announced.')
  expect(error).toContain(
    `${first.keyId} signs from then on. Verifiers that do not have it refuse its tokens until ${until}`,
  )
  const { out } = await succeed(['revoke', second.keyId, '--key', uri, '--json', '--yes'])
  expect(JSON.parse(out)).toMatchObject({
    signing: [first.keyId],
    refusedUntil: expect.stringContaining(until),
  })
  expect(Object.values(await keysIn(uri)).filter(Boolean)).toHaveLength(2)

  // The one that was just made is announced.
  const announced = (await store.list({ name: 'auth' }))[0]?.keyId ?? ''
  const other = await sealwright(['revoke', announced, '--key', uri, '--yes'])
  expect(other.error).toContain('It is not the active key')
  expect(Object.values(await keysIn(uri)).filter(Boolean)).toHaveLength(1)
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
