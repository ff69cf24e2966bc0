import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ConnectionFailure } from '../errors/network-errors.ts'
import { member, textMember } from '../members.ts'

/** Node publishes every request that fails under this name, with its error. */
const channel = 'http.client.request.error'

const watcher = new AsyncLocalStorage<(failure: ConnectionFailure) => void>()
let watchers = 0

/**
 * Runs a function and reports every HTTPS connection that fails in it. MSAL replaces the socket's error with its own,
 * which does not say why the authority cannot be reached.
 *
 * @returns what the function returns
 */
export async function watchConnections<T>(
  run: () => Promise<T>,
  onFailure: (failure: ConnectionFailure) => void,
): Promise<T> {
  if (watchers++ === 0) subscribe(channel, report)
  try {
    return await watcher.run(onFailure, run)
  } finally {
    if (--watchers === 0) unsubscribe(channel, report)
  }
}

function report(message: unknown): void {
  // The events of a socket come in the context of the request that opened it.
  const onFailure = watcher.getStore()
  if (onFailure === undefined || member(member(message, 'request'), 'protocol') !== 'https:') return
  const host = textMember(member(message, 'request'), 'host')
  const code = textMember(member(message, 'error'), 'code')
  if (host !== null && code !== null) onFailure({ host, code })
}
