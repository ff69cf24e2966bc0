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
  untilAborted,
} from '@sealwright/core/internal'

/** How the ring uses the keys of a source. */
export interface SourceOptions {
  /**
   * Creates the key if it is proven absent, and new versions when a rotation is due if the store can rotate. Default:
   * the source is only read.
   */
  readonly create?: CreateKeyOptions | undefined
  /**
   * When every instance could find the key, for a source that records no creation time. The announcement starts then,
   * so the time must not be too early.
   */
  readonly createdAt?: Date | undefined
  /** false for keys that are published but never sign, such as those of another issuer. Default true. */
  readonly signs?: boolean | undefined
  /** The name of the shard. Keys of different shards sign at the same time, in turn. Default: all sources are one shard. */
  readonly shard?: string | undefined
}

/** All versions of one name in a store, or the key that a signing URI names. */
export type KeyRingSource = SourceOptions &
  (
    | { readonly store: KeyStore; readonly name: string }
    | {
        /**
         * A signing URI, opened with `options.backends`. A certificate in a vault or a key in a folder includes all of
         * its versions.
         */
        readonly uri: string
        /** The password of the file or folder that the URI names. */
        readonly password?: Password | undefined
      }
    /** A key that was opened before, which the ring does not read again. */
    | { readonly key: SigningKey }
  )

/** An opened source. */
export interface Source {
  /** For messages: where the keys are. Contains no secret. */
  readonly location: string
  readonly signs: boolean
  readonly shard: string
  readonly createdAt: Date | null
  /** Whether the source creates keys. */
  readonly creates: boolean
  /** Whether its keys count only when a key of the ring has signed their certificates. */
  readonly delegates: boolean
  /**
   * Creates the version that follows `after`; `ALREADY_EXISTS` if `after` is no longer the newest. null if the store
   * cannot rotate.
   */
  readonly rotate: ((after: string | undefined, signal: AbortSignal) => Promise<SigningKey>) | null
  /** Disables a version. null if the store cannot. */
  readonly disable: ((version: string) => Promise<void>) | null
  /** Every version, newest first; empty if the key is proven absent. */
  list(signal: AbortSignal): Promise<readonly SigningKey[]>
  /** Creates the first version, or finds the one that another instance created. */
  getOrCreate(signal: AbortSignal): Promise<void>
}

/** @throws SealwrightError `INVALID_ARGUMENT` for an invalid source; or what its backend throws */
export async function openSource(source: KeyRingSource, backends: readonly Backend[]): Promise<Source> {
  checkSource(source)
  const { create, createdAt = null, signs = true, shard = '' } = source
  if (!signs && create !== undefined) throw invalid('a source with `signs: false` cannot create keys')
  const place = await placeOf(source, backends)
  return {
    // Asked each time: that of a signing URI is known after the first read.
    get location() {
      return place.location
    },
    signs,
    shard,
    createdAt,
    creates: create !== undefined,
    delegates: false,
    rotate: place.rotate,
    disable: place.disable,
    list: (signal) => place.list(signal),
    getOrCreate: (signal) => place.getOrCreate(signal),
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
  // openSigningKey makes sure that there is exactly one.
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
        // Another instance was quicker. The next read finds its key.
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

/** For a vault to make a certificate. Milliseconds. */
const writeTimeout = 150_000

/**
 * Waits for a write of a store, which may ignore its signal. A write that succeeds later is found by the next read.
 *
 * @param what for the message, such as `creating a key in ./keys`
 * @throws SealwrightError `TIMEOUT`; or what the store throws
 */
export async function inTime<T>(what: string, write: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(writeTimeout)
  try {
    return await untilAborted(write(signal), signal)
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
    throw new SealwrightError(
      'TIMEOUT',
      `${what} took longer than ${writeTimeout / 1_000} s; the store may still finish it`,
    )
  }
}

function invalid(message: string): SealwrightError {
  return new SealwrightError('INVALID_ARGUMENT', message)
}
