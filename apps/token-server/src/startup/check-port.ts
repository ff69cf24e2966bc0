import { createServer } from 'node:net'
import { invalidSetting, messageOf } from '../settings/invalid-setting.ts'
import type { Settings } from '../settings/settings.ts'

/**
 * Checks that the server can listen, so that no key is made for a server that cannot start.
 *
 * @param names of the settings, for the message
 * @throws SealwrightError `INVALID_ARGUMENT` whose cause is the error of `node:net`
 */
export async function checkPort(
  { host, port }: Pick<Settings, 'host' | 'port'>,
  names = 'HOST and PORT',
): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, resolve)
    })
  } catch (cause) {
    throw invalidSetting(`cannot listen on ${host} port ${port}, see ${names}: ${messageOf(cause)}`, cause)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
