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
      `${JSON.stringify(name.slice(0, 150))} cannot name a key; a name has 1 to 127 letters A-Z, digits and hyphens, and is no device of Windows`,
    )
  }
}

/** Windows takes these for devices with any extension. */
const windowsDevices = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i

/** Whether two names are the same key's. Case does not count, as in Key Vault and on some file systems. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
