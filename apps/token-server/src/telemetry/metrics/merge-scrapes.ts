/**
 * Puts the metrics of several processes into one text. In the format of Prometheus all lines of a metric must be together, below
 * its help and its type.
 */
export function mergeScrapes(texts: readonly string[]): string {
  const heads = new Map<string, string[]>()
  const samples = new Map<string, string[]>()
  for (const text of texts) {
    let name = ''
    const seen = new Set(heads.keys())
    for (const line of text.split('\n')) {
      if (line === '') continue
      if (line.startsWith('# HELP ')) name = line.split(' ', 3)[2] ?? ''
      // The first one that has a metric describes it.
      if (!line.startsWith('#')) linesOf(samples, name).push(line)
      else if (!seen.has(name)) linesOf(heads, name).push(line)
    }
  }
  const lines = [...heads].flatMap(([name, head]) => [...head, ...(samples.get(name) ?? [])])
  return `${lines.join('\n')}\n`
}

function linesOf(all: Map<string, string[]>, name: string): string[] {
  let lines = all.get(name)
  if (lines === undefined) all.set(name, (lines = []))
  return lines
}
