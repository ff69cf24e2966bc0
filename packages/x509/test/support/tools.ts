import { run } from '@sealwright/test-kit/tools'

/** For `lacksPython`: cryptography from version 44 on, which reads PBMAC1 and prints times in UTC. */
export const pythonCryptography: string =
  'import cryptography; assert int(cryptography.__version__.split(".")[0]) >= 44'

/** For `lacksPython`: cryptography with ML-DSA, which its wheels have from version 48 on. */
export const pythonMlDsa: string = 'from cryptography.hazmat.primitives.asymmetric import mldsa'

/** The lines of `openssl asn1parse`, which shows every element as it is encoded. */
export function asn1parse(der: Uint8Array, options = ''): string[] {
  return run(`openssl asn1parse -inform DER${options}`, der).trimEnd().split('\n')
}
