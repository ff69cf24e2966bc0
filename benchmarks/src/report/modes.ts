import type { Row } from '../measuring/measure.ts'
import { alignTable, formatRate } from './table.ts'

const modes = ['inline', 'libuv', 'pool', 'auto']

/**
 * Tokens per second where `createSigner` can sign, by load, with the event loop's delay where that was measured: what its
 * choice follows.
 */
export function formatModes(rows: readonly Row[]): string {
  const own = rows.filter(({ suite, name }) => suite === 'pool' && name === 'sealwright')
  const loads = [...new Set(own.map(({ alg }) => alg))]
  return alignTable(
    [
      ['', ...modes.map((mode) => `\`${mode}\``)],
      ...loads.map((load) => [
        load,
        ...modes.map((mode) => formatCell(own.find((row) => row.alg === load && row.mode === mode))),
      ]),
    ],
    1,
  )
}

function formatCell(row: Row | undefined): string {
  if (row === undefined) return ''
  const { opsPerSec, eventLoopDelayP99: delay } = row
  return delay === undefined ? formatRate(opsPerSec) : `${formatRate(opsPerSec)} (${delay.toFixed(1)} ms)`
}
