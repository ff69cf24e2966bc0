import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { lockedFolder } from './support/pfx.ts'
import { scratch, sealwright } from './support/sealwright.ts'

describe('the command itself', () => {
  test('says its version', async () => {
    const { version }: { version: string } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    )
    expect(await sealwright(['--version'])).toEqual({ code: 0, out: `${version}\n`, error: '' })
  })

  test('help is no mistake, and an unknown command is', async () => {
    const help = await sealwright(['--help'])
    expect(help.code).toBe(0)
    expect(help.out).toContain('inspect')
    const unknown = await sealwright(['inspct', 'x'])
    expect(unknown.code).toBe(2)
    expect(unknown.error).toContain("unknown command 'inspct'")
    expect((await sealwright(['inspect'])).code).toBe(2)
  })

  test.each(['--password', '--password=correct-horse', '-p', '--out-password', '-passin', '-po'])(
    'a password on the command line is refused: %s',
    async (option) => {
      const { code, out, error } = await sealwright(['inspect', 'a.pfx', option, 'correct-horse'])
      expect({ code, out }).toEqual({ code: 2, out: '' })
      expect(error).toContain('other users can read passwords on the command line. Use --password-file FILE')
      expect(error).not.toContain('correct-horse')
    },
  )

  test.each([
    ['--secret=correct-horse', "unknown option '--secret'"],
    ['-xcorrect-horse', "unknown option '-x'"],
  ])('what follows an unknown option is not repeated: %s', async (option, message) => {
    const { code, error } = await sealwright(['inspect', option, 'a.pfx'])
    expect(code).toBe(2)
    expect(error).toContain(message)
    expect(error).not.toContain('correct-horse')
  })

  test('an unexpected error cannot steer the terminal', async () => {
    const env = {
      get X(): string {
        throw new Error('a\u001b[2Jb')
      },
    }
    const { code, error } = await sealwright(['cert', 'list', '--password-env', 'X'], { env })
    expect({ code, error }).toEqual({
      code: 1,
      error: expect.stringContaining('a\\u001b[2Jb\n    at ') as unknown,
    })
  })

  test('work is named after a second, but not while a question waits', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { file } = scratch()
    const { uri } = await lockedFolder()
    const questions = {
      async password() {
        vi.advanceTimersByTime(2_000)
        return 'correct-horse'
      },
      confirm: async () => true,
    }
    const args = ['cert', 'export', uri, '--out', file('a.cer')]
    expect(await sealwright(args, { questions })).toMatchObject({ code: 0, error: '' })
  })

  test('a failure is JSON where a result would be', async () => {
    const failure = await sealwright(['inspect', '/absent', '--json'])
    expect(failure.code).toBe(1)
    expect(JSON.parse(failure.out)).toEqual({
      ok: false,
      error: { code: 'NOT_FOUND', message: '/absent: no such file or folder' },
    })
    const usage = await sealwright(['inspect', '--json'])
    expect(usage.code).toBe(2)
    expect(JSON.parse(usage.out)).toMatchObject({ ok: false, error: { code: 'USAGE' } })
  })

  test('every command and option has a description', async () => {
    const commands = [['cert'], ['inspect'], ['jwks'], ['rotate']]
    for (const command of commands) {
      const { code, out } = await sealwright([...command, '--help'])
      expect(code).toBe(0)
      expect(out).not.toMatch(/^ {2}-\S+(?: <\S+>)?$/m)
    }
  })
})
