import { aNumber, anAbortSignal, aString, optionsOf, type Check } from '../internal/arguments.ts'

// Checks for the options of a KeyStore's methods. A misspelt option is refused and not ignored: `days` would otherwise make a
// certificate of the default length.

/** Checks the options of {@link KeyStore.get}. */
export const getKeyOptions: Check = optionsOf({ version: aString, signal: anAbortSignal })

/** Checks the options of {@link KeyStore.list}. */
export const listKeysOptions: Check = optionsOf({ name: aString, signal: anAbortSignal })

/**
 * Checks the names and types of the options of {@link KeyStore.create}. The store checks their values.
 *
 * @param more options that only this store has
 */
export function createKeyOptions(more: Readonly<Record<string, Check>> = {}): Check {
  return optionsOf({
    keyType: aString,
    subject: aString,
    validityDays: aNumber,
    ...more,
    signal: anAbortSignal,
  })
}

/**
 * Checks the options of {@link KeyRotator.rotate}.
 *
 * @param more options that only this store has
 */
export function rotateKeyOptions(more: Readonly<Record<string, Check>> = {}): Check {
  return optionsOf({ after: aString, ...more, signal: anAbortSignal })
}
