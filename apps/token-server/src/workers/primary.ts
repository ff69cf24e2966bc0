import cluster, { type Worker } from 'node:cluster'
import type { Log } from '../logging/open-log.ts'
import { linesOfWorkers } from '../logging/open-log.ts'
import { MemoryReplayStore } from '../replay/memory-store.ts'
import type { ReplayStore } from '../replay/replay-store.ts'
import type { Settings } from '../settings/settings.ts'
import { Channel } from './channel.ts'
import { answerCollections } from './peers-through-primary.ts'
import { placeInEnvironment } from './worker-environment.ts'
import { answerReplays } from './primary-replay-store.ts'
import { answerSettings, packSettings } from './settings-of-workers.ts'
import { Supervisor, type WorkerEnd, type WorkerEvents, type WorkerProcess } from './supervisor.ts'
import { splitLines } from './split-lines.ts'
import { trackConnections } from './unaccepted-connections.ts'

export interface PrimaryOptions {
  /** The settings in effect, which all workers run with. */
  readonly settings: () => Settings
  readonly log: Log
  /** For how long used assertions are remembered, in milliseconds. */
  readonly replayWindow: number
  readonly onGiveUp: (reason: string) => void
}

/**
 * Starts the workers: processes of this program that share one port. The primary accepts the connections and gives them to the
 * workers in turn. It opens no key. It writes the log, and remembers which client assertions were used.
 */
export function startWorkers({ settings, log, replayWindow, onGiveUp }: PrimaryOptions): Supervisor {
  cluster.schedulingPolicy = cluster.SCHED_RR
  // The log goes through a pipe: the primary writes it, so that lines are whole.
  cluster.setupPrimary({ stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const write = linesOfWorkers(log)
  const replays = new MemoryReplayStore({ lifetime: replayWindow })
  const channels = new Map<number, Channel>()
  const supervisor = new Supervisor({
    count: settings().workers,
    log: log.logger,
    onGiveUp,
    start(number, isFirst, events) {
      const worker = cluster.fork(placeInEnvironment({ number, isFirst, isTerminal: log.isTerminal }))
      return watch(worker, number, events)
    },
  })
  supervisor.start()
  return supervisor

  function watch(worker: Worker, number: number, events: WorkerEvents): WorkerProcess {
    const channel = openChannel(worker, replays)
    channels.set(number, channel)
    answerCollections(channel, () => channels)
    answerSettings(channel, settings)
    channel.on('ready', (port) => events.ready(Number(port)))
    channel.on('failed', (reason) => events.failed(String(reason)))
    const closeUnaccepted = trackConnections(worker.process)
    const lines = splitLines(write)
    worker.process.stdout?.on('data', lines)
    let hasEnded = false
    const ended = (end: WorkerEnd): void => {
      if (hasEnded) return
      hasEnded = true
      closeUnaccepted()
      lines(null)
      channel.close()
      if (channels.get(number) === channel) channels.delete(number)
      events.ended(end)
    }
    // After its streams have ended.
    worker.process.on('close', (code: number | null, signal: NodeJS.Signals | null) =>
      ended({ code, signal }),
    )
    // Not on the process: cluster listens there, and throws if the worker has no listener.
    worker.on('error', (error) => {
      // Without a process, for example when there are too many, no other event may follow.
      if (worker.process.pid !== undefined) return
      events.failed(error.message)
      ended({ code: null, signal: null })
    })
    return {
      tell: (topic) => channel.tell(topic, topic === 'reload' ? packSettings(settings()) : undefined),
      kill: () => void worker.process.kill('SIGKILL'),
    }
  }
}

function openChannel(worker: Worker, replays: ReplayStore): Channel {
  const channel = new Channel((message) => {
    // The worker has just ended; its end is reported as well.
    if (worker.isConnected()) worker.send(message, () => undefined)
  })
  worker.on('message', (message: unknown) => channel.receive(message))
  answerReplays(channel, replays)
  return channel
}
