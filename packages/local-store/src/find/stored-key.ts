import type { CertificateFile } from '../files/pkcs12-file.ts'

/** A certificate file as its store sees it. */
export interface StoredKey {
  /** The name that the store gives it. */
  readonly name: string
  readonly file: CertificateFile
  /** Which version of its name it is: of two files of one name, the higher number is the newer key. */
  readonly number: number
  /** When the store got the key; null where nothing recorded that. */
  readonly createdAt: Date | null
  /** The name of the file, in the folder of the key, that records that it is disabled; null for a key that is enabled. */
  readonly disabledBy: string | null
}
