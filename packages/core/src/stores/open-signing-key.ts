import {
  anAbortSignal,
  anObject,
  aPassword,
  aString,
  listOf,
  must,
  optionsOf,
  hasMethod,
} from '../internal/arguments.ts'
import { invalidArgument } from '../internal/failures.ts'
import type { CreateKeyOptions, SigningKey } from './key-store.ts'
import type { Password } from './password.ts'

/** Opens the signing URIs of one kind of store. */
export interface Backend {
  /** For messages, such as `local store`. */
  readonly name: string
  /** The URI forms it opens, for messages, such as `file:PATH`. */
  readonly forms: readonly string[]
  /** Whether the URI is for this backend. Only its text is examined: nothing is read or contacted. */
  accepts(uri: string): boolean
  /**
   * Opens the key that the URI names.
   *
   * @throws SealwrightError `INVALID_ARGUMENT` if the URI is malformed, `NOT_FOUND` if the key is proven absent and
   *   `options.create` is absent, or as {@link KeyStore.get}
   */
  open(uri: string, options: OpenKeyOptions): Promise<SigningKey>
}

/** How to open a key. */
export interface OpenKeyOptions {
  /** Creates the key if it is proven absent. Without it, an absent key is `NOT_FOUND`. */
  readonly create?: CreateKeyOptions | undefined
  /** The password of the file or folder that the URI names. Default: none. */
  readonly password?: Password | undefined
  /** Stops the operation; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** How to open a signing URI. */
export interface OpenSigningKeyOptions extends OpenKeyOptions {
  /** The backends to choose from; the one that accepts the URI opens it. */
  readonly backends: readonly Backend[]
}

/**
 * Opens the key that a signing URI names, with the backend in the list that accepts the URI. There is no registry and no
 * fallback: if the backend fails, no other one is tried.
 *
 * @param uri such as `file:./my-app-auth.pfx`, `store:my?thumbprint=AB12…` or
 *   `https://NAME.vault.azure.net/certificates/CERT`
 * @throws SealwrightError `INVALID_ARGUMENT` when no backend of the list, or more than one, accepts the URI; or what the
 *   backend throws
 *
 * @example
 * ```ts
 * import { openSigningKey } from '@sealwright/core'
 * import { localStore } from '@sealwright/local-store'
 *
 * const key = await openSigningKey('store:./keys?name=my-app-auth', {
 *   backends: [localStore()],
 *   create: { keyType: 'ec-p256' },
 * })
 * const signature = await key.signer().sign(new TextEncoder().encode('data'))
 * ```
 */
export async function openSigningKey(uri: string, options: OpenSigningKeyOptions): Promise<SigningKey> {
  aString('uri', uri)
  openSigningKeyOptions('options', options)
  const { backends, ...openOptions } = options
  const [backend, another] = backends.filter((candidate) => candidate.accepts(uri))
  if (backend === undefined) {
    const forms = backends.flatMap((candidate) => candidate.forms)
    throw invalidArgument(
      `no backend opens the signing key ${describeUri(uri)}${hintFor(uri, forms)}; the configured backends open ${forms.join(', ') || 'no keys'}`,
    )
  }
  if (another !== undefined) {
    throw invalidArgument(
      `both ${backend.name} and ${another.name} claim the signing key ${describeUri(uri)}; remove one of them`,
    )
  }
  return backend.open(uri, openOptions)
}

const aBackend = must(
  'a Backend; localStore() and azureKeyVault() return one',
  (value) => hasMethod(value, 'accepts') && hasMethod(value, 'open'),
)

const openSigningKeyOptions = optionsOf(
  { backends: listOf(aBackend), create: anObject, password: aPassword, signal: anAbortSignal },
  ['backends'],
)

/** Only the scheme: the rest can contain a password anywhere. */
function describeUri(uri: string): string {
  const [scheme] = /^[a-z][a-z0-9+.-]{0,30}:/i.exec(uri) ?? []
  return scheme === undefined ? 'without a scheme' : `${scheme}…`
}

/** A hint for what people write instead of a URI: a path, a thumbprint, or a `Cert:` path of PowerShell. */
function hintFor(uri: string, forms: readonly string[]): string {
  const isThumbprint = /^(?:[\da-f]{40}|[\da-f]{64})$/i.test(uri) || /^cert:/i.test(uri)
  const byThumbprint = forms.find((form) => form.includes('thumbprint='))
  if (isThumbprint && byThumbprint !== undefined) return `; for a thumbprint write ${byThumbprint}`
  // A scheme of one letter is a drive of Windows.
  const isPath = !/^[a-z][a-z0-9+.-]+:/i.test(uri)
  return isPath && forms.some((form) => form.startsWith('file:'))
    ? '; for a file write file: before its path'
    : ''
}
