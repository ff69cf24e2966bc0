import type { KeyVaultStatus } from '@sealwright/azure-keyvault'
import { secondsPerPoint, type ActivityPoint } from '../../activity/activity.ts'
import type { Service } from '../../service.ts'
import { printable } from '../../printable.ts'
import { badge } from '../document.ts'
import { markup, type Html } from '../html.ts'

/** How large a chart is, in its own units. */
const width = 600
const height = 90

/** What the server does now. The script of the page replaces it every two seconds. */
export function activity({ activity: counted, vaults }: Service): Html {
  const { issued, refused, failed, p50, p99, points } = counted.snapshot()
  const rates = points.map((point) => point.issued / secondsPerPoint)
  const longest = Math.max(...points.map((point) => point.p99 ?? 0))
  return markup`<section id="activity" aria-labelledby="activity-title">
    <h2 id="activity-title">Activity</h2>
    <dl class="figures">
      ${figure('Tokens issued', String(issued))}
      ${figure('Refused', String(refused))}
      ${figure('Failed', String(failed))}
      ${figure('Signature, p50', milliseconds(p50))}
      ${figure('Signature, p99', milliseconds(p99))}
    </dl>
    <div class="charts">
      ${chart('Tokens a second, in the last two minutes', `highest ${rounded(Math.max(...rates))}`, bars(rates))}
      ${chart('Time of a signature in the last two minutes', `highest ${milliseconds(longest === 0 ? null : longest)}`, lines(points, longest), legend)}
    </div>
    ${vaults().map(vaultFigures)}
  </section>`
}

/** What this process has asked of a vault since it was started, and whether it asks now. */
function vaultFigures({ vaultUrl, transactions, breaker, outage, throttled, retries }: KeyVaultStatus): Html {
  const { used, share, queued } = transactions
  const retried = retries.reduce((total, { count }) => total + count, 0)
  return markup`<h3>${new URL(vaultUrl).hostname}</h3>
    ${breaker === 'closed' ? null : markup`<p class="notice bad">The circuit breaker is ${breaker}: ${printable(outage ?? '')}</p>`}
    <dl class="figures">
      ${figure('Circuit breaker', breaker === 'closed' ? badge('good', breaker) : badge('bad', breaker))}
      ${figure('Quota used in 10 s', `${Math.round(used)} of ${Math.round(share)}`)}
      ${figure('Waiting', String(queued))}
      ${figure('Throttled (429)', String(throttled))}
      ${figure('Retried', String(retried))}
    </dl>`
}

function figure(name: string, value: string | Html): Html {
  return markup`<div><dt>${name}</dt><dd>${value}</dd></div>`
}

const legend = markup` <span class="legend"><i class="p50"></i>p50 <i class="p99"></i>p99</span>`

function chart(name: string, highest: string, shapes: Html, more: Html | null = null): Html {
  return markup`<figure>
    <svg viewBox="0 0 ${String(width)} ${String(height)}" role="img" aria-label="${name}: ${highest}" preserveAspectRatio="none">${shapes}</svg>
    <figcaption>${name}; ${highest}${more}</figcaption>
  </figure>`
}

function bars(rates: readonly number[]): Html {
  const step = width / rates.length
  const most = Math.max(...rates, 1 / secondsPerPoint)
  return markup`${rates.map((rate, index) => {
    const length = (rate / most) * height
    return rate === 0
      ? markup``
      : markup`<rect x="${rounded(index * step)}" y="${rounded(height - length)}" width="${rounded(step - 1)}" height="${rounded(length)}" />`
  })}`
}

function lines(points: readonly ActivityPoint[], longest: number): Html {
  const step = width / points.length
  const pointOf = (value: number, index: number): string =>
    `${rounded((index + 0.5) * step)},${rounded(height - 4 - (value / longest) * (height - 8))}`
  const shape = (name: 'p50' | 'p99'): Html => {
    // A line for each run of points: nothing was measured between two runs.
    const runs: string[][] = [[]]
    for (const [index, point] of points.entries()) {
      const value = point[name]
      if (value === null) runs.push([])
      else runs.at(-1)?.push(pointOf(value, index))
    }
    const drawn = runs.filter((run) => run.length > 0)
    // A line of one point has no length, and is seen by its round ends.
    return markup`${drawn.map((run) => markup`<polyline class="${name}" points="${[...run, run.at(-1) ?? ''].join(' ')}" />`)}`
  }
  return markup`${shape('p99')}${shape('p50')}`
}

function milliseconds(value: number | null): string {
  return value === null ? '–' : `${rounded(value)} ms`
}

/** Two significant figures below ten, none after the point above. */
function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
}
