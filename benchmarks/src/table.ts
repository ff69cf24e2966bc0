import type { Row } from './measure.ts'

/** The rows as a Markdown table, which reads well on a terminal too. */
export function formatTable(rows: readonly Row[]): string {
  const hasDelay = rows.some((row) => row.eventLoopDelayP99 !== undefined)
  const hasBytes = rows.some((row) => row.bytes !== undefined)
  const lines = [
    ['alg', 'name', 'mode', 'per second', '±', '÷ limit', '÷ best peer']
      .concat(hasDelay ? ['loop delay p99'] : [])
      .concat(hasBytes ? ['bytes'] : []),
    ...rows.map((row) =>
      [
        row.alg,
        row.name,
        row.mode,
        formatRate(row.opsPerSec),
        `${(row.spread * 100).toFixed(1)} %`,
        formatRatio(row.ratioToLimit),
        formatRatio(row.ratioToBestPeer),
      ]
        .concat(hasDelay ? [formatOptional(row.eventLoopDelayP99, (value) => `${value.toFixed(1)} ms`)] : [])
        .concat(hasBytes ? [formatOptional(row.bytes, (value) => value.toLocaleString('en'))] : []),
    ),
  ]
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => pad(cell, widths[column] ?? 0, isNumber(column))).join(' | ')} |`
  const rule = widths.map((width, column) =>
    isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  const [head = [], ...body] = lines
  return [format(head), `| ${rule.join(' | ')} |`, ...body.map(format)].join('\n')
}

/** The columns after alg, name and mode. */
function isNumber(column: number): boolean {
  return column > 2
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width)
}

function formatRate(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function formatRatio(value: number | null): string {
  return value === null ? '' : value.toFixed(2)
}

function formatOptional(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? '' : format(value)
}
