import type { Row } from '../measuring/measure.ts'
import { growthAtLast } from '../measuring/statistics.ts'

interface Column {
  readonly head: string
  /** The text for a row; empty if there is none. */
  readonly cell: (row: Row) => string
  readonly isText?: boolean
}

const columns: readonly Column[] = [
  { head: 'alg', cell: ({ alg }) => alg, isText: true },
  { head: 'name', cell: ({ name }) => name, isText: true },
  { head: 'mode', cell: ({ mode }) => mode, isText: true },
  { head: 'per second', cell: ({ opsPerSec }) => formatRate(opsPerSec) },
  { head: '±', cell: (row) => formatPercent(row.spread) },
  { head: '÷ limit', cell: ({ ratioToLimit }) => ratioToLimit?.toFixed(2) ?? '' },
  { head: '÷ best peer', cell: ({ ratioToBestPeer }) => ratioToBestPeer?.toFixed(2) ?? '' },
]

/** The columns that are shown if a row has a value for them. */
const optionalColumns: readonly Column[] = [
  { head: 'loop delay p99', cell: ({ eventLoopDelayP99 }) => formatMilliseconds(eventLoopDelayP99) },
  { head: 'bytes', cell: ({ bytes }) => bytes?.toLocaleString('en') ?? '' },
  { head: 'latency', cell: ({ latency }) => formatMilliseconds(latency?.median) },
  { head: 'latency p99', cell: ({ latency }) => formatMilliseconds(latency?.p99) },
  { head: 'errors', cell: ({ errors }) => errors?.toLocaleString('en') ?? '' },
  { head: '429s', cell: ({ throttled }) => throttled?.toLocaleString('en') ?? '' },
  { head: 'main thread', cell: ({ cpu }) => formatMicroseconds(cpu?.main) },
  { head: 'other threads', cell: ({ cpu }) => formatMicroseconds(cpu?.others) },
  { head: 'heap', cell: ({ memory }) => formatMegabytes(memory?.heap) },
  { head: 'heap growth', cell: ({ memory }) => formatGrowth(memory?.heap) },
  { head: 'RSS', cell: ({ memory }) => formatMegabytes(memory?.resident) },
  { head: 'RSS growth', cell: ({ memory }) => formatGrowth(memory?.resident) },
]

/** The rows as a Markdown table, which reads well on a terminal too. */
export function formatTable(rows: readonly Row[]): string {
  const shown = [...columns, ...optionalColumns.filter(({ cell }) => rows.some((row) => cell(row) !== ''))]
  return alignTable(
    [shown.map(({ head }) => head), ...rows.map((row) => shown.map(({ cell }) => cell(row)))],
    shown.filter(({ isText = false }) => isText).length,
  )
}

/**
 * A Markdown table whose source is as readable.
 *
 * @param lines the first is the head
 * @param textColumns how many columns are text, which come first; the others are numbers, aligned to the right
 */
export function alignTable(lines: readonly (readonly string[])[], textColumns: number): string {
  const [head = [], ...body] = lines
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)))
  const format = (line: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(line[column] ?? '', width, column >= textColumns)).join(' | ')} |`
  const rule = widths.map((width, column) =>
    column >= textColumns ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [format(head), format(rule), ...body.map(format)].join('\n')
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width)
}

export function formatRate(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function formatMilliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(1)} ms`
}

function formatMicroseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(1)} µs`
}

/** The memory in use at the end. */
function formatMegabytes(values: readonly number[] | undefined): string {
  const last = values?.at(-1)
  return last === undefined ? '' : `${(last / 2 ** 20).toFixed(1)} MiB`
}

function formatGrowth(values: readonly number[] | undefined): string {
  return values === undefined ? '' : formatPercent(growthAtLast(values))
}
