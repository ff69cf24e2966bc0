import {
  canDisable,
  canLocate,
  canRotate,
  openSigningKey,
  SealwrightError,
  isSealwrightError,
  type Backend,
  type CreateKeyOptions,
  type KeyStore,
  type Password,
  type SigningKey,
} from '@sealwright/core'
import {
  aBoolean,
  aDate,
  anObject,
  aPassword,
  aSigningKey,
  aString,
  optionsOf,
} from '@sealwright/core/internal'

/** What the ring does with the keys of a source. */
export interface SourceOptions {
  /**
   * Makes the key when there is proven to be none, and new versions when a rotation is due, where the store can rotate.
   * Left out, the source is only read.
   */
  readonly create?: CreateKeyOptions | undefined
  /**
   * When the key was put where every instance finds it, for a source that does not say. It must not be earlier than that:
   * the ring counts the announcement from it.
   */
  readonly createdAt?: Date | undefined
  /** false for keys that are published and never sign, such as those of another issuer. Default true. */
  readonly signs?: boolean | undefined
  /** Sources with different names here sign at the same time, in turn. Default all have the same. */
  readonly shard?: string | undefined
}

/** All versions of one name in a store, or the key that a signing URI names. */
export type KeyRingSource = SourceOptions &
  (
    | { readonly store: KeyStore; readonly name: string }
    | {
        /**
         * A signing URI, opened with `options.backends`. One that names a vault's certificate or a key in a folder stands for
         * all of its versions.
         */
        readonly uri: string
        /** The password of the file or folder that the URI names. */
        readonly password?: Password | undefined
      }
    /** A key that was opened before, which the ring does not read again. */
    | { readonly key: SigningKey }
  )

/** A source, however it was given. */
export interface Source {
  /** For people: where the keys are. No secret. */
  readonly location: string
  readonly signs: boolean
  readonly shard: string
  readonly createdAt: Date | null
  /** Whether the source makes keys. */
  readonly creates: boolean
  /** Whether its keys count only when a key of the ring has signed their certificates. */
  readonly delegates: boolean
  /**
   * Makes the version that follows `after`; ALREADY_EXISTS when that is not the newest any more. null where the store has no
   * rotation.
   */
  readonly rotate: ((after: string | undefined, signal: AbortSignal) => Promise<SigningKey>) | null
  /** Switches a version off. null where the store cannot. */
  readonly disable: ((version: string) => Promise<void>) | null
  /** Every version, newest first; empty when there is proven to be none. */
  list(signal: AbortSignal): Promise<readonly SigningKey[]>
  /** Makes the first version, or finds the one that another instance has made. */
  getOrCreate(signal: AbortSignal): Promise<void>
}

/** @throws SealwrightError `INVALID_ARGUMENT` for a source that cannot be one; or what its backend throws */
export async function openSource(source: KeyRingSource, backends: readonly Backend[]): Promise<Source> {
  checkSource(source)
  const { create, createdAt = null, signs = true, shard = '' } = source
  if (!signs && create !== undefined) throw invalid('a source with `signs: false` cannot create keys')
  return {
    signs,
    shard,
    createdAt,
    creates: create !== undefined,
    delegates: false,
    ...(await placeOf(source, backends)),
  }
}

function checkSource(source: KeyRingSource): void {
  const kind = ('store' in source && 'store') || ('key' in source && 'key') || 'uri'
  const all = { create: anObject, createdAt: aDate, signs: aBoolean, shard: aString }
  const members = {
    store: { ...all, store: anObject, name: aString },
    key: { ...all, key: aSigningKey },
    uri: { ...all, uri: aString, password: aPassword },
  }
  optionsOf(members[kind], kind === 'store' ? ['store', 'name'] : [kind])('source', source)
}

async function placeOf(source: KeyRingSource, backends: readonly Backend[]): Promise<Place> {
  const { create } = source
  if ('store' in source) return ofStore(source.store, source.name, create)
  if ('key' in source) return ofKey(source.key)
  const { uri, password } = source
  const [backend, another] = backends.filter((each) => each.accepts(uri))
  // That there is one, and one alone, openSigningKey sees to.
  if (backend !== undefined && another === undefined && canLocate(backend)) {
    const place = await backend.locate(uri, { password })
    if (place?.version === null) return ofStore(place.store, place.name, create)
  }
  return ofUri(uri, { backends, create, password })
}

type Place = Pick<Source, 'location' | 'rotate' | 'disable' | 'list' | 'getOrCreate'>

function ofStore(store: KeyStore, name: string, create: CreateKeyOptions | undefined): Place {
  return {
    location: `${name} in ${store.location}`,
    rotate: canRotate(store) ? (after, signal) => store.rotate(name, { after, signal }) : null,
    disable: canDisable(store) ? (version) => store.disable(name, version) : null,
    list: (signal) => store.list({ name, signal }),
    async getOrCreate(signal) {
      const options = { ...create, signal }
      if (hasGetOrCreate(store)) {
        await store.getOrCreate(name, options)
        return
      }
      try {
        await store.create(name, options)
      } catch (error) {
        // Another instance was quicker. Its key shows in the next reading.
        if (!isSealwrightError(error, 'ALREADY_EXISTS')) throw error
      }
    },
  }
}

function ofKey(key: SigningKey): Place {
  return {
    location: key.location,
    rotate: null,
    disable: null,
    list: async () => [key],
    getOrCreate: async () => undefined,
  }
}

/** A URI that names one key, which has no versions that could be listed. */
function ofUri(
  uri: string,
  options: {
    readonly backends: readonly Backend[]
    readonly create: CreateKeyOptions | undefined
    readonly password: Password | undefined
  },
): Place {
  const { backends, create, password } = options
  let location = 'the signing key'
  return {
    get location() {
      return location
    },
    rotate: null,
    disable: null,
    async list(signal) {
      try {
        const key = await openSigningKey(uri, { backends, password, signal })
        location = key.location
        return [key]
      } catch (error) {
        if (isSealwrightError(error, 'NOT_FOUND') && create !== undefined) return []
        throw error
      }
    },
    async getOrCreate(signal) {
      await openSigningKey(uri, { backends, password, create: { ...create }, signal })
    },
  }
}

/** A store that knows best how to tell the one of several creators that won. */
function hasGetOrCreate(
  store: KeyStore,
): store is KeyStore & { getOrCreate(name: string, options: CreateKeyOptions): Promise<SigningKey> } {
  return typeof Reflect.get(store, 'getOrCreate') === 'function'
}

function invalid(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}
