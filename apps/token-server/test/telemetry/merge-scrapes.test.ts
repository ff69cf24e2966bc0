import { lacksPython } from '@sealwright/test-kit/tools'
import { expect, test } from 'vitest'
import { mergeScrapes } from '../../src/telemetry/metrics/merge-scrapes.ts'
import type { Peers } from '../../src/peers/peers.ts'
import { startTelemetry } from '../../src/telemetry/start-telemetry.ts'
import { parseScrape, scrape } from '../support/scrape.ts'
import { testServer } from '../support/server.ts'

test('the lines of a metric come together, below one description', () => {
  const first =
    '# HELP a How many.\n# TYPE a counter\na{worker="1"} 1\n\n# HELP b The age.\n# TYPE b gauge\nb{worker="1"} 2\n'
  const second =
    '# HELP b The age.\n# TYPE b gauge\nb{worker="2"} 3\n\n# HELP c More.\n# TYPE c gauge\nc{worker="2"} 4\n'
  expect(mergeScrapes([first, second])).toBe(
    [
      '# HELP a How many.\n# TYPE a counter\na{worker="1"} 1\n',
      '# HELP b The age.\n# TYPE b gauge\nb{worker="1"} 2\nb{worker="2"} 3\n',
      '# HELP c More.\n# TYPE c gauge\nc{worker="2"} 4\n',
    ].join(''),
  )
})

test.skipIf(lacksPython('import prometheus_client', '/usr/bin/python3'))(
  'the worker that is asked has the metrics of all [needs python3-prometheus-client]',
  async () => {
    const { settings, ring } = await testServer({ env: { METRICS_PORT: '0' } })
    const answers: (() => unknown)[] = []
    const peers: Peers = {
      answer: (_, value) => void answers.push(value),
      collect: () =>
        Promise.all(answers.map(async (value, index) => ({ worker: index + 1, value: await value() }))),
    }
    const log: string[] = []
    const logger = {
      info: (...line: unknown[]) => void log.push(JSON.stringify({ ...Object(line[0]), message: line[1] })),
      warn: () => undefined,
    }
    const workers = await Promise.all(
      [1, 2].map((worker) =>
        startTelemetry({ settings, ring, vaults: () => [], logger, env: {}, worker, peers }),
      ),
    )
    const families = parseScrape(await scrape(log))
    const ready = families.find(({ name }) => name === 'sealwright_keyring_ready')
    expect(ready?.samples.map(({ labels, value }) => [labels['worker'], value])).toEqual([
      ['1', 1],
      ['2', 1],
    ])
    const without = families.filter(({ samples }) =>
      samples.some(({ labels }) => labels['worker'] === undefined),
    )
    expect(without.map(({ name }) => name)).toEqual([])
    expect(new Set(families.map(({ name }) => name)).size).toBe(families.length)
    await Promise.all(workers.filter((telemetry) => telemetry !== null).map((telemetry) => telemetry.close()))
  },
)
