import { invalidArgument } from '@sealwright/core/internal'
import { encryptPbes2, encryptTripleDes, type Encrypt } from '../encryption/encrypt.ts'
import { preparePbmac1, prepareSha1Mac, prepareSha256Mac, type PrepareMac } from './mac.ts'

/**
 * How a PKCS#12 file is protected:
 * - `modern`: AES-256-CBC with PBKDF2, and an HMAC-SHA-256 MAC; 600,000 iterations each. All current software reads it.
 * - `pbmac1`: the same with the MAC of RFC 9879, whose key is also derived with PBKDF2. OpenSSL 3.4 and newer read it.
 * - `compatible`: **weak**. 3DES and SHA-1, 50,000 iterations. For Windows Server 2016, macOS's keychain and Android, which
 *   support nothing better. Use a long random password, and delete the file after the import.
 */
export type Pkcs12Profile = 'modern' | 'pbmac1' | 'compatible'

interface Protection {
  readonly encrypt: Encrypt
  readonly prepareMac: PrepareMac
  readonly defaultIterations: number
  /** How often one encryption runs the iterations. */
  readonly encryptionRounds: number
}

const profiles: Readonly<Record<Pkcs12Profile, Protection>> = {
  modern: {
    encrypt: encryptPbes2,
    prepareMac: prepareSha256Mac,
    defaultIterations: 600_000,
    encryptionRounds: 1,
  },
  pbmac1: {
    encrypt: encryptPbes2,
    prepareMac: preparePbmac1,
    defaultIterations: 600_000,
    encryptionRounds: 1,
  },
  compatible: {
    encrypt: encryptTripleDes,
    prepareMac: prepareSha1Mac,
    defaultIterations: 50_000,
    encryptionRounds: 3,
  },
}

/**
 * @throws SealwrightError `INVALID_ARGUMENT` for any other name
 *
 * @internal
 */
export function protectionOf(profile: Pkcs12Profile): Protection {
  if (!Object.hasOwn(profiles, profile)) {
    throw invalidArgument(
      `the PKCS#12 profile is unknown; the profiles are ${Object.keys(profiles).join(', ')}`,
    )
  }
  return profiles[profile]
}
