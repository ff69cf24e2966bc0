import { performance as nodePerformance } from 'node:perf_hooks'
import { setImmediate as nodeSetImmediate } from 'node:timers'

// Kept when this package is loaded: where a test puts fake timers in their place, signatures are made all the same.
export const performance: typeof nodePerformance = nodePerformance
export const setImmediate: typeof nodeSetImmediate = nodeSetImmediate
