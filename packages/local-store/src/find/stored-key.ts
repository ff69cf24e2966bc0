import { algorithmsOf, isSealwrightError } from '@sealwright/core'
import type { CertificateFile } from '../files/pkcs12-file.ts'

/** A certificate file in a store. */
export interface StoredKey {
  /** The name that the store gives it. */
  readonly name: string
  readonly file: CertificateFile
  /** The number of the version. Of two files with the same name, the one with the higher number has the newer key. */
  readonly number: number
  /** When the key came into the store; null if that is not recorded. */
  readonly createdAt: Date | null
  /** The name of the file, beside that of the key, that disables the key; null for an enabled key. */
  readonly disabledBy: string | null
}

/** Whether the file has a private key that can sign tokens. */
export function isSigningKey({ file }: StoredKey): boolean {
  if (file.privateKey === null) return false
  try {
    algorithmsOf(file.privateKey)
    return true
  } catch (error) {
    if (isSealwrightError(error, 'UNSUPPORTED_KEY')) return false
    throw error
  }
}

/** A key in a folder that records neither versions nor when a key arrived. */
export function unversioned(name: string, file: CertificateFile): StoredKey {
  return { name, file, number: 1, createdAt: null, disabledBy: null }
}
