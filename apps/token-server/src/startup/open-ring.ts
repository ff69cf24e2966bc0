import { isSealwrightError, type SigningKey } from '@sealwright/core'
import { describeKeyRingEvent, openKeyRing, type KeyRing, type KeyRingSource } from '@sealwright/keyring'
import type { FastifyBaseLogger } from 'fastify'
import { maximumAge } from '../oauth/metadata.ts'
import type { Settings } from '../settings/settings.ts'

const secondsPerDay = 86_400

/**
 * Opens a ring of all versions of the key that the settings name. The ring makes a new version when the rotation interval of the
 * settings is over, and when the certificate is about to end. Versions that a vault or an administrator makes are announced in the same way.
 *
 * @param opened the key and its place
 * @throws SealwrightError as the store says, or `UNAVAILABLE` when no version may sign, such as one that has expired
 */
export async function openRing(
  settings: Settings,
  { key, source }: { readonly key: SigningKey; readonly source: KeyRingSource },
  logger: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>,
): Promise<KeyRing> {
  const lifetimes = [...settings.clients.values()].map(({ accessTokenLifetime }) => accessTokenLifetime)
  const { algorithm, rotationDays } = settings.signingKey
  const policy = {
    tokenLifetime: Math.max(1, ...lifetimes),
    jwksMaxAge: maximumAge,
    rotationInterval: rotationDays === null ? null : rotationDays * secondsPerDay,
  }
  const options = {
    ...(algorithm !== null && { algorithms: [algorithm] }),
    onEvent: (event: Parameters<typeof describeKeyRingEvent>[0]): void => {
      const { level, message } = describeKeyRingEvent(event)
      logger[level](message)
    },
  }
  try {
    return await openKeyRing([source], policy, options)
  } catch (error) {
    if (!isSealwrightError(error, 'ACCESS_DENIED')) throw error
    // Reading one version takes less of a vault's permissions than listing them all.
    logger.warn(`${error.message}; this server sees one version of the signing key only, and no rotation`)
    return openKeyRing([{ key }], policy, options)
  }
}
