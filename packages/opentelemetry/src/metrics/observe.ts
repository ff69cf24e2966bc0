import type { Attributes, Meter, Observable } from '@opentelemetry/api'
import { anObject, hasMethod, must, optionsOf, type Check } from '@sealwright/core/internal'

/** Where metrics are registered. */
export interface ObserveOptions {
  /** Such as `metrics.getMeter('my-app')` of @opentelemetry/api. */
  readonly meter: Meter
  /** Attributes that each value gets in addition, such as the name of a ring. Default none. */
  readonly attributes?: Attributes | undefined
}

export const meterOptions: Check = optionsOf(
  {
    meter: must('a Meter; metrics.getMeter(name) of @opentelemetry/api returns one', (value) =>
      hasMethod(value, 'addBatchObservableCallback'),
    ),
    attributes: anObject,
  },
  ['meter'],
)

/** Reports one value. */
export type Report = (instrument: Observable, value: number, attributes?: Attributes) => void

/**
 * Reports all values of a source together, so that the source is read once for each collection.
 *
 * @returns a function that ends it
 */
export function observe(
  { meter, attributes: common }: ObserveOptions,
  instruments: Observable[],
  read: (report: Report) => void,
): () => void {
  const callback: Parameters<Meter['addBatchObservableCallback']>[0] = (result) =>
    read((instrument, value, attributes) => result.observe(instrument, value, { ...common, ...attributes }))
  meter.addBatchObservableCallback(callback, instruments)
  return () => meter.removeBatchObservableCallback(callback, instruments)
}
