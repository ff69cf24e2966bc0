export {
  createAssertionSource,
  type Assertion,
  type AssertionOptions,
  type AssertionSource,
  type AssertionSourceOptions,
} from './assertion-source.ts'
export { clientAuth, type ClientAuth } from './clients/client-auth.ts'
export { createJwt, type CreateJwt } from './clients/create-jwt.ts'
export {
  mcpAuthProvider,
  type McpAuthProvider,
  type McpAuthProviderOptions,
  type McpTokens,
} from './clients/mcp-auth-provider.ts'
export { auth0, type Auth0Options } from './presets/auth0.ts'
export { entra, type EntraOptions } from './presets/entra.ts'
export { gitHubApp, type GitHubAppOptions } from './presets/github-app.ts'
export { googleServiceAccount, type GoogleServiceAccountOptions } from './presets/google-service-account.ts'
export { keycloak, type KeycloakOptions } from './presets/keycloak.ts'
export { okta, type OktaOptions } from './presets/okta.ts'
export { type AssertionPreset, type AssertionService } from './presets/preset.ts'
export { privateKeyJwt, type PrivateKeyJwtOptions } from './presets/private-key-jwt.ts'
export { smartBackend, type SmartBackendOptions } from './presets/smart-backend.ts'
