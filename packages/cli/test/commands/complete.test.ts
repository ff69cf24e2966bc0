import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { lacks } from '@sealwright/test-kit/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { scratch, succeed } from '../support/sealwright.ts'

/** What the library prints. */
async function printed(args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = []
  const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  onTestFinished(() => spy.mockRestore())
  await succeed(args)
  spy.mockRestore()
  return lines
}

async function suggestions(...words: readonly string[]): Promise<readonly string[]> {
  const lines = await printed(['complete', '--', ...words])
  return lines.filter((line) => !line.startsWith(':')).map((line) => line.split('\t')[0] ?? '')
}

describe('complete', () => {
  test('suggests commands, options, their values and files', async () => {
    const { file } = scratch()
    writeFileSync(file('a.pfx'), '')
    mkdirSync(file('a-folder'))
    expect(await suggestions('in')).toEqual(['inspect'])
    expect(await suggestions('cert', 're')).toEqual(['renew', 'request'])
    expect(await suggestions('cert', 'create', '--key-t')).toEqual(['--key-type'])
    expect(await suggestions('cert', 'create', '--key-type', 'ec-p')).toEqual([
      'ec-p256',
      'ec-p384',
      'ec-p521',
    ])
    expect((await suggestions('inspect', file('a'))).toSorted()).toEqual([
      `${file('a-folder')}/`,
      file('a.pfx'),
    ])
    expect((await suggestions('token', 'verify', '--jwks', file('a.'))).toSorted()).toEqual([file('a.pfx')])
    expect(await suggestions('inspect', file('absent/'))).toEqual([])
  })

  test.each(['bash', 'zsh', 'fish', 'powershell'])('prints the script of %s', async (shell) => {
    expect((await printed(['complete', shell])).join('\n')).toMatch(/sealwright[^]*complete/)
  })

  test.skipIf(lacks('bash'))('prints a script that bash accepts [needs bash]', async () => {
    const text = (await printed(['complete', 'bash'])).join('\n')
    const { status, stderr } = spawnSync('bash', ['-n'], { input: text })
    expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' })
  })
})
