import { dirname, resolve } from 'node:path'
import type { SealwrightError } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'

/** A signing URI of this machine, parsed. */
export type LocalUri =
  | {
      readonly kind: 'file'
      readonly path: string
      /** The path of the file with the certificates; null when they are beside the key. */
      readonly certificatePath: string | null
    }
  | {
      readonly kind: 'store'
      /** `my`, `appservice`, or a folder's absolute path. */
      readonly store: string
      readonly by: StoreParameter
      readonly value: string
    }

type StoreParameter = 'thumbprint' | 'subject' | 'name'

const storeParameters: readonly StoreParameter[] = ['thumbprint', 'subject', 'name']

/** Whether the URI is `file:` or `store:`. It is parsed when it is opened. */
export function isLocalUri(uri: string): boolean {
  return /^(?:file|store):/i.test(uri)
}

/**
 * Reads `file:PATH`, `file:PATH?certificate=PATH` or `store:STORE?thumbprint=…`, `?subject=…` or `?name=…`.
 *
 * Percent-encoding is decoded once in every part (RFC 3986 §2.1), so `%` in a path is written `%25`, `?` is `%3F` and `#` is `%23`. A
 * `+` is a plus sign, as the query is not that of an HTML form.
 *
 * @param baseFolder where relative paths start
 * @throws SealwrightError `INVALID_ARGUMENT`; the message contains no value of a parameter
 */
export function readLocalUri(uri: string, baseFolder: string, platform: string = process.platform): LocalUri {
  const [schemeText, rest = ''] = splitAt(uri, ':')
  const scheme = schemeText.toLowerCase()
  if (rest.includes('#')) throw refused(scheme, 'has a fragment; write # in a name as %23')
  const [path, query] = splitAt(rest, '?')

  if (scheme === 'file') {
    const keyPath = resolve(baseFolder, filePath(path, platform))
    const certificatePath = query === undefined ? null : readCertificate(query, keyPath)
    return { kind: 'file', path: keyPath, certificatePath }
  }
  const store = withoutLocation(decode('store', path))
  if (store === '') throw refused('store', 'has no store; use my, appservice or a folder')
  // In either case, as in .NET.
  const named = store.toLowerCase()
  const place = isPlatformStore(named) ? named : resolve(baseFolder, store)
  return { kind: 'store', store: place, ...readQuery(query ?? '') }
}

/** The text before the first separator, and the text after it; undefined when there is no separator. */
function splitAt(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** Stores with a fixed name. A folder of that name is `./my`. */
export function isPlatformStore(store: string): store is 'my' | 'appservice' {
  return store === 'my' || store === 'appservice'
}

/** `CurrentUser/My` is `my`: PowerShell and .NET write the location of a store in front of its name. */
function withoutLocation(store: string): string {
  const [, location, name] = /^(CurrentUser|LocalMachine)[/\\]+(\w+)$/i.exec(store) ?? []
  if (location === undefined || name === undefined) return store
  if (location.toLowerCase() !== 'currentuser') {
    throw refused('store', 'has LocalMachine, where only Windows keeps private keys; use store:my')
  }
  if (name.toLowerCase() !== 'my') {
    throw refused('store', 'has a store other than My, the only one with private keys; use store:my')
  }
  return name
}

/** The path of a file URI: the forms of RFC 8089, a relative path, or one of Windows with `C:\`. */
function filePath(encoded: string, platform: string): string {
  let path = encoded
  if (path.startsWith('//')) {
    const slash = path.indexOf('/', 2)
    const host = path.slice(2, slash === -1 ? undefined : slash)
    if (host !== '' && host.toLowerCase() !== 'localhost') {
      throw refused('file', 'has a host after //; use file:./relative.pfx or file:///absolute.pfx')
    }
    path = slash === -1 ? '' : path.slice(slash)
  }
  // RFC 8089 §E.2: the slash in front of a drive letter is not part of the path.
  if (platform === 'win32' && /^\/[A-Za-z]:/.test(path)) path = path.slice(1)
  const decoded = decode('file', path)
  if (decoded === '') throw refused('file', 'has no path')
  return decoded
}

/** The path of the certificates, which is relative to the folder of the key. */
function readCertificate(query: string, keyPath: string): string {
  const [, value] = /^certificate=([^&]*)$/.exec(query) ?? []
  if (value === undefined) {
    throw refused('file', 'has a query other than ?certificate=PATH; write ? in a path as %3F and & as %26')
  }
  const path = decode('file', value)
  if (path === '') throw refused('file', 'has an empty certificate')
  return resolve(dirname(keyPath), path)
}

function readQuery(query: string): { by: StoreParameter; value: string } {
  const pairs = query.split('&').filter((pair) => pair !== '')
  const [name, encoded = ''] = splitAt(pairs[0] ?? '', '=')
  const by = storeParameters.find((each) => each === name)
  if (by === undefined || pairs.length > 1) {
    const found = pairs.length === 1 ? 'an unknown parameter' : `${pairs.length || 'no'} parameters`
    throw refused('store', `has ${found}; it takes exactly one of ${storeParameters.join(', ')}`)
  }
  const value = decode('store', encoded)
  if (value === '') throw refused('store', `has an empty ${by}`)
  return { by, value }
}

function decode(scheme: string, encoded: string): string {
  let text: string
  try {
    text = decodeURIComponent(encoded)
  } catch (cause) {
    throw refused(scheme, 'has percent-encoding that is not UTF-8; write a plain % as %25', cause)
  }
  if (text.includes('\0')) throw refused(scheme, 'has a NUL character')
  return text
}

function refused(scheme: string, problem: string, cause?: unknown): SealwrightError {
  return invalidArgument(`the ${scheme}: signing URI ${problem}`, cause)
}
