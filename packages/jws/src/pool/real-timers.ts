import { performance as nodePerformance } from 'node:perf_hooks'
import {
  clearInterval as nodeClearInterval,
  setImmediate as nodeSetImmediate,
  setInterval as nodeSetInterval,
} from 'node:timers'

// Taken when this package is loaded, so that fake timers in a test do not stop signatures.
export const performance: typeof nodePerformance = nodePerformance
export const setImmediate: typeof nodeSetImmediate = nodeSetImmediate
export const setInterval: typeof nodeSetInterval = nodeSetInterval
export const clearInterval: typeof nodeClearInterval = nodeClearInterval
