import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openFolderStore } from '@sealwright/local-store'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { bundledProgram } from '@sealwright/test-kit/programs'
import { startKeyVaultEmulator, wellKnown } from '@sealwright/keyvault-emulator'
import { secretCredential } from '@sealwright/test-kit/credentials'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sealwright } from '../support/sealwright.ts'

const program = bundledProgram(new URL('../support/jwks-program.ts', import.meta.url))
const issuer = 'https://auth.example.com'

async function kids(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, '.well-known/jwks.json'), 'utf8')
  const { keys }: { keys: { kid: string }[] } = JSON.parse(text)
  return keys.map(({ kid }) => kid)
}

function place(): {
  readonly uri: string
  readonly out: string
  readonly args: readonly string[]
} {
  const folder = scratchFolder()
  const [uri, out] = [`store:${join(folder, 'keys')}?name=auth`, join(folder, 'public')]
  return {
    uri,
    out,
    args: ['jwks', '--issuer', issuer, '--key', uri, '--out', out, '--key-type', 'ec-p256'],
  }
}

describe('rotate', () => {
  test('makes the next version of a key in a folder, and says which', async () => {
    const folder = scratchFolder()
    const store = await openFolderStore(folder)
    const first = await store.create('auth', { keyType: 'ec-p256' })
    const { code, out, error } = await sealwright(['rotate', `store:${folder}?name=auth`, '--json'])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    const [second] = await store.list({ name: 'auth' })
    expect(JSON.parse(out)).toEqual({
      location: second?.location,
      version: second?.version,
      keyId: second?.keyId,
      follows: first.keyId,
      createdAt: second?.createdAt?.toISOString(),
      notAfter: second?.notAfter.toISOString(),
    })
    expect((await sealwright(['rotate', `store:${folder}?name=auth`])).out).toContain(
      `follows    ${second?.keyId}`,
    )
  })

  test('makes the next version of a certificate in a vault', async () => {
    const emulator = await startKeyVaultEmulator({
      timing: { issuance: 20, deletion: 20 },
    })
    onTestFinished(() => emulator.close())
    const credential = secretCredential(emulator, wellKnown)
    const vault = {
      credential,
      agent: emulator.agent(),
      pollInterval: 10,
      settleTime: 0,
      deadline: 20_000,
    }
    const uri = `${emulator.vaultUrl('contoso')}/certificates/signing`
    const out = scratchFolder()
    const jwks = ['jwks', '--issuer', issuer, '--key', uri, '--out', out, '--key-type', 'ec-p256']
    expect(await sealwright(jwks, { vault })).toMatchObject({ code: 0 })
    expect(await kids(out)).toHaveLength(1)
    expect(await sealwright(['rotate', uri], { vault })).toMatchObject({
      code: 0,
      error: '',
    })
    expect(await sealwright([...jwks, '--read-only'], { vault })).toMatchObject({ code: 0, error: '' })
    expect(await kids(out)).toHaveLength(2)
  })

  test.each([
    ['file:./a.pfx', 'this signing URI is for one key without versions'],
    ['ftp://example.com', 'the signing URI has an unknown form'],
    ['store:/absent/keys?name=auth', 'there is no auth in'],
  ])('%s is refused', async (uri, message) => {
    const { code, out, error } = await sealwright(['rotate', uri])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(error).toContain(message)
  })
})

