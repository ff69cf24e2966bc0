import { openWorkerLog } from '../logging/open-log.ts'
import { closeOnRequest } from '../startup/close-on-signals.ts'
import { startServer } from '../startup/start-server.ts'
import { Channel, type Message } from './channel.ts'
import { peersThrough } from './peers-through-primary.ts'
import { readPlace } from './worker-environment.ts'
import { PrimaryReplayStore } from './primary-replay-store.ts'
import { askForSettings, unpackSettings } from './settings-of-workers.ts'

/** Runs one of several workers: this process is one that `startWorkers` has started. It never rejects. */
export async function runWorker(): Promise<void> {
  const primary = channelToPrimary()
  let close = exit
  let drain = nothing
  let drainDelay = 0
  primary.on('close', () => close())
  process.on('SIGTERM', () => {
    drain()
    setTimeout(() => close(), drainDelay)
  })
  process.on('SIGINT', nothing)
  try {
    const { number, isFirst, isTerminal } = readPlace(process.env)
    // The primary reads the settings again and passes them on.
    if (!isTerminal) process.on('SIGHUP', nothing)
    let settings = await askForSettings(primary)
    const log = openWorkerLog(settings.logLevel, number, isTerminal)
    const server = await startServer(settings, {
      log,
      worker: number,
      isFirst,
      replays: new PrimaryReplayStore(primary),
      peers: peersThrough(primary),
      readSettings: () => settings,
    })
    close = closeOnRequest({ close: () => server.app.close(), log })
    drainDelay = settings.drainDelay * 1000
    drain = () => server.drain()
    primary.on('drain', drain)
    primary.on('reload', (data) => {
      settings = unpackSettings(data)
      server.reload()
    })
    if (isFirst) server.announce()
    primary.tell('ready', server.port)
  } catch (error) {
    await send({
      kind: 'tell',
      topic: 'failed',
      data: error instanceof Error ? error.message : String(error),
    })
    process.exit(1)
  }
}

const nothing = (): void => undefined

/** A worker that has not started has nothing to finish. */
function exit(): void {
  process.exit(0)
}

function channelToPrimary(): Channel {
  const channel = new Channel((message) => void send(message))
  process.on('message', (message) => channel.receive(message))
  return channel
}

/** Resolves when it is sent, or cannot be. Without a primary the process ends by itself. */
function send(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })
}
