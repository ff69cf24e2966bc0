import { run } from '@sealwright/test-kit/tools'

/** One line of a scrape. */
interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A metric as Prometheus sees it. */
export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

const reader = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
print(json.dumps([
  {'name': f.name, 'type': f.type, 'help': f.documentation,
   'samples': [{'name': s.name, 'labels': s.labels, 'value': str(s.value)} for s in f.samples]}
  for f in text_string_to_metric_families(sys.stdin.read())
]))
`

/** Reads the text with the parser of Prometheus' own client for Python. */
export function parseScrape(text: string): readonly Family[] {
  const families = JSON.parse(run(['/usr/bin/python3', '-c', reader], text)) as (Omit<Family, 'samples'> & {
    readonly samples: readonly (Omit<Sample, 'value'> & { readonly value: string })[]
  })[]
  return families.map((family) => ({
    ...family,
    samples: family.samples.map((sample) => ({
      ...sample,
      value: Number(sample.value.replace('inf', 'Infinity')),
    })),
  }))
}

/** Asks a server for its metrics. It says in its log where they are. */
export async function scrape(
  log: readonly string[],
  path = '/metrics',
  status = 200,
  method = 'GET',
): Promise<string> {
  const { port } = JSON.parse(log.find((line) => line.includes('serving metrics')) ?? '{}') as {
    port?: number
  }
  const response = await fetch(`http://localhost:${port}${path}`, { method })
  const text = await response.text()
  if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text
}
