import { invalidArgument } from '@sealwright/core/internal'

/**
 * Checks the name for a new key. Key Vault allows the same names, so a key can move there under its name. On every system such a name
 * is a valid file name: it has no separators and no dots. Only ASCII has to be folded for case.
 *
 * @throws SealwrightError `INVALID_ARGUMENT`
 */
export function checkNewName(name: string): void {
  if (!/^[0-9A-Za-z-]{1,127}$/.test(name) || windowsDevices.test(name)) {
    throw invalidArgument(
      `${quoteOr(name, 'that text')}: invalid key name; use 1 to 127 letters, digits and hyphens, and no Windows device name`,
    )
  }
}

/** On Windows these are devices, with any extension. */
const windowsDevices = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i

/**
 * Quotes a name or subject for a message. For text that does not look like one, `instead` is returned: it may be a PEM or a JWK, and no
 * message may show a private key.
 */
export function quoteOr(text: string, instead: string): string {
  return /^[^\p{C}{}"]{1,255}$/u.test(text) ? JSON.stringify(text) : instead
}

/** Whether two names are equal. Case does not matter, as in Key Vault and on some file systems. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
