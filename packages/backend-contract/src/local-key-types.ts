import { generateKeyPairSync } from 'node:crypto'
import { keyTypes, type KeyTypeName } from '@sealwright/core'

/**
 * The key types that this Node version can generate, the fastest first. They are those of a store that generates its keys locally.
 * ML-DSA is among them from Node 24.7 on.
 *
 * @example
 * ```ts
 * import { localKeyTypes } from '@sealwright/backend-contract'
 *
 * localKeyTypes() // ['ec-p256', 'rsa-2048', …]
 * ```
 */
export function localKeyTypes(): readonly KeyTypeName[] {
  const names = keyTypes.map(({ name }) => name).filter((name) => name !== 'ec-p256')
  const possible = hasMlDsa() ? names : names.filter((name) => !name.startsWith('ml-dsa-'))
  return ['ec-p256', ...possible]
}

function hasMlDsa(): boolean {
  try {
    // Node's types do not have this key type yet.
    generateKeyPairSync('ml-dsa-44' as 'ed25519')
    return true
  } catch {
    return false
  }
}
