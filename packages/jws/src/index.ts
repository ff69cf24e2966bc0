export { type JwtClaims } from './claims.ts'
export { signCompact, signCompactSync } from './compact.ts'
export { type JwsHeader } from './header.ts'
export { createJwtIssuer, type JwtIssuer, type JwtIssuerOptions } from './jwt-issuer.ts'
