import { createServer } from 'node:net'
import { invalidSetting, messageOf } from '../settings/invalid-setting.ts'
import type { Settings } from '../settings/settings.ts'
import { addressesOf, forEachAddress } from './addresses.ts'

/**
 * Checks that the server and its metrics can listen, so that no key is created for a server that cannot start.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` whose cause is the error of `node:net`
 */
export async function checkPorts({
  host,
  port,
  metrics,
}: Pick<Settings, 'host' | 'port' | 'metrics'>): Promise<void> {
  await checkPort({ host, port }, 'HOST and PORT')
  if (metrics.port !== null) {
    await checkPort({ host: metrics.host, port: metrics.port }, 'METRICS_HOST and METRICS_PORT')
  }
}

/**
 * Checks that a port can be listened on.
 *
 * @param names of the settings, for the message
 * @param addresses of the host. Default: all that the server would listen on
 * @throws SealwrightError `INVALID_ARGUMENT` whose cause is the error of `node:net`
 */
export async function checkPort(
  { host, port }: Pick<Settings, 'host' | 'port'>,
  names: string,
  addresses?: readonly string[],
): Promise<void> {
  try {
    await forEachAddress(addresses ?? (await addressesOf(host)), (address) => bind(address, port))
  } catch (cause) {
    throw invalidSetting(`cannot listen on ${host} port ${port}, see ${names}: ${messageOf(cause)}`, cause)
  }
}

async function bind(host: string, port: number): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, resolve)
    })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
