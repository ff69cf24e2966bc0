import { secondsPerPoint, type ActivityPoint } from '../../activity/activity.ts'
import type { Service } from '../../service.ts'
import { markup, type Html } from '../html.ts'

/** How large a chart is, in its own units. */
const width = 600
const height = 90

/** What the server does now. The script of the page replaces it every two seconds. */
export function activity({ activity: counted }: Service): Html {
  const { issued, refused, failed, p50, p99, points } = counted.snapshot()
  const rates = points.map((point) => point.issued / secondsPerPoint)
  const times = points.flatMap((point) => [point.p50 ?? 0, point.p99 ?? 0])
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
      ${chart('Time of a signature, p50 and p99, in the last two minutes', `highest ${milliseconds(Math.max(...times))}`, lines(points, Math.max(...times)))}
    </div>
  </section>`
}

function figure(name: string, value: string): Html {
  return markup`<div><dt>${name}</dt><dd>${value}</dd></div>`
}

function chart(name: string, highest: string, shapes: Html): Html {
  return markup`<figure>
    <svg viewBox="0 0 ${String(width)} ${String(height)}" role="img" aria-label="${name}: ${highest}" preserveAspectRatio="none">${shapes}</svg>
    <figcaption>${name}; ${highest}</figcaption>
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

function lines(points: readonly ActivityPoint[], most: number): Html {
  const shape = (name: 'p50' | 'p99'): Html => {
    const step = width / points.length
    const found = points.flatMap((point, index) => {
      const value = point[name]
      if (value === null) return []
      return [`${rounded((index + 0.5) * step)},${rounded(height - 4 - (value / most) * (height - 8))}`]
    })
    // A line of one point would not be seen.
    const [only] = found
    if (only !== undefined && found.length === 1) found.push(only)
    return markup`<polyline class="${name}" points="${found.join(' ')}" />`
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
