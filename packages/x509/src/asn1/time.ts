import { Time, TimeType } from 'pkijs'
import { malformed, tags, type BerElement } from './ber.ts'

/**
 * UTCTime through 2049, GeneralizedTime after (RFC 5280 §4.1.2.5).
 *
 * @param value in whole seconds, 1950 to 9999
 */
export function timeOf(value: Date): Time {
  return new Time({
    type: value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime,
    value,
  })
}

/** In the one form that RFC 5280 §4.1.2.5 allows for each type: UTC, with seconds, without fractions. */
export function decodeTime(element: BerElement, source: string): Date {
  const text = Buffer.from(element.content).toString('latin1')
  const isUtcTime = element.tag === tags.utcTime
  const pattern = isUtcTime
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
    : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
  const [whole, year = '', month, day, hour, minute, second] = pattern.exec(text) ?? []
  if ((!isUtcTime && element.tag !== tags.generalizedTime) || whole === undefined) {
    throw malformed(source, 'is not a time in a format of RFC 5280')
  }
  // Two digits mean 1950 to 2049.
  const fullYear = isUtcTime ? `${Number(year) >= 50 ? '19' : '20'}${year}` : year
  const iso = `${fullYear}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const time = new Date(iso)
  // Date reads February 30 as March 2.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso)
    throw malformed(source, `is not a valid time: ${text}`)
  return time
}
