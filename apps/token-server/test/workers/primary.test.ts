import cluster from 'node:cluster'
import { expect, onTestFinished, test } from 'vitest'
import { LogOutput } from '../../src/logging/log-output.ts'
import { createLogger } from '../../src/logging/logger.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { startWorkers } from '../../src/workers/primary.ts'

test('a process that cannot be started is a reason to give up, and throws nowhere else', async () => {
  cluster.setupPrimary({ cwd: '/no/such/folder' })
  onTestFinished(() => cluster.setupPrimary({ cwd: process.cwd() }))
  const settings = loadSettings({ WORKERS: '2' })
  const output = new LogOutput((bytes, done) => done(null, bytes.length))
  const log = { logger: createLogger('silent'), output, isTerminal: false }
  const reason = await new Promise((onGiveUp) => {
    startWorkers({ settings: () => settings, log, replayWindow: 1, onGiveUp })
  })
  expect(reason).toBe(`spawn ${process.execPath} ENOENT`)
})
