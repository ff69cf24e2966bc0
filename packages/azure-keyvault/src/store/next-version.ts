import { SealwrightError } from '@sealwright/core'
import { sleep } from '../sleep.ts'
import type { Abortable, Collection } from '../vault/collection.ts'
import type { NewestVersion } from '../vault/listed-version.ts'
import { newestFirst } from './newest-first.ts'

/**
 * Resolves when another version may be created.
 *
 * @param options.after the version that has to be the newest; undefined for any
 * @throws SealwrightError `NOT_FOUND` for a name without versions; `ALREADY_EXISTS` when `after` is not the newest
 */
export async function mayFollow(
  objects: Collection,
  location: string,
  { name, after, signal }: Abortable & { readonly name: string; readonly after: string | undefined },
): Promise<void> {
  const newest = await objects.newest(name, { signal })
  if (newest === null) throw new SealwrightError('NOT_FOUND', `there is no ${name} in ${location}`)
  await nextSecond(newest, signal)
  if (after === undefined) return
  // The service makes the next version whatever the newest is, but refuses a request while another is pending. So one
  // of several callers makes it, unless that takes less time than it is from here to the request.
  const now = await newestListed(objects, name, signal)
  if (now === after) return
  throw new SealwrightError(
    'ALREADY_EXISTS',
    `${name} in ${location} was not rotated: another process has just created the version ${now}`,
  )
}

/**
 * The first version in a list of the store. Of versions created in the same second, it is the one that the vault calls the
 * newest: a caller that had to follow another one could never rotate again.
 */
async function newestListed(
  objects: Collection,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const [first, ...others] = (await objects.versions(name, { signal })).toSorted(newestFirst)
  const tied = others.filter((each) => each.createdAt?.getTime() === first?.createdAt?.getTime())
  if (tied.length === 0) return first?.version
  const newest = await objects.newest(name, { signal })
  return (tied.find(({ version }) => version === newest?.version) ?? first)?.version
}

/**
 * Waits until the vault's clock has passed the second in which the newest version was created. Creation times are whole
 * seconds. With equal times, it is unknown which version is first, and the first signs without announcement.
 */
async function nextSecond(
  { createdAt, answeredAt }: NewestVersion,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hasPassed = createdAt === null || (answeredAt !== null && answeredAt > createdAt)
  if (!hasPassed) await sleep(1_000, signal)
}
