import type { KeyRingKeyStatus, KeyRingStatus } from '@sealwright/keyring'
import { printable } from '../../printable.ts'
import type { Service } from '../../service.ts'
import { badge } from '../document.ts'
import { markup, type Html } from '../html.ts'
import { fromNow, utc } from '../times.ts'

/** Every key of the ring: what it is used for, and when that changes. */
export function keyRing({ ring, clock }: Service, { keys, nextRotation, age }: KeyRingStatus): Html {
  const now = clock()
  // The age of a set includes the delay with which a store lists a new key.
  const readAgo = age === null ? null : Math.max(0, age - ring.policy.listingDelay)
  return markup`<section aria-labelledby="key-ring">
    <h2 id="key-ring">Key ring</h2>
    <p>${readAgo === null ? 'The keys have not been read.' : `The keys were read ${readAgo} s ago.`}
      ${nextRotation === null ? 'No new key is planned.' : `The next key ${nextRotation < now ? 'was' : 'is'} due ${fromNow(nextRotation, now)}: ${utc(nextRotation)}.`}</p>
    ${timeline(keys, now)}
    <ol class="keys">${keys.map((key) => item(key, now))}</ol>
  </section>`
}

const kinds = {
  announced: 'soon',
  active: 'good',
  retiring: 'quiet',
  retired: 'quiet',
  revoked: 'bad',
} as const

function item(key: KeyRingKeyStatus, now: Date): Html {
  const { keyId, location, state, algorithms, delegatedBy } = key
  return markup`<li>
    <p>${badge(kinds[state], state)} <code>${keyId}</code> ${algorithms.join(', ')}</p>
    <p class="quiet">${changeOf(key, now)}${delegatedBy === null ? '' : ` Certified by ${delegatedBy}.`}</p>
    <p class="quiet"><code>${printable(location)}</code></p>
  </li>`
}

/** What happens to the key next. */
function changeOf(key: KeyRingKeyStatus, now: Date): string {
  const { state, signsFrom, signsUntil, publishedUntil } = key
  const at = (date: Date): string => `${fromNow(date, now)} (${utc(date)})`
  switch (state) {
    case 'announced':
      return signsFrom === null
        ? 'In the JWK Set. It does not sign yet.'
        : `In the JWK Set. It starts to sign ${at(signsFrom)}.`
    case 'active':
      return signsUntil === null
        ? 'It signs. There is no successor yet.'
        : `It signs, and stops ${at(signsUntil)}.`
    case 'retiring':
      return (
        (isOnlyPublished(key) ? 'It does not sign.' : 'It no longer signs.') +
        (publishedUntil === null
          ? ' It stays in the JWK Set.'
          : ` It leaves the JWK Set ${at(publishedUntil)}.`)
      )
    case 'retired':
      return 'It has left the JWK Set.'
    case 'revoked':
      return 'Switched off. APIs refuse its tokens once they have read the JWK Set again.'
    default:
      return state satisfies never
  }
}

/** Whether the key is in the JWK Set for the tokens of another program, and never signs here. */
function isOnlyPublished({ state, signsFrom, signsUntil }: KeyRingKeyStatus): boolean {
  return state === 'retiring' && signsFrom === null && signsUntil === null
}

const width = 600
const rowHeight = 22
const barHeight = 12

/** A bar for each key that is in the JWK Set: announced, active, retiring. */
function timeline(all: readonly KeyRingKeyStatus[], now: Date): Html | null {
  const keys = all.filter(({ state }) => state === 'announced' || state === 'active' || state === 'retiring')
  if (keys.length === 0) return null
  const [from, to] = rangeOf(keys, now.getTime())
  const x = (time: number): number => Math.round(((time - from) / (to - from)) * width)
  const height = keys.length * rowHeight
  const bars = keys.map((key, index) => {
    const y = index * rowHeight + (rowHeight - barHeight) / 2
    if (isOnlyPublished(key)) {
      const until = key.publishedUntil?.getTime() ?? to
      return markup`${bar('retiring', 0, x(clamp(until, from, to)), y)}`
    }
    const published = x(clamp(key.createdAt?.getTime() ?? from, from, to))
    const starts = x(clamp(key.signsFrom?.getTime() ?? from, from, to))
    const stops = x(clamp(key.signsUntil?.getTime() ?? to, from, to))
    const leaves = x(clamp(key.publishedUntil?.getTime() ?? to, from, to))
    return markup`${bar('announced', published, starts, y)}${bar('active', Math.max(starts, published), stops, y)}${bar('retiring', stops, leaves, y)}`
  })
  const here = String(x(now.getTime()))
  return markup`<figure>
    <svg class="timeline" viewBox="0 0 ${String(width)} ${String(height)}" role="img" aria-label="When each key is announced, signs, and leaves the JWK Set; the list has the times">
      ${bars}<line x1="${here}" x2="${here}" y1="0" y2="${String(height)}" />
    </svg>
    <figcaption><span>${minute(from)}</span><span class="legend"><i class="announced"></i>announced <i class="active"></i>signs <i class="retiring"></i>retiring <i class="now"></i>now</span><span>${minute(to)}</span></figcaption>
  </figure>`
}

function bar(kind: string, start: number, end: number, y: number): Html | null {
  if (end <= start) return null
  return markup`<rect class="${kind}" x="${String(start)}" y="${String(y)}" width="${String(end - start)}" height="${String(barHeight)}" />`
}

/**
 * What the timeline shows. While keys change, the changes, with as much time before and after now; else the time from the
 * creation of the key to its end.
 */
function rangeOf(keys: readonly KeyRingKeyStatus[], now: number): readonly [from: number, to: number] {
  const changes = keys.flatMap((key) => {
    const { state, createdAt, signsFrom, signsUntil, publishedUntil } = key
    if (isOnlyPublished(key)) return []
    if (state === 'announced') return [createdAt, signsFrom]
    return state === 'retiring' ? [signsUntil, publishedUntil] : []
  })
  const distances = timesOf(changes).map((time) => Math.abs(time - now))
  if (distances.length > 0) {
    const reach = Math.max(1.25 * Math.max(...distances), 60_000)
    return [now - reach, now + reach]
  }
  const times = timesOf(
    keys.flatMap(({ createdAt, signsFrom, notAfter }) => [createdAt, signsFrom, notAfter]),
  )
  return [Math.min(...times, now - 60_000), Math.max(...times, now + 60_000)]
}

function timesOf(dates: readonly (Date | null)[]): readonly number[] {
  return dates.flatMap((date) => (date === null ? [] : [date.getTime()]))
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}

function minute(time: number): string {
  return `${utc(new Date(time)).slice(0, 16)} UTC`
}
