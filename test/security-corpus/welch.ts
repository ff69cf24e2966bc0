/**
 * Welch's t of two sets of samples, as dudect (Reparaz, Balasch, Verbauwhede, 2017) takes it: of all samples, and of those below
 * some percentiles, since interruptions hide a difference in the others. The one farthest from 0 is returned.
 */
export function largestT(a: Float64Array, b: Float64Array): number {
  const all = Float64Array.from([...a, ...b]).toSorted()
  const limits = [0.5, 0.75, 0.9, 0.95, 0.99].map((part) => all[Math.floor(all.length * part)] ?? Infinity)
  const values = [...limits, Infinity].map((limit) => welch(statistics(a, limit), statistics(b, limit)))
  return values.reduce((most, t) => (Math.abs(t) > Math.abs(most) ? t : most), 0)
}

interface Statistics {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

/** Of the samples up to a limit (Welford's method). */
function statistics(samples: Float64Array, limit: number): Statistics {
  let [count, mean, squares] = [0, 0, 0]
  for (const sample of samples) {
    if (sample > limit) continue
    count++
    const delta = sample - mean
    mean += delta / count
    squares += delta * (sample - mean)
  }
  return { count, mean, variance: squares / (count - 1) }
}

function welch(a: Statistics, b: Statistics): number {
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count)
}