describe('jwks', () => {
  test('makes the key once, writes the files, and leaves them as they are the next time', async () => {
    const { out, args } = place()
    const first = await sealwright(args)
    expect(first.code).toBe(0)
    expect(first.error).toContain('created a new key in')
    expect(first.out).toContain('serve with Cache-Control: public, max-age=3600, must-revalidate')
    const [kid] = await kids(out)
    expect(first.out).toContain(`active    ${kid}`)
    const again = await sealwright([...args, '--json'])
    expect(again).toMatchObject({ code: 0, error: '' })
    expect(JSON.parse(again.out)).toMatchObject({
      rotated: false,
      keys: [{ keyId: kid, state: 'active' }],
    })
    expect(await kids(out)).toEqual([kid])
  })

  test('makes the version that is due and announces it; --read-only makes none', async () => {
    const { out, args } = place()
    const soon = [
      '--max-set-age',
      '400',
      '--jwks-max-age',
      '1',
      '--token-lifetime',
      '1',
      '--rotation-interval',
      '60',
    ]
    expect(await sealwright([...args, ...soon, '--read-only'])).toMatchObject({
      code: 1,
      out: '',
    })
    const { code, out: text } = await sealwright([...args, ...soon])
    expect(code).toBe(0)
    expect(text).toMatch(/active {4}\S+ .*\nannounced \S+/)
    expect(await kids(out)).toHaveLength(2)
  })

  test.each([
    [
      ['--every', '86400'],
      '--every is 86400 s, but at most 86330 s keep the files younger than --max-set-age',
    ],
    [['--max-set-age', '5'], 'maxSetAge is 5 s, but must be at least'],
    [['--issuer', 'http://auth.example.com'], 'the issuer is not an https URL'],
    // Not once an hour.
    [['--issuer', 'http://auth.example.com', '--every', '3600'], 'the issuer is not an https URL'],
    [['--password-file', '/absent'], '/absent: no such file'],
  ])('%s is refused before anything is made', async (options, message) => {
    const { uri, args } = place()
    const { code, out, error } = await sealwright([...args, ...options])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(error).toContain(message)
    expect(await sealwright(['rotate', uri])).toMatchObject({ code: 1 })
  })

  test('does not replace the JWK Set of other keys', async () => {
    const [{ out, args }, other] = [place(), place()]
    await sealwright(args)
    const before = await kids(out)
    const { code, error } = await sealwright([...other.args, '--out', out])
    expect(code).toBe(1)
    expect(error).toContain('which no source has; add their place to --key, or pass --remove-unknown')
    expect(await kids(out)).toEqual(before)
  })

  test('goes on when nobody reads its errors any more', async () => {
    const { out, args } = place()
    const child = spawn(process.execPath, [program(), ...args.slice(1)])
    const exit = once(child, 'exit')
    // It says there that it has created a key, before it writes the files.
    child.stderr.destroy()
    child.stdout.resume()
    expect(await exit).toEqual([0, null])
    expect(await kids(out)).toHaveLength(1)
  })

  test('with --every waits no longer than a timer of Node can', async () => {
    const { args } = place()
    const timer = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => void vi.restoreAllMocks())
    const before = process.listenerCount('SIGTERM')
    const running = sealwright([...args, '--every', '5000000', '--max-set-age', '9000000'])
    await vi.waitFor(() => expect(process.listenerCount('SIGTERM')).toBe(before + 1))
    process.emit('SIGTERM')
    expect((await running).code).toBe(0)
    const longest = Math.max(...timer.mock.calls.map(([, delay = 0]) => delay))
    expect([longest > 86_400_000, longest < 2 ** 31]).toEqual([true, true])
  })

  test.skipIf(process.platform === 'win32')(
    'with --every stays, reads again on SIGHUP, and ends on SIGTERM [needs signals]',
    async () => {
      const { uri, out, args } = place()
      const child = spawn(process.execPath, [program(), ...args.slice(1), '--every', '3600'])
      onTestFinished(() => {
        child.kill('SIGKILL')
      })
      const exit = once(child, 'exit')
      let written = ''
      const lines = child.stdout.setEncoding('utf8')[Symbol.asyncIterator]()
      let problem = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text))
      const nextReport = async (): Promise<void> => {
        written = ''
        while (!written.includes('run again before')) {
          const { done, value } = await lines.next()
          if (done === true) throw new Error(`the command has ended: ${problem}`)
          written += String(value)
        }
      }
      await nextReport()
      expect(await kids(out)).toHaveLength(1)
      expect(await sealwright(['rotate', uri])).toMatchObject({ code: 0 })
      child.kill('SIGHUP')
      await nextReport()
      expect(written).toContain('announced')
      expect(await kids(out)).toHaveLength(2)
      child.kill('SIGTERM')
      expect(await exit).toEqual([0, null])
    },
  )
})
