import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { scratchFolder } from '@sealwright/test-kit/folders'
import { lacks, lacksPython, run, tryRun } from '@sealwright/test-kit/tools'
import { describe, expect, test } from 'vitest'
import { parseScrape, scrape, type Family } from '../support/scrape.ts'
import { tokenRequest } from '../support/requests.ts'
import { testServer, type TestServer } from '../support/server.ts'
import { startVaults } from '../support/vaults.ts'

const root = new URL('../../../../', import.meta.url)
const rules = fileURLToPath(new URL('deploy/prometheus/sealwright.rules.yml', root))
const rulesText = readFileSync(rules, 'utf8')
const dashboard = JSON.parse(readFileSync(new URL('deploy/grafana/sealwright.json', root), 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly definition?: string }[] }
}

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[]
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}

/** A metric with the labels that a query selects by. */
interface Use {
  readonly metric: string
  readonly labels: readonly string[]
}

/** What a query in PromQL reads: each metric with its own labels, and the labels that it groups and joins by. */
function usesIn(query: string): { readonly uses: readonly Use[]; readonly grouping: readonly string[] } {
  const plain = query.replaceAll(/"[^"]*"/g, '""')
  const lists = /\b(?:by|on|without|ignoring|group_left|group_right) *\(([^)]*)\)/g
  const grouping = [...plain.matchAll(lists)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  )
  const uses = [...plain.replaceAll(lists, '').matchAll(/\b([a-z][\w:]+)\b(?:\{([^}]*)\})?/g)]
    .filter(([, name = '']) => /^(?:sealwright|http|process|nodejs)_/.test(name))
    .map(([, metric = '', selectors = '']) => ({
      metric,
      labels: [...selectors.matchAll(/(\w+) *(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
    }))
  return { uses, grouping: grouping.filter((name) => name !== '') }
}

const panelQueries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
const queries = [
  ...rulesText
    .split(/^ +expr:/m)
    .slice(1)
    .map((rest) => rest.split(/^ +(?:for|-)\b|^\n/m)[0] ?? ''),
  ...panelQueries,
  ...dashboard.templating.list.flatMap(({ definition = '' }) => /\(([^,]+\}?),/.exec(definition)?.[1] ?? []),
]

/** Prometheus adds the first two. The others are there only with workers, and with delegates. */
const absentLabels = new Set(['job', 'instance', 'worker', 'sealwright_key_delegated'])

async function requestToken({ app }: TestServer): Promise<number> {
  const { statusCode } = await app.inject(tokenRequest())
  return statusCode
}

/** A server that has had everything: tokens, a vault that throttles, and one that is away. */
async function scrapeOfEverything(): Promise<{
  readonly text: string
  readonly families: readonly Family[]
}> {
  const vaults = await startVaults({ deadline: 2_000, attemptTimeout: 1_000 })
  const uri = `${vaults.urlOf('contoso')}/certificates/token-signing`
  const env = {
    METRICS_PORT: '0',
    SIGNING_KEY: uri,
    SIGNING_KEY_TYPE: 'ec-p256',
    AUDIT_LOG: scratchFolder(),
  }
  const redis = { isAvailable: true, failures: 0 }
  const server = await testServer({ env, vault: vaults.options, redis })
  vaults.emulator.faults.add({ operation: 'keys/sign', times: 1, fault: { type: 'status', status: 429 } })
  expect(await requestToken(server)).toBe(200)
  vaults.cut(true)
  expect(await requestToken(server)).toBe(503)
  const text = await scrape(server.telemetryLog)
  return { text, families: parseScrape(text) }
}

describe('the alerts and the dashboard', () => {
  test.skipIf(lacks('promtool') || lacksPython('import prometheus_client', '/usr/bin/python3'))(
    'read metrics and labels that a server has [needs promtool, python3-prometheus-client]',
    async () => {
      const { text, families } = await scrapeOfEverything()
      const labelsOf = new Map<string, Set<string>>()
      for (const { name, labels } of families.flatMap(({ samples }) => samples)) {
        labelsOf.set(name, new Set([...(labelsOf.get(name) ?? []), ...Object.keys(labels)]))
      }
      const all = new Set([...labelsOf.values()].flatMap((labels) => [...labels]))
      const missing = queries.flatMap((query) => {
        const { uses, grouping } = usesIn(query)
        return [
          ...uses.flatMap(({ metric, labels }) =>
            labelsOf.has(metric)
              ? labels
                  .filter((label) => !labelsOf.get(metric)?.has(label) && !absentLabels.has(label))
                  .map((label) => `${metric}{${label}}`)
              : [metric],
          ),
          ...grouping.filter((label) => !all.has(label) && !absentLabels.has(label)),
        ]
      })
      expect([...new Set(missing)]).toEqual([])
      // The other way round: what is measured of signatures, keys and all that they need is seen.
      const used = new Set(panelQueries.flatMap((query) => usesIn(query).uses.map(({ metric }) => metric)))
      const unseen = [...labelsOf.keys()].filter(
        (name) => name.startsWith('sealwright_') && !used.has(name) && !/_(?:sum|count)$/.test(name),
      )
      expect(unseen).toEqual([])
      expect(tryRun('promtool check metrics', text)).toEqual({ status: 0, stdout: '', stderr: '' })
    },
  )

  test('every query is read by the check above', () => {
    expect(queries.length).toBeGreaterThan(40)
    expect(
      queries.filter((query) => usesIn(query).uses.length === 0 && !query.includes('sealwright:')),
    ).toEqual([])
  })

  test.skipIf(lacks('promtool'))('the rules and the configuration are valid [needs promtool]', () => {
    const config = fileURLToPath(new URL('deploy/prometheus/prometheus.yml', root))
    expect(run(['promtool', 'check', 'config', config])).toContain('SUCCESS: 16 rules found')
  })

  test.skipIf(lacks('promtool'))('each alert fires when it should, and not before [needs promtool]', () => {
    const tests = fileURLToPath(new URL('deploy/prometheus/sealwright.test.yml', root))
    expect(run(['promtool', 'test', 'rules', tests])).toContain('SUCCESS')
    const text = readFileSync(tests, 'utf8')
    const alerts = [...rulesText.matchAll(/^ +- alert: (\w+)$/gm)].map(([, name = '']) => name)
    expect(alerts).toHaveLength(15)
    // Each is tested both ways.
    for (const name of alerts) {
      expect(text, name).toMatch(new RegExp(`alertname: ${name}\\n +exp_alerts`))
      expect(text, name).toMatch(new RegExp(`alertname: ${name} \\}`))
    }
  })

  test('each alert has a section in the runbook', () => {
    const headings = [...readFileSync(new URL('docs/rotation.md', root), 'utf8').matchAll(/^#+ (.*)$/gm)]
    const anchors = headings.map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    )
    const links = [...rulesText.matchAll(/^ +runbook_url: (\S+)$/gm)].map(([, url = '']) => new URL(url))
    expect(links).toHaveLength(15)
    for (const { pathname, hash } of links) {
      expect(pathname).toBe('/sealwright/sealwright/blob/main/docs/rotation.md')
      expect(anchors).toContain(hash.slice(1))
    }
  })

  test('the panels of the dashboard have ids of their own and do not overlap', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24)
    for (const { targets = [] } of panels) {
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
    }
  })
})
