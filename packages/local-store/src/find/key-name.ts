import { SealwrightError } from '@sealwright/core'

/**
 * Checks the name for a new key. It is what Key Vault allows, so that a key can move there under its name, and such a name
 * is a file name everywhere: no separators, no dots, no case-folding beyond ASCII.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkNewName(name: string): void {
  if (!/^[0-9A-Za-z-]{1,127}$/.test(name) || windowsDevices.test(name)) {
    throw new SealwrightError(
      'INVALID_ARGUMENT',
      `${quoteOr(name, 'that text')} cannot name a key; a name has 1 to 127 letters A-Z, digits and hyphens, and is not a device name of Windows`,
    )
  }
}

/** Windows takes these for devices with any extension. */
const windowsDevices = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i

/**
 * A name or subject in quotes, for messages. What does not look like one may be a PEM or a JWK: `instead` takes its place, so that
 * no message repeats a private key.
 */
export function quoteOr(text: string, instead: string): string {
  return /^[^\p{C}{}"]{1,255}$/u.test(text) ? JSON.stringify(text) : instead
}

/** Whether two names are the same key's. Case does not count, as in Key Vault and on some file systems. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
