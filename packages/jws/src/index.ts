export { type JwtClaims } from './claims.ts'
export { signCompact, signCompactSync } from './compact.ts'
export {
  createSigner,
  type CreateSignerOptions,
  type ManagedSigner,
  type SigningMode,
} from './create-signer.ts'
export { type JwsHeader } from './header.ts'
export { createJwtIssuer, type JwtIssuer, type JwtIssuerOptions } from './jwt-issuer.ts'
export { type SigningPoolOptions } from './pool/options.ts'
export { createSigningPool, type SigningPool } from './pool/signing-pool.ts'
