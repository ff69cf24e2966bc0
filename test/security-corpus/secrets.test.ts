import { expect, test } from 'vitest'
import { createLogger } from '../../apps/token-server/src/logging/logger.ts'
import { loadSettings } from '../../apps/token-server/src/settings/load-settings.ts'
import { openRing } from '../../apps/token-server/src/startup/open-ring.ts'
import { bundledServer, ServerProcess } from '../../apps/token-server/test/support/program.ts'
import { scratchFolder } from '../../packages/test-kit/src/folders.ts'
import { isFull } from '../../packages/test-kit/src/full.ts'
import { failingStarts, otherPassword, startKeySecrets, startSecret } from './failing-starts.ts'
import { secretsIn } from './secret-forms.ts'

const secrets = [startSecret, ...startKeySecrets, otherPassword]

test('each form of a secret is found', () => {
  const secret = 'hunter2+/é'
  const bytes = Buffer.from(secret)
  for (const text of [
    secret,
    'hunter2%2B%2F%C3%A9',
    bytes.toString('hex'),
    bytes.toString('base64url'),
    Buffer.from(`client:${secret}`).toString('base64'),
    Buffer.from(`clients:${secret}x`).toString('base64'),
    Buffer.from(`a client:${secret}`).toString('base64url'),
    `[${[...bytes].join(',')}]`,
  ])
    expect(secretsIn([`x${text}x`], [secret]), text).toEqual([secret])
  expect(secretsIn(['hunter1'], [secret])).toEqual([])
})

test('a start that fails says nothing of a password, a secret or a key', async () => {
  const starts = await failingStarts(scratchFolder())
  const said: string[] = []
  const logger = createLogger('trace', { write: (line) => void said.push(line) })
  for (const [name, env] of starts) {
    const message = await openedWith(env, logger)
    // It says something, and what it says names a setting or a file.
    expect(message, name).toMatch(/.{20}/)
    said.push(message)
    expect(secretsIn(said, secrets), name).toEqual([])
  }
})

/** What main.ts prints when the settings cannot be read, or the key cannot be opened. */
async function openedWith(
  env: Readonly<Record<string, string>>,
  logger: ReturnType<typeof createLogger>,
): Promise<string> {
  try {
    const { ring } = await openRing(loadSettings(env), logger)
    ring.close()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  throw new Error('the server starts')
}

test.runIf(isFull)('nor does the process itself, at the level trace [needs SEALWRIGHT_FULL=1]', async () => {
  const starts = await failingStarts(scratchFolder())
  for (const [name, env] of starts) {
    // oxlint-disable-next-line no-await-in-loop
    const { code, stdout, stderr } = await new ServerProcess(program(), { LOG_LEVEL: 'trace', ...env }).exited
    expect(code, name).toBe(1)
    expect(secretsIn([stdout, stderr], secrets), name).toEqual([])
  }
})

const program = isFull ? bundledServer() : () => ''
