/** The median; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Half the distance between the quartiles, relative to the median: 0.02 is ±2 %. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median(values)
}

/** The value that a share of the others do not exceed, between the two nearest of them; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place % 1)
}

/**
 * By how much values taken at equal distances rise from the first to the last, relative to their mean: 0.01 is 1 %. It is
 * taken from the straight line that fits them best (least squares), which no single value moves far.
 */
export function growth(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const middle = (values.length - 1) / 2
  const covariance = values.reduce((sum, value, place) => sum + (place - middle) * (value - mean), 0)
  const variance = values.reduce((sum, _, place) => sum + (place - middle) ** 2, 0)
  return ((covariance / variance) * (values.length - 1)) / mean
}

/** {@link growth} over the second half, when all that a program keeps from its beginning is there. */
export function growthAtLast(values: readonly number[]): number {
  return growth(values.slice(values.length >> 1))
}
