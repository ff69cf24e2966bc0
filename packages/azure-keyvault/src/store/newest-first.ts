import type { ListedVersion } from '../vault/listed-version.ts'

type Dated = Pick<ListedVersion, 'version' | 'createdAt'>

/** Newest first. Sorting is stable: versions from the same second keep their order. */
export function byTimeOfCreation(a: Dated, b: Dated): number {
  return (b.createdAt?.getTime() ?? 0) - (a.createdAt?.getTime() ?? 0)
}

/** Newest first, then by id within the same second: the same order in every process. */
export function newestFirst(a: Dated, b: Dated): number {
  return byTimeOfCreation(a, b) || (a.version < b.version ? 1 : -1)
}
