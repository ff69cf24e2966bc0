import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SealwrightError } from '@sealwright/core'
import { aBoolean, aFolderPath, anObject } from '@sealwright/core/internal'
import { checkIssuer, issuerMetadata, pathOf, wellKnown } from '../issuer/metadata.ts'
import type { KeyRingSource } from '../keys/sources.ts'
import type { KeyRingPolicyOptions } from '../policy/policy.ts'
import type { KeyRing, KeyRingKeyStatus, KeyRingOptions } from '../ring/key-ring.ts'
import { openRing } from '../ring/open-key-ring.ts'
import { replaceFile, unavailable } from './replace-file.ts'

/** The options of {@link writeStaticIssuer}. */
export interface StaticIssuerOptions extends Omit<KeyRingOptions, 'automatic'> {
  /** The issuer identifier: an https URL without query and fragment (RFC 8414 §2). `folder` is served under it. */
  readonly issuer: string
  /** The folder that the web server or bucket serves. It is created if it is absent. */
  readonly folder: string
  /**
   * Removes keys from the JWK Set that no source has. Default false: such keys are an error, because with a wrong
   * source every token would be refused.
   */
  readonly removeUnknown?: boolean | undefined
}

/** The result of {@link writeStaticIssuer}. */
export interface StaticIssuerReport {
  /** The paths of the files, changed or not. */
  readonly files: readonly string[]
  /** Whether a new version of a key was created. */
  readonly rotated: boolean
  /** Why a due version could not be created; null if none is due or it was created. The files are written in any case. */
  readonly rotationProblem: unknown
  /** The state of every key of the issuer. */
  readonly keys: readonly KeyRingKeyStatus[]
  /** The value of `Cache-Control` that the web server must send with the files. */
  readonly cacheControl: string
  /** The latest time for the next run. */
  readonly again: Date
}

/**
 * Writes the metadata and the JWK Set of an issuer as files for any web server or bucket, and creates a new version of
 * the key when one is due. Run it regularly, such as hourly. A new key is in the file for the whole announcement before
 * it signs, and an old key stays until its last token has expired.
 *
 * A verifier may read files as old as the time between two runs, so `policy.maxSetAge` must be at least that. Programs
 * that sign open a ring on the same sources with the same policy and without `create`, so that only this function
 * creates keys.
 *
 * @throws SealwrightError `INVALID_ARGUMENT` for an invalid issuer, for a folder of another issuer, and for published
 *   keys that no source has; or as {@link openKeyRing}. Then nothing is written.
 *
 * @example
 * ```ts
 * import { azureKeyVault } from '@sealwright/azure-keyvault'
 * import { writeStaticIssuer } from '@sealwright/keyring'
 *
 * await writeStaticIssuer(
 *   [{ uri: 'https://contoso.vault.azure.net/certificates/signing', create: {} }],
 *   { maxSetAge: 86_400 },
 *   { issuer: 'https://auth.example.com', folder: './public', backends: [azureKeyVault()] },
 * )
 * ```
 */
export async function writeStaticIssuer(
  sources: readonly KeyRingSource[],
  policy: KeyRingPolicyOptions,
  options: StaticIssuerOptions,
): Promise<StaticIssuerReport> {
  anObject('options', options)
  const { folder, issuer, removeUnknown = false, ...ringOptions } = options
  aFolderPath('options.folder', folder)
  aBoolean('options.removeUnknown', removeUnknown)
  checkIssuer('the issuer', issuer, false)
  await checkDiscovery(join(folder, wellKnown.openIdConfiguration), issuer)
  // With timers the ring could create a version at the same time as this function.
  const ring = await openRing(sources, policy, { ...ringOptions, automatic: false }, async (found) => {
    if (!removeUnknown) await checkPublished(join(folder, wellKnown.jwks), found)
  })
  try {
    const { rotated, rotationProblem } = await rotateWhenDue(ring, ringOptions)
    const metadata = JSON.stringify(issuerMetadata(issuer, ring.status().algorithms))
    await makeFolder(join(folder, '.well-known'))
    // The keys first: the metadata that names them must not be written before them.
    const { jwks, openIdConfiguration, authorizationServer } = wellKnown
    const files = [jwks, openIdConfiguration, ...(pathOf(issuer) === '' ? [authorizationServer] : [])]
    for (const file of files) {
      // eslint-disable-next-line no-await-in-loop -- in this order
      await replaceFile(join(folder, file), file === jwks ? ring.jwks().body : metadata)
    }
    return {
      files: files.map((file) => join(folder, file)),
      rotated,
      rotationProblem,
      keys: ring.status().keys,
      cacheControl: `public, max-age=${ring.policy.jwksMaxAge}, must-revalidate`,
      again: new Date((ringOptions.clock?.now() ?? Date.now()) + ring.policy.maxSetAge * 1_000),
    }
  } finally {
    ring.close()
  }
}

async function rotateWhenDue(
  ring: KeyRing,
  { clock }: KeyRingOptions,
): Promise<Pick<StaticIssuerReport, 'rotated' | 'rotationProblem'>> {
  const { nextRotation } = ring.status()
  const isDue = nextRotation !== null && nextRotation.getTime() <= (clock?.now() ?? Date.now())
  if (!isDue) return { rotated: false, rotationProblem: null }
  try {
    await ring.rotate()
    return { rotated: true, rotationProblem: null }
  } catch (error) {
    return { rotated: false, rotationProblem: error }
  }
}

/** @throws SealwrightError `INVALID_ARGUMENT` when the folder is another issuer's */
async function checkDiscovery(path: string, issuer: string): Promise<void> {
  const found = await readJson(path)
  if (found === null || found['issuer'] === issuer) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `${path} belongs to another issuer; choose another folder, or remove the file`,
  )
}

/** @throws SealwrightError `INVALID_ARGUMENT` when tokens of a key that is published would be refused from now on */
async function checkPublished(path: string, ring: KeyRing): Promise<void> {
  const found = await readJson(path)
  const keys: unknown = found?.['keys']
  if (!Array.isArray(keys)) return
  // An alias is the same key under another name, so it is the key that counts.
  const known = new Set(ring.status().keys.map(({ keyId }) => keyId))
  const kids = new Set(ring.jwks().keys.map(({ kid }) => kid))
  const unknown = keys
    .map((key: unknown) => String(typeof key === 'object' && key !== null ? Reflect.get(key, 'kid') : key))
    .filter((kid) => !known.has(kid) && !kids.has(kid))
  if (unknown.length === 0) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `${path} publishes the keys ${unknown.join(', ')}, which no source has; add their source, or set removeUnknown ` +
      'to drop them and have their tokens refused',
  )
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (cause) {
    throw unavailable(`the folder ${path} cannot be created`, cause)
  }
}

async function readJson(path: string): Promise<Record<string, unknown> | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw unavailable(`${path} cannot be read`, cause)
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // As below.
  }
  throw new SealwrightError('INVALID_ENCODING', `${path} is not a JSON object; remove it`)
}
