/**
 * What the packages of Sealwright share among themselves. Not public API: anything here may change in any release.
 */
export { onAbort, untilAborted } from './internal/abort.ts'
export { assertUnforgeable } from './algorithms/weak-keys.ts'
