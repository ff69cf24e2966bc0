import type { ChildProcess } from 'node:child_process'

/** A connection, as node:cluster sends it to a worker. */
interface Connection {
  close(): void
}

/**
 * Keeps track of the connections that a worker was given and has not accepted. node:cluster closes its own copy of a connection once the
 * worker has accepted it. If the worker is killed before that, the connection stays open, and its client waits for ever.
 *
 * @returns closes these connections; to be called when the process has ended
 */
export function trackConnections(worker: ChildProcess): () => void {
  // A process that could not be started, for example when too many files are open, has no channel.
  if (worker.pid === undefined) return () => undefined
  const unaccepted = new Map<unknown, Connection>()
  // oxlint-disable-next-line typescript/unbound-method -- the proxy calls it with its own `this`
  worker.send = new Proxy(worker.send, {
    apply(send, self, args: readonly unknown[]) {
      const [message, handle] = args
      if (isNewConnection(message) && isConnection(handle)) unaccepted.set(message.seq, handle)
      return Reflect.apply(send, self, args)
    },
  })
  worker.on('internalMessage', ({ ack }: { readonly ack?: unknown }) => unaccepted.delete(ack))
  return () => {
    for (const connection of unaccepted.values()) connection.close()
    unaccepted.clear()
  }
}

/** The message with which node:cluster gives a connection to a worker. The worker's answer has the same number. */
function isNewConnection(message: unknown): message is { readonly seq: unknown } {
  return (
    typeof message === 'object' &&
    message !== null &&
    'act' in message &&
    message.act === 'newconn' &&
    'seq' in message
  )
}

function isConnection(handle: unknown): handle is Connection {
  return (
    typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function'
  )
}
