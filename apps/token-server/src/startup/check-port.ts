import { createServer } from 'node:net'
import { invalidSetting, messageOf } from '../settings/invalid-setting.ts'
import type { Settings } from '../settings/settings.ts'

/**
 * Checks that the server can listen, so that no key is made for a server that cannot start.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export async function checkPort({ host, port }: Pick<Settings, 'host' | 'port'>): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, resolve)
    })
  } catch (cause) {
    throw invalidSetting(
      `cannot listen on ${host} port ${port}, see HOST and PORT: ${messageOf(cause)}`,
      cause,
    )
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
