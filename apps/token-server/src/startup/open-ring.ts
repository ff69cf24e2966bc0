import { createPublicKey } from 'node:crypto'
import type { KeyVaultOptions, KeyVaultStatus } from '@sealwright/azure-keyvault'
import { algorithmsOf, isSealwrightError, keyType, SealwrightError, type SigningKey } from '@sealwright/core'
import {
  describeKeyRingEvent,
  openKeyRing,
  type KeyRing,
  type KeyRingEvent,
  type KeyRingOptions,
  type KeyRingSource,
} from '@sealwright/keyring'
import type { FastifyBaseLogger } from 'fastify'
import type { Settings } from '../settings/settings.ts'
import { keyPlaces } from './key-sources.ts'

export interface OpenRingOptions {
  /** How a vault is reached. Default: with the identity that the environment has. */
  readonly vault?: KeyVaultOptions | undefined
  /** Replaces the keys that the settings name. */
  readonly sources?: readonly KeyRingSource[] | undefined
  /** Default: this machine's clock. */
  readonly clock?: KeyRingOptions['clock']
}

export interface OpenedRing {
  readonly ring: KeyRing
  /** Whether a key was created because there was none. */
  readonly isNew: boolean
  /** What was asked of each vault that has keys of the ring. */
  readonly vaults: () => readonly KeyVaultStatus[]
}

/**
 * Opens a ring of all versions of the keys that the settings name. If they allow it, a key that is proven absent is created. If
 * several servers start at the same time on one folder or vault, one creates the key and all use it.
 *
 * The ring creates a new version when the rotation interval of the settings is over, and when the certificate is about to end.
 * Versions that a vault or an administrator makes are announced in the same way.
 *
 * @throws SealwrightError as the store says; `INVALID_ARGUMENT` if no key has the type that the settings require;
 *   `UNAVAILABLE` when no version may sign, such as one that has expired
 */
export async function openRing(
  settings: Settings,
  logger: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>,
  { vault = {}, sources, clock }: OpenRingOptions = {},
): Promise<OpenedRing> {
  let isNew = false
  let vaults: OpenedRing['vaults'] = noVaults
  // A start that fails says why in one line.
  let isOpen = false
  const waiting: KeyRingEvent[] = []
  function log(event: KeyRingEvent): void {
    const { level, message } = describeKeyRingEvent(event)
    logger[level](message)
  }
  const options: KeyRingOptions = {
    algorithms: settings.signingAlgorithms,
    clock,
    ...(settings.identityServerKeyIds && { aliases: identityServerKeyIds(settings) }),
    onEvent(event) {
      if (event.type === 'created') isNew = true
      if (isOpen) log(event)
      else waiting.push(event)
    },
  }
  try {
    const ring = await open()
    try {
      ring.signer()
      checkType(ring, settings)
    } catch (error) {
      ring.close()
      throw error
    }
    waiting.forEach(log)
    isOpen = true
    // What is made later is a rotation.
    return { ring, isNew, vaults }
  } catch (error) {
    waiting.filter(({ type }) => type === 'created').forEach(log)
    throw isSealwrightError(error, 'WRONG_PASSWORD') ? withHint(error, settings) : error
  }

  async function open(): Promise<KeyRing> {
    if (sources !== undefined) return openKeyRing(sources, settings.keyRing, options)
    const found = await keyPlaces(settings, vault)
    vaults = found.vaults
    const { places } = found
    try {
      return await openKeyRing(
        places.map(({ source }) => source),
        settings.keyRing,
        options,
      )
    } catch (error) {
      if (!isSealwrightError(error, 'ACCESS_DENIED')) throw error
      // Reading one version takes less of a vault's permissions than listing them all.
      const ones = await Promise.all(places.map((place) => place.openOne()))
      isNew = ones.some((one) => one.isNew)
      logger.warn(`${error.message}; this server uses one version of each signing key, and sees no rotation`)
      return openKeyRing(
        ones.map(({ source }) => source),
        settings.keyRing,
        options,
      )
    }
  }
}

function noVaults(): readonly KeyVaultStatus[] {
  return []
}

/** IdentityServer4 names a certificate by its SHA-1 thumbprint and the algorithm. */
function identityServerKeyIds({
  signingAlgorithms: [first],
}: Settings): (key: SigningKey) => readonly string[] {
  return ({ certificates, algorithms }) =>
    certificates
      .slice(0, 1)
      .map(({ fingerprint }) => `${fingerprint.replaceAll(':', '')}${first ?? algorithms[0]?.name ?? ''}`)
}

/** Adds the setting that the wrong password comes from. */
function withHint(
  cause: SealwrightError,
  { signingKey: { password }, additionalSigningKeys }: Settings,
): SealwrightError {
  const more = additionalSigningKeys.length === 0 ? '' : ', and the passwordFile of each additional key'
  const hint =
    password === null
      ? `no password is set; set SIGNING_KEY_PASSWORD or SIGNING_KEY_PASSWORD_FILE${more}`
      : `the password in the settings is wrong${more === '' ? '' : `; check it${more}`}`
  return new SealwrightError(cause.code, `${cause.message}; ${hint}`, { cause })
}

/** A rotation may change the type: it is enough that one of the keys in the JWK Set has it. */
function checkType(ring: KeyRing, { signingKey: { requiredType } }: Settings): void {
  if (requiredType === null) return
  const { defaultAlgorithm, modulusLength } = keyType(requiredType)
  const hasType = ring.jwks().keys.some((jwk) => {
    // Without the algorithm that it is published for.
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
    const length = key.asymmetricKeyDetails?.modulusLength ?? null
    return algorithmsOf(key)[0]?.name === defaultAlgorithm && length === modulusLength
  })
  if (hasType) return
  throw new SealwrightError(
    'INVALID_ARGUMENT',
    `SIGNING_KEY_TYPE is ${requiredType}, but the key in ${ring.signingKey().location} has another type; remove the setting, or ` +
      'name another key to create it',
  )
}
