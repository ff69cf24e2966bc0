import { dirname } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { invalidArgument } from '@sealwright/core/internal'
import { distinguishedName } from '@sealwright/x509'
import { isSameName, quoteOr } from './key-name.ts'
import type { StoredKey } from './stored-key.ts'
import { subjectMatcher } from './subject.ts'
import { differingCharacters, normalizeThumbprint, sha256Thumbprint, thumbprintLike } from './thumbprint.ts'

/** Which key to find. Give exactly one of these. */
export interface KeyQuery {
  /** The certificate's SHA-1 or SHA-256 thumbprint, in any form that {@link normalizeThumbprint} accepts. */
  readonly thumbprint?: string | undefined
  /**
   * The certificate's whole subject as an RFC 4514 string, such as `CN=my-app-auth,O=Contoso`, or only its common name,
   * such as `my-app-auth`. Case does not matter, and neither do spaces around the separators.
   */
  readonly subject?: string | undefined
  /** The friendly name inside the file, or the name that the store gives the key. */
  readonly friendlyName?: string | undefined
}

/** A folder that was searched, for messages. */
export interface SearchedPlace {
  /** The absolute path. */
  readonly folder: string
  /** A reason why a certificate may be missing, for messages; null if none is known. */
  readonly hint: string | null
}

/**
 * Finds the one certificate that matches. Copies of a certificate count once; a copy with the private key is preferred.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`; `NOT_FOUND` with a list of all certificates; `AMBIGUOUS` with a list of those that match
 */
export function findKey(
  stored: readonly StoredKey[],
  query: KeyQuery,
  places: readonly SearchedPlace[],
): StoredKey {
  const criterion = readQuery(query)
  const all = withoutCopies(stored)
  const [found, ...others] = newestOfEachName(all.filter((each) => criterion.matches(each)))
  if (found === undefined) throw notFound(criterion, all, places)
  if (others.length > 0) {
    throw new SealwrightError(
      'AMBIGUOUS',
      `${others.length + 1} certificates in ${foldersOf(places)} have ${criterion.description}; select one with ?thumbprint=…:` +
        describeAll([found, ...others], criterion),
    )
  }
  return found
}

/** The error for a key that is proven absent. */
export function noKeyNamed(
  name: string,
  stored: readonly StoredKey[],
  places: readonly SearchedPlace[],
): SealwrightError {
  return notFound(named('name', name), withoutCopies(stored), places, 'signing key')
}

interface Criterion {
  /** What the certificate must have, for messages. */
  readonly description: string
  /** The thumbprint of the query, normalised; empty for another query. */
  readonly thumbprint: string
}

function readQuery({
  thumbprint,
  subject,
  friendlyName,
}: KeyQuery): Criterion & { matches(stored: StoredKey): boolean } {
  if ([thumbprint, subject, friendlyName].filter((each) => each !== undefined).length !== 1) {
    throw invalidArgument('query takes exactly one of thumbprint, subject and friendlyName')
  }
  if (thumbprint !== undefined) {
    const wanted = normalizeThumbprint(thumbprint)
    return {
      description: `the thumbprint ${wanted}`,
      thumbprint: wanted,
      matches: ({ file }) => thumbprintLike(wanted, file.certificate) === wanted,
    }
  }
  if (subject !== undefined) {
    const matches = subjectMatcher(subject)
    return { ...named('subject', subject), matches: ({ file }) => matches(file.certificate) }
  }
  const wanted = friendlyName ?? ''
  return {
    ...named('friendly name', wanted),
    matches: ({ name, file }) => file.friendlyName === wanted || isSameName(name, wanted),
  }
}

function named(kind: string, text: string): Criterion {
  return { description: `the ${kind} ${quoteOr(text, 'that was given')}`, thumbprint: '' }
}

/** The newest enabled version of each name in each folder, or else the newest one. Keys without versions all stay. */
function newestOfEachName(stored: readonly StoredKey[]): readonly StoredKey[] {
  return stored.filter(
    (each) =>
      !stored.some(
        (other) =>
          isNewer(other, each) &&
          isSameName(other.name, each.name) &&
          dirname(other.file.path) === dirname(each.file.path),
      ),
  )
}

function isNewer(a: StoredKey, b: StoredKey): boolean {
  const [isEnabled, wasEnabled] = [a.disabledBy === null, b.disabledBy === null]
  return isEnabled === wasEnabled ? a.number > b.number : isEnabled
}

function withoutCopies(stored: readonly StoredKey[]): readonly StoredKey[] {
  const distinct = new Map<string, StoredKey>()
  for (const each of stored) {
    const id = sha256Thumbprint(each.file.certificate)
    const known = distinct.get(id)
    if (known === undefined || (known.file.privateKey === null && each.file.privateKey !== null)) {
      distinct.set(id, each)
    }
  }
  return [...distinct.values()]
}

function notFound(
  criterion: Criterion,
  all: readonly StoredKey[],
  places: readonly SearchedPlace[],
  wanted: 'certificate' | 'signing key' = 'certificate',
): SealwrightError {
  const hint = places.map((place) => (place.hint === null ? '' : `; ${place.hint}`)).join('')
  return new SealwrightError(
    'NOT_FOUND',
    all.length === 0
      ? `there is no certificate in ${foldersOf(places)}${hint}`
      : `no ${wanted} in ${foldersOf(places)} has ${criterion.description}${hint}; found:` +
          describeAll(all, criterion),
  )
}

function foldersOf(places: readonly SearchedPlace[]): string {
  return places.map(({ folder }) => folder).join(' and ')
}

/** More would make a message unreadable. */
const mostDescribed = 10

/** Two thumbprints differ in 37 of 40 digits on average. With fewer differences than this, the thumbprint in the query is probably mistyped. */
const mistypedBelow = 10

/** One line for each certificate, the one with the most similar thumbprint first. */
function describeAll(stored: readonly StoredKey[], { thumbprint }: Criterion): string {
  const lines = stored
    .map(({ name, file, disabledBy }) => {
      const own = thumbprintLike(thumbprint, file.certificate)
      const differing = differingCharacters(own, thumbprint)
      const line =
        `\n  ${own} ${quote(distinguishedName(file.certificate))}, name ${quote(name)}, ` +
        `expires ${new Date(file.certificate.validTo).toISOString().slice(0, 10)}` +
        (file.privateKey === null ? ', without its private key' : '') +
        (disabledBy === null ? '' : ', disabled')
      return { line, differing }
    })
    .toSorted((a, b) => a.differing - b.differing)
  const [closest] = lines
  if (closest !== undefined && closest.differing < mistypedBelow) {
    closest.line += ` <- differs in ${closest.differing} ${closest.differing === 1 ? 'character' : 'characters'}`
  }
  const left = lines.length - mostDescribed
  return (
    lines
      .slice(0, mostDescribed)
      .map(({ line }) => line)
      .join('') + (left > 0 ? `\n  and ${left} more` : '')
  )
}

/** Text from a certificate, which anyone may have written. It is shortened, and stays on one line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
}
