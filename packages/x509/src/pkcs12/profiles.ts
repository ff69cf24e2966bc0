import { invalidArgument } from '@sealwright/core/internal'
import { encryptPbes2, encryptTripleDes, type Encrypt } from '../encryption/encrypt.ts'
import { preparePbmac1, prepareSha1Mac, prepareSha256Mac, type PrepareMac } from './mac.ts'

/**
 * How a PKCS#12 file is protected:
 * - `modern`: AES-256-CBC, PBKDF2 and an HMAC-SHA-256 MAC, 600,000 iterations each. Everything current reads it.
 * - `pbmac1`: the same with the MAC of RFC 9879, whose key comes from PBKDF2 too. OpenSSL reads it from 3.4 on.
 * - `compatible`: **weak**: 3DES and SHA-1, 50,000 iterations. For Windows Server 2016, macOS's keychain and Android, which
 *   read nothing better. Its password has to be long and random, and the file removed when it has been imported.
 */
export type Pkcs12Profile = 'modern' | 'pbmac1' | 'compatible'

interface Protection {
  readonly encrypt: Encrypt
  readonly prepareMac: PrepareMac
  readonly defaultIterations: number
  /** How often an encryption runs its iterations. */
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
